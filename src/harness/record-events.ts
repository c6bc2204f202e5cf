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
      const events = read(value);
      return events.length > 0 ? events : [{ type: "note", what: `empty ${typeOf(value)}` }];
    } catch {
      return [{ type: "unknown", what: typeOf(value) }];
    }
  });
}

/** What a record calls itself. */
export function typeOf(value: unknown): string {
  const type = fieldsOf(value)["type"];
  return typeof type === "string" ? type : "no type";
}
