import type { Memory } from "../coord/memory-record.ts";
import type { Project } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import { shownLine } from "./text.ts";
import { plainTime } from "./values.ts";

/** A value as text: a string as it is, anything else as JSON. */
export function valueText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function memoryJson(key: string, record: Memory): Record<string, unknown> {
  const { value, set_by, set_at, revision, deleted } = record;
  return { key, value, set_by, set_at, revision, ...(deleted && { deleted }) };
}

/** "Only if it is so" cannot be promised in a bucket that ignores conditions: the error `unfit_store`, as for a claim. */
export async function mustBeFit(project: Project, act: "set" | "delete", key: string): Promise<void> {
  const { ensureVerdict } = await import("../coord/verdict.ts"); // Not needed to set a key whatever it was.
  await ensureVerdict(project, { act, thing: key });
}

/** It has another revision than was expected, or none. */
export function changedError(act: string, key: string, now: Memory | undefined): TracecraftError {
  const cause = now
    ? `revision is ${shownLine(now.revision)}, by ${shownLine(now.set_by)} at ${plainTime(Date.parse(now.set_at))}${now.deleted ? ", deleted" : ""}`
    : "it is not set";
  return new TracecraftError("changed", `Cannot ${act} "${key}": it was changed meanwhile`, {
    cause,
    hint: `tracecraft memory get ${key}`,
    details: { key, ...(now && { revision: now.revision, set_by: now.set_by, set_at: now.set_at }) },
  });
}
