const decoder = new TextDecoder();
/** A longer record counts as JSON unseen: to parse it would take several times its size in memory. */
const maxCheckedBytes = 8 * 1024 * 1024;

/** The text of a record. Bytes that are no UTF-8 read as U+FFFD: for readers only, never for what is mirrored. */
export function textOf(record: Uint8Array): string {
  return decoder.decode(record);
}

/** Whether a record is exactly one JSON value, as far as that can be told in bounded memory. */
export function isOneValue(record: Buffer): boolean {
  if (record.length > maxCheckedBytes) return true;
  try {
    JSON.parse(record.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

/**
 * The JSON values of one record: one as a rule, several where a harness wrote the next record without a line feed
 * before it, undefined where the record is anything else (a torn fragment, plain text).
 */
export function valuesOf(record: Uint8Array): unknown[] | undefined {
  const text = textOf(record);
  try {
    return [JSON.parse(text)];
  } catch {
    return severalObjects(text);
  }
}

function severalObjects(text: string): unknown[] | undefined {
  const values: unknown[] = [];
  let start = 0;
  try {
    for (const end of objectEnds(text)) {
      values.push(JSON.parse(text.slice(start, end)));
      start = end;
    }
  } catch {
    return undefined;
  }
  return values.length > 1 && text.slice(start).trim() === "" ? values : undefined;
}

/**
 * Where each object at the top of the text ends. Braces in strings do not count. A string that was torn off ends with
 * the text: to look for another one in it would take a time that is the square of its length.
 */
function* objectEnds(text: string): Iterable<number> {
  let depth = 0;
  const parts = /"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|[{}]/gs;
  for (let part = parts.exec(text); part !== null; part = parts.exec(text)) {
    if (part[0] === "{") depth++;
    else if (part[0] === "}" && --depth === 0) yield parts.lastIndex;
  }
}
