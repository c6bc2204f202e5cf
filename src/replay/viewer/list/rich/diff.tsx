import { diffLines } from "diff";
import type { ComponentChild } from "preact";
import type { Budget } from "./text.tsx";
import { textNodes } from "./text.tsx";

export interface DiffLine {
  readonly sign: "+" | "-" | " " | "@";
  readonly text: string;
  /** The line's number in the new text, of a line taken away in the old one. */
  readonly at?: number | undefined;
}

/** Above this many characters two texts are not compared: the old one is gone, the new one came. */
const comparedChars = 200_000;
const contextLines = 3;

/** What became of a text. Bounded in time: two texts that have little in common are shown one after the other. */
export function diffOf(before: string, after: string): DiffLine[] {
  const apart = () => [...signed(before, "-"), ...signed(after, "+")];
  if (before.length + after.length > comparedChars) return apart();
  const changes = diffLines(before, after, { maxEditLength: 2000, timeout: 30 });
  if (!changes) return apart();
  let old = 1;
  let now = 1;
  const lines: DiffLine[] = [];
  for (const { added, removed, value } of changes) {
    const texts = linesOf(value);
    for (const text of texts) {
      if (added) lines.push({ sign: "+", text, at: now++ });
      else if (removed) lines.push({ sign: "-", text, at: old++ });
      else lines.push({ sign: " ", text, at: (old++, now++) });
    }
  }
  return nearChanges(lines);
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** A text of which every line came or went. */
export function signed(text: string, sign: "+" | "-"): DiffLine[] {
  return linesOf(text).map((line, index) => ({ sign, text: line, at: index + 1 }));
}

/** Leaves out what is far from any change. */
function nearChanges(lines: readonly DiffLine[]): DiffLine[] {
  const near = new Uint8Array(lines.length);
  for (const [index, { sign }] of lines.entries()) {
    if (sign === " ") continue;
    near.fill(1, Math.max(0, index - contextLines), Math.min(lines.length, index + contextLines + 1));
  }
  const kept: DiffLine[] = [];
  for (const [index, line] of lines.entries()) {
    if (near[index] === 1) kept.push(line);
    else if (near[index - 1] === 1 && index < lines.length - 1) kept.push({ sign: "@", text: "…" });
  }
  while (kept.at(-1)?.sign === "@") kept.pop();
  return kept;
}

const hunk = /^@@ -(\d{1,9})(?:,\d{1,9})? \+(\d{1,9})(?:,\d{1,9})? @@(.*)/;
const header =
  /^(?:diff --git|index [0-9a-f]{4,}\b|--- |\+\+\+ |\*\*\* |(?:new|deleted) file mode|similarity|rename )/;

/** Whether a text is a patch: a unified diff, or the form that starts with "*** Begin Patch". */
export function isPatch(text: string): boolean {
  const start = text.slice(0, 4000);
  if (/^\*\*\* Begin Patch$/m.test(start)) return true;
  return /^--- .*\n\+\+\+ /m.test(start) && /^@@ .*@@/m.test(start);
}

/** The lines of a patch as they are, with their numbers where its hunks say them. */
export function patchLines(text: string): DiffLine[] {
  let old: number | undefined;
  let now: number | undefined;
  return linesOf(text).map((line): DiffLine => {
    const found = hunk.exec(line);
    if (found) {
      old = Number(found[1]);
      now = Number(found[2]);
      return { sign: "@", text: line };
    }
    if (header.test(line) || line.startsWith("@@")) return { sign: "@", text: line };
    if (line.startsWith("+"))
      return { sign: "+", text: line.slice(1), at: now === undefined ? undefined : now++ };
    if (line.startsWith("-"))
      return { sign: "-", text: line.slice(1), at: old === undefined ? undefined : old++ };
    if (old !== undefined) old++;
    return { sign: " ", text: line.replace(/^ /, ""), at: now === undefined ? undefined : now++ };
  });
}

/** "+3 −1", of what came and went. */
export function diffCounts(lines: readonly DiffLine[]): string {
  const count = (sign: string) => lines.filter((line) => line.sign === sign).length;
  const came = count("+");
  const went = count("-");
  return went === 0 ? `+${came}` : `+${came} −${went}`;
}

/** A diff: each line with its number and its sign, so that it reads without colour. */
export function diffNodes(lines: readonly DiffLine[], budget: Budget): ComponentChild {
  const shown = lines.slice(0, Math.max(1, Math.floor(budget.nodes / 5)));
  budget.nodes -= shown.length * 4;
  const rest = lines.slice(shown.length);
  return (
    <div class="diff">
      {shown.map(({ sign, text, at }) => (
        <div class={sign === "+" ? "a" : sign === "-" ? "d" : sign === "@" ? "h" : ""}>
          <span class="ln">{at ?? ""}</span>
          <span class="sg">{sign === "-" ? "−" : sign === "@" ? "" : sign}</span>
          <span>{textNodes(text, budget)}</span>
        </div>
      ))}
      {rest.length > 0 && (
        <div class="rest">
          {rest.map(({ sign, text }) => `${sign === "@" ? "" : sign}${text}`).join("\n")}
        </div>
      )}
    </div>
  );
}
