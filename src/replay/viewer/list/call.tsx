import type { ComponentChild } from "preact";
import type { Source } from "../../page.ts";
import { blockEvents, flag } from "../../page.ts";
import { long } from "../words.ts";
import type { Body } from "./bodies.ts";
import { bodyOf } from "./bodies.ts";
import { oneLine, toolOf } from "./event-words.tsx";
import { hitsAround } from "./hits.ts";
import { LongText } from "./long-text.tsx";
import type { Page, Pages } from "./pages.ts";
import type { DiffLine } from "./rich/diff.tsx";
import { diffCounts, diffNodes, diffOf, isPatch, patchLines, signed } from "./rich/diff.tsx";
import type { Fields } from "./rich/json.tsx";
import { fieldNodes, fieldsIn } from "./rich/json.tsx";
import { safePicture } from "./rich/markdown.tsx";
import { isFailed } from "./rows.ts";
import { turn, turned } from "./script.ts";

const first = [
  "command",
  "cmd",
  "file_path",
  "path",
  "notebook_path",
  "pattern",
  "query",
  "url",
  "skill",
  "prompt",
  "description",
];

/** What a call is about, on one line: the command, the file, the pattern. */
export function aim(fields: Fields | undefined, preview: string): string {
  for (const name of first) {
    const value = fields?.[name];
    if (typeof value === "string" && value !== "") return oneLine(value.slice(0, 400));
    if (Array.isArray(value) && value.every((word) => typeof word === "string"))
      return oneLine(value.join(" ").slice(0, 400));
  }
  return oneLine(preview);
}

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

/** What a call would do to a file, where its input says so. */
export function changeOf(fields: Fields | undefined, body: string): readonly DiffLine[] | undefined {
  if (!fields) return isPatch(body) ? patchLines(body) : undefined;
  const [before, after] = [
    text(fields["old_string"] ?? fields["old_str"]),
    text(fields["new_string"] ?? fields["new_str"]),
  ];
  if (before !== undefined && after !== undefined) return diffOf(before, after);
  if (Array.isArray(fields["edits"])) {
    const parts = fields["edits"].slice(0, 50).flatMap((edit: unknown): DiffLine[] => {
      const { old_string: old, new_string: fresh } = (
        typeof edit === "object" && edit !== null ? edit : {}
      ) as Fields;
      return typeof old === "string" && typeof fresh === "string"
        ? [{ sign: "@", text: "" }, ...diffOf(old, fresh)]
        : [];
    });
    return parts.length > 0 ? parts.slice(1) : undefined;
  }
  for (const name of ["patch", "input", "diff"]) {
    const patch = text(fields[name]);
    if (patch !== undefined && isPatch(patch)) return patchLines(patch);
  }
  const whole = text(fields["content"] ?? fields["file_text"]);
  const path = fields["file_path"] ?? fields["path"];
  return whole !== undefined && path !== undefined && fields["command"] === undefined
    ? signed(whole, "+")
    : undefined;
}

/** The page and the place of a call's result; undefined where it has none, or its block is still on its way. */
function resultOf(pages: Pages, page: Page, index: number): { page: Page; index: number } | undefined {
  const pair = page.events.pair[index] ?? -1;
  if (pair < 0) return undefined;
  const inside = pair - page.events.first;
  if (inside >= 0 && inside < page.events.at.length) return { page, index: inside };
  const other = pages.get(Math.floor(pair / blockEvents));
  return other && { page: other, index: pair - other.events.first };
}

function ending(output: string, failed: boolean, tookMs: number): string {
  const code = /\b(?:exit(?:ed)?(?: with)?(?: code| status)?|code)[:= ]+(\d{1,3})\b/i.exec(
    output.slice(0, 300),
  )?.[1];
  const how = code !== undefined && (failed || code === "0") ? `exit ${code}` : failed ? "failed" : "";
  const took = tookMs >= 100 ? (tookMs < 10_000 ? `${(tookMs / 1000).toFixed(1)} s` : long(tookMs)) : "";
  return [how, took].filter((part) => part !== "").join(", ");
}

interface CallProps {
  readonly source: Source;
  readonly pages: Pages;
  readonly page: Page;
  readonly index: number;
  readonly selected: boolean;
  readonly edit: boolean;
}

/** A call and its result: one line, and below it what it changed or what came back. */
export function Call({ source, pages, page, index, selected, edit }: CallProps) {
  const { events, previews } = page;
  const seq = events.first + index;
  const preview = previews[index] ?? "";
  const back = resultOf(pages, page, index);
  const failed = isFailed(events, index) || (back !== undefined && isFailed(back.page.events, back.index));
  const found = hitsAround(seq) + (back ? hitsAround(back.page.events.first + back.index) : 0);
  const open = turned.value.has(seq) !== (failed || edit || selected);
  // The input is small beside the output, and names the file: it is read also while the call is folded.
  const input = bodyOf(source, events, index, preview);
  const fields = fieldsIn(input.text);
  const change = open || edit ? changeOf(fields, input.text) : undefined;
  const output = back && bodyOf(source, back.page.events, back.index, back.page.previews[back.index] ?? "");
  const took = back ? (back.page.events.at[back.index] ?? 0) - (events.at[index] ?? 0) : 0;
  const counts = change && !failed ? diffCounts(change) : "";
  const end = back ? ending(failed || open ? (output?.text ?? "") : "", failed, took) : "no result";
  return (
    <>
      <button type="button" class="fold" aria-expanded={open} onClick={() => turn(turned, seq)}>
        <span class="name">{toolOf(source.header, events, index) || "call"}</span>
        <span class="c">{aim(fields, preview)}</span>
        {!open && found > 0 && <span class="found">{found} inside</span>}
        <span class={failed ? "m bad" : "m"}>{counts || end}</span>
      </button>
      {open && <Input fields={fields} change={change} input={input} seq={seq} />}
      {open && back && output && (!change || failed) && (
        <Output page={back.page} index={back.index} body={output} />
      )}
    </>
  );
}

function Input({
  fields,
  change,
  input,
  seq,
}: {
  readonly fields: Fields | undefined;
  readonly change: readonly DiffLine[] | undefined;
  readonly input: Body;
  readonly seq: number;
}): ComponentChild {
  if (change) return <Change change={change} seq={seq} />;
  if (!fields)
    return input.text.includes("\n") ? (
      <div class="out in">
        <LongText body={input} seq={seq} manner="output" cut={false} />
      </div>
    ) : undefined;
  const told = first.find((name) => typeof fields[name] === "string" || Array.isArray(fields[name]));
  const shown = told === undefined ? "" : String(fields[told]);
  const rest = Object.entries(fields).filter(
    ([name]) => name !== told || shown.length > 90 || shown.includes("\n"),
  );
  if (rest.length === 0) return undefined;
  return (
    <div class="out in">
      {fieldNodes(Object.fromEntries(rest.map(([name, value]) => [name, shorter(value)])), { nodes: 160 })}
    </div>
  );
}

/** A value of an input, so much of it as one wants to see beside the output. */
function shorter(value: unknown): unknown {
  return typeof value === "string" && value.length > 4000 ? `${value.slice(0, 4000)}…` : value;
}

function Change({ change, seq }: { readonly change: readonly DiffLine[]; readonly seq: number }) {
  const key = -1 - seq;
  const most = turned.value.has(key) ? 2000 : 24;
  return (
    <>
      {diffNodes(change.slice(0, most), { nodes: 700 })}
      {change.length > most && (
        <button type="button" class="more" onClick={() => turn(turned, key)}>
          {change.length - most} more lines
        </button>
      )}
    </>
  );
}

/** What came back: a picture, or a text. */
export function Output({
  page,
  index,
  body,
}: {
  readonly page: Page;
  readonly index: number;
  readonly body: Body;
}) {
  const flags = page.events.flags[index] ?? 0;
  const picture = (flags & flag.image) !== 0 ? safePicture(body.text) : undefined;
  if (picture !== undefined)
    return <img class="picture" src={picture} alt="picture that the tool gave back" />;
  return (
    <div class={body.whole ? "out" : "out coming"}>
      {body.text === "" ? (
        <span class="faint">nothing came back</span>
      ) : (
        <LongText
          body={body}
          seq={page.events.first + index}
          manner="output"
          cut={(flags & flag.cut) !== 0}
        />
      )}
    </div>
  );
}
