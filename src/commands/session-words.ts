import { TracecraftError } from "../errors.ts";
import type { UploadedPart } from "../sessions/commits.ts";
import type { Chosen } from "../sessions/choose.ts";
import type { Mirrored } from "../sessions/mirror.ts";
import type { Outcome, Progress } from "../sessions/mirror-all.ts";
import type { Problem } from "../sessions/catalogue.ts";
import type { Context } from "./command.ts";
import { shownLine } from "./text.ts";
import { count, size, span } from "./values.ts";

/** Lines about parts that one answer has. */
const partLines = 20;
const silentMs = 1_000;

/** The published line: bytes with commas, the counts as Python prints a dict. */
export function partLine({ part, sourceBytes, uploadedBytes, redactions }: UploadedPart): string {
  const rules = Object.entries(redactions).map(([rule, times]) => `'${rule}': ${times}`);
  const counts = rules.length === 0 ? "none" : `{${rules.join(", ")}}`;
  return `uploaded ${part}  source=${commas(sourceBytes)}B  upload=${commas(uploadedBytes)}B  redactions=${counts}`;
}

export function partJson({ part, sourceBytes, uploadedBytes, redactions }: UploadedPart) {
  return { part, source_bytes: sourceBytes, uploaded_bytes: uploadedBytes, redactions };
}

export function mirrorJson({ harness, session }: Chosen, { parts, generation, attachments }: Mirrored) {
  return {
    harness: harness.name,
    session: session.id,
    parts: parts.map(partJson),
    generation,
    ...(attachments > 0 && { attachments }),
  };
}

/** What became of one session and its sub-agents, or of all: what was uploaded, and the sum where there are many. */
export function mirrorWords(outcomes: readonly Outcome[], all: boolean): string {
  const done = outcomes.flatMap((one) => ("mirrored" in one ? [one] : []));
  const parts = done.flatMap(({ mirrored }) => mirrored.parts);
  const lines = parts.slice(-partLines).map(partLine);
  if (parts.length > partLines) lines.unshift(`… ${count(parts.length - partLines, "earlier part")}`);
  const idle = done.filter(({ mirrored }) => mirrored.parts.length === 0);
  if (all) {
    const bytes = parts.reduce((sum, part) => sum + part.uploadedBytes, 0);
    const uploaded = done.length - idle.length;
    const failed = outcomes.length - done.length;
    const what = parts.length === 0 ? "" : ` (${count(parts.length, "part")}, ${size(bytes)})`;
    const words = [
      ...(uploaded > 0 || idle.length === 0 ? [`${uploaded} uploaded${what}`] : []),
      ...(idle.length > 0 ? [`${idle.length} with nothing new`] : []),
      ...(failed > 0 ? [`${failed} failed`] : []),
    ];
    lines.push(`${count(outcomes.length, "session")}: ${words.join(", ")}`);
  } else if (lines.length === 0 && done[0]) {
    const { session, mirrored } = done[0];
    lines.push(
      `nothing new: session=${session.id} cursor=${mirrored.cursorBytes} size=${mirrored.sizeBytes}`,
    );
  }
  return lines.join("\n");
}

/** Tells how far a mirroring is: `Mirroring: 2 of 3 sessions, 61.3 MiB of 100.2 MiB, 48.0 MiB/s, 1s left`. */
export function mirrorProgress({ project, progress }: Context): (at: Progress) => void {
  const startedAt = project.world.monotonic();
  return ({ sessions, of, bytes, ofBytes }) => {
    const elapsedMs = project.world.monotonic() - startedAt;
    if (elapsedMs < silentMs || bytes === 0) return;
    const rate = (bytes * 1000) / elapsedMs;
    const left = `${span(Math.ceil((ofBytes - bytes) / rate))} left`;
    progress({
      plain: `Mirroring: ${sessions} of ${count(of, "session")}, ${size(bytes)} of ${size(ofBytes)}, ${size(rate)}/s, ${left}`,
    });
  };
}

/** A run that was told to stop, and what goes on from there. */
export function stopped(command: string): TracecraftError {
  return new TracecraftError("interrupted", "Interrupted", { hint: command });
}

/** Something in the bucket that could not be read, for a warning. */
export function malformedWords({ key, why }: Problem): string {
  return `malformed: ${shownLine(key)} (${shownLine(why)})`;
}

/** A source of this machine that could not be read, in which there may be any number of sessions. */
export function sourceProblem({ message, details }: TracecraftError): Problem {
  return { key: String(details["path"] ?? "source"), why: message };
}

function commas(bytes: number): string {
  return String(bytes).replaceAll(/\B(?=(\d{3})+$)/g, ",");
}
