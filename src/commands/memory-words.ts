import type { Memory } from "../coord/memory-record.ts";
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
