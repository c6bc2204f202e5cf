import type { HarnessEvent } from "../harness/events.ts";

/** An event as a person reads it: what it is, and its words. Undefined for what is no part of the conversation. */
export interface Told {
  readonly at: string | undefined;
  readonly kind: string;
  readonly text: string;
}

export function told(event: HarnessEvent): Told | undefined {
  const as = (kind: string, text: string): Told => ({ at: event.at, kind, text });
  switch (event.type) {
    case "prompt":
      return as("prompt", event.text || (event.images ? `[${event.images} images]` : ""));
    case "reply":
    case "thought":
    case "compaction":
    case "error":
      return as(event.type, event.text);
    case "call":
      return as("tool", `${event.tool} ${inputText(event.input)}`.trimEnd());
    case "result":
      return as(event.failed ? "failed" : "result", event.text);
    case "model":
      return as("model", event.model);
    case "note":
      return event.text === undefined ? undefined : as("note", event.text);
    default:
      return undefined;
  }
}

/** The one text of a call that says most: a command, a path, a pattern. Else all of it as JSON. */
function inputText(input: unknown): string {
  if (typeof input === "string") return input;
  if (typeof input !== "object" || input === null) return "";
  const fields = input as Readonly<Record<string, unknown>>;
  for (const name of ["command", "file_path", "path", "pattern", "query", "url"]) {
    const value = fields[name];
    if (typeof value === "string") return value;
    if (Array.isArray(value) && value.every((word) => typeof word === "string")) return value.join(" ");
  }
  return JSON.stringify(input);
}
