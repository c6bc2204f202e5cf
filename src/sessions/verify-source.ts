import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { asTracecraftError, type TracecraftError } from "../errors.ts";
import type { Batch, Cursor, Harness, Host, Session } from "../harness/harness.ts";
import type { Redactor } from "../redact/redact.ts";
import { contentOf, isTooLong, linesOf } from "./content.ts";
import type { Manifest } from "./manifest-record.ts";

/** Longer lines are compared by what the adapter says of them, which is at most this long. */
const lineLimit = 300 * 1024 * 1024;

export type Against =
  | { readonly as: "equal" }
  /** The source has lines that are not mirrored yet. */
  | { readonly as: "behind"; readonly records: number }
  /** It was rewritten since: the next mirror begins a generation. */
  | { readonly as: "rewritten" }
  | { readonly as: "gone" }
  /** It is there and cannot be read, which says nothing of the mirror. */
  | { readonly as: "unreadable"; readonly error: TracecraftError }
  /** The line of that number differs, though nothing says that the source was rewritten. */
  | { readonly as: "differs"; readonly record: number };

/**
 * Compares the current generation with the source, line by line after redaction. What was redacted under another
 * environment or other rules is equal where the rest of the line is. A source that is changed in place (a database) is
 * compared by the cursor, which knows every row.
 */
export async function compareWithSource(
  project: Project,
  found: Found<Manifest>,
  { harness, host, session, redactor }: Comparison,
): Promise<Against> {
  let failed: unknown;
  const read: Reading = async function* (cursor, ended) {
    try {
      yield* harness.read(host, session, cursor, { ended });
    } catch (error) {
      failed = error;
      throw error;
    }
  };
  try {
    return await compared(project, found, { session, redactor, read });
  } catch (error) {
    const known = asTracecraftError(error);
    if (error !== failed || known.code === "internal") throw error; // The bucket's trouble is not the source's.
    return { as: "unreadable", error: known };
  }
}

interface Comparison {
  readonly harness: Harness;
  readonly host: Host;
  readonly session: Session;
  readonly redactor: Redactor;
}

type Reading = (cursor: Cursor | undefined, ended: boolean) => AsyncIterable<Batch>;

async function compared(
  project: Project,
  found: Found<Manifest>,
  { session, redactor, read }: { session: Session; redactor: Redactor; read: Reading },
): Promise<Against> {
  const since = await newSince(read(found.record.cursor, session.ended === true));
  if (since === "gone") return { as: "gone" };
  if (since === "rewritten") return { as: "rewritten" };
  if (session.key !== undefined) return since === 0 ? { as: "equal" } : { as: "behind", records: since };

  const mirrored = linesOf(contentOf(project, found), lineLimit)[Symbol.asyncIterator]();
  let record = 0;
  try {
    for await (const batch of read(undefined, true)) {
      for (const line of batch.records) {
        const { value, done } = await mirrored.next();
        if (done === true) return { as: "behind", records: Math.max(1, since) };
        if (isTooLong(value) || !isSame(value, line, redactor)) return { as: "differs", record };
        record++;
      }
    }
    return (await mirrored.next()).done === true ? { as: "equal" } : { as: "differs", record };
  } finally {
    await mirrored.return?.(undefined);
  }
}

/** How many records there are after the cursor. */
async function newSince(batches: AsyncIterable<Batch>): Promise<number | "rewritten" | "gone"> {
  let records = 0;
  for await (const batch of batches) {
    if (batch.end === "vanished") return "gone";
    if (batch.began !== undefined) return "rewritten";
    records += batch.records.length;
  }
  return records;
}

function isSame(mirrored: Uint8Array, source: Uint8Array, redactor: Redactor): boolean {
  if (Buffer.compare(mirrored, source) === 0) return true;
  return (
    Buffer.compare(mirrored, redactor.line(source).bytes) === 0 ||
    fits(Buffer.from(mirrored), Buffer.from(source))
  );
}

/** Whether the source is the mirrored line with something else in each place where something was taken out. */
function fits(mirrored: Buffer, source: Buffer): boolean {
  const pieces = mirrored.toString("latin1").split(/"?\[REDACTED:[A-Za-z0-9_.-]{1,100}\]"?/);
  if (pieces.length === 1) return false;
  const text = source.toString("latin1");
  const [first, last] = [pieces.shift()!, pieces.pop()!];
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  for (const piece of pieces) {
    const next = text.indexOf(piece, at);
    if (next < 0) return false;
    at = next + piece.length;
  }
  return at <= text.length - last.length;
}
