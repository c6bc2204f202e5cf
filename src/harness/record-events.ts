import { fieldsOf, isFields, type Fields, type HarnessEvent } from "./events.ts";
import { valuesOf } from "./json-values.ts";

/**
 * The events of one record, made by `read` from each JSON object in it. What is not JSON, no object, or upsets `read`
 * is `unknown`: a viewer never falls over a line.
 */
export function eventsOf(record: Uint8Array, read: (fields: Fields) => HarnessEvent[]): HarnessEvent[] {
  const values = valuesOf(record);
  if (values === undefined) return [{ type: "unknown", what: "not JSON" }];
  return values.flatMap((value): HarnessEvent[] => {
    if (!isFields(value)) return [{ type: "unknown", what: "no object" }];
    if (value["tracecraft"] === "line_too_long") {
      return [{ type: "note", what: "line_too_long", text: `${Number(value["bytes"])} bytes` }];
    }
    try {
      const events = read(value).map(shallow);
      return events.length > 0 ? events : [{ type: "note", what: `empty ${typeOf(value)}` }];
    } catch {
      return [{ type: "unknown", what: typeOf(value) }];
    }
  });
}

/** Deeper than any tool asks; what walks an input, or writes it as JSON again, does so by the stack. */
const deepest = 200;

function shallow(event: HarnessEvent): HarnessEvent {
  if (event.type !== "call" || !isDeep(event.input)) return event;
  return { ...event, input: `[nested more than ${deepest} deep]` };
}

function isDeep(input: unknown): boolean {
  let level = [input].filter(isBranch);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return true;
    level = level.flatMap((branch) => Object.values(branch).filter(isBranch));
  }
  return false;
}

function isBranch(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** What a record calls itself. */
export function typeOf(value: unknown): string {
  const type = fieldsOf(value)["type"];
  return typeof type === "string" ? type : "no type";
}
