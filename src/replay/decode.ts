import type { Events, Header, Moment, Pyramid, Source, Tokens } from "./page.ts";
import { blockEvents, pageSchema } from "./page.ts";
import { bytesReader, type BytesReader } from "./varint.ts";

/** Inflated bodies that are kept, in bytes. */
const bodiesKept = 64 * 1024 * 1024;
const tokenNames = ["input", "output", "cacheRead", "cacheWrite"] as const satisfies (keyof Tokens)[];

/** Bytes by the name that they have in a page: `header`, `pyramid`, `moments`, `ix.0`, `pv.0`, `b.0`, each deflated. */
export type ReadBlock = (name: string) => Promise<Uint8Array>;

/**
 * The data of a page over whatever its bytes come from. Header, moments and pyramid are read at once, blocks when they
 * are asked for; only inflated bodies are kept, up to 64 MB. Rejects where a block is not there or of another schema.
 */
export async function openSource(read: ReadBlock): Promise<Source> {
  const header = JSON.parse(await inflatedText(read, "header")) as Header;
  if (header.schema !== pageSchema) throw new Error(`a page of schema ${String(header.schema)}`);
  const [moments, pyramid] = await Promise.all([
    inflatedText(read, "moments").then((text) => JSON.parse(text) as Moment[]),
    inflated(read, "pyramid").then((bytes) => decodePyramid(bytes, header.lanes.length)),
  ]);
  const work = { events: 0, previews: 0, bodies: 0 };
  const bodies = keeper(bodiesKept);
  const bodyBlock = (block: number): Promise<Uint8Array> => {
    const kept = bodies.get(block);
    if (kept) return kept;
    work.bodies++;
    return bodies.keep(block, inflated(read, `b.${block}`), header.bodyBlocks[block] ?? 0);
  };
  const previews = async (block: number): Promise<string[]> => {
    work.previews++;
    return header.bodies === "none" ? [] : (JSON.parse(await inflatedText(read, `pv.${block}`)) as string[]);
  };
  return {
    header,
    moments,
    pyramid,
    work,
    async events(block) {
      work.events++;
      return decodeEvents(await inflated(read, `ix.${block}`), block * blockEvents);
    },
    async previews(block) {
      work.previews++;
      return header.bodies === "none"
        ? []
        : (JSON.parse(await inflatedText(read, `pv.${block}`)) as string[]);
    },
    async body(events, index) {
      const block = events.body[index] ?? -1;
      if (block < 0) {
        if (header.bodies === "none") throw new Error("this page has no bodies");
        const seq = events.first + index;
        return (await previews(Math.floor(seq / blockEvents)))[seq % blockEvents] ?? "";
      }
      if (header.bodies !== "full") throw new Error("this page has no bodies");
      const start = events.start[index] ?? 0;
      const bytes = (await bodyBlock(block)).subarray(start, start + (events.length[index] ?? 0));
      return new TextDecoder().decode(bytes);
    },
  };
}

/** The columns of an index block, in the order in which `encodeEvents` writes them. */
export function decodeEvents(bytes: Uint8Array, first: number): Events {
  const reader = bytesReader(bytes);
  const count = reader.varint();
  if (count > blockEvents) throw new Error(`${count} events in a block`);
  const column = <T extends { [index: number]: number }>(into: T, next: (index: number) => number): T => {
    for (let index = 0; index < count; index++) into[index] = next(index);
    return into;
  };
  const at = decodeTimes(reader, count);
  const said = column(new Float64Array(count), (index) => saidFrom(reader, at[index]!));
  const lane = column(new Uint32Array(count), reader.varint);
  const nths = new Map<number, number>();
  for (let left = reader.varint(); left > 0; left--) {
    const key = reader.varint();
    nths.set(key, reader.varint());
  }
  const nth = column(new Uint32Array(count), (index) => {
    const next = nths.get(lane[index]!) ?? 0;
    nths.set(lane[index]!, next + 1);
    return next;
  });
  const kind = reader.bytes(count);
  const flags = reader.bytes(count);
  const tool = column(new Uint16Array(count), reader.varint);
  const model = column(new Uint16Array(count), reader.varint);
  const pair = column(new Float64Array(count), (index) => {
    const away = reader.signed();
    return away === 0 ? -1 : first + index + away;
  });
  const tokens = Object.fromEntries(
    tokenNames.map((name) => [name, column(new Uint32Array(count), reader.varint)]),
  ) as Events["tokens"];
  let last = 0;
  const body = column(new Int32Array(count), () => {
    const step = reader.varint();
    if (step === 0) return -1;
    return (last += step % 2 === 1 ? (step - 1) / 2 : -step / 2);
  });
  const start = column(new Uint32Array(count), (index) => (body[index]! < 0 ? 0 : reader.varint()));
  const length = column(new Uint32Array(count), (index) => (body[index]! < 0 ? 0 : reader.varint()));
  return { first, at, said, lane, nth, kind, flags, tool, model, pair, tokens, body, start, length };
}

function decodeTimes(reader: BytesReader, count: number): Float64Array {
  const at = new Float64Array(count);
  let time = count > 0 ? reader.signed() : 0;
  for (let index = 0; index < count; index++) at[index] = time += reader.varint();
  return at;
}

/** 0: as `at`; 1: the record had none; else how far from it. */
function saidFrom(reader: BytesReader, at: number): number {
  const code = reader.varint();
  if (code < 2) return code === 0 ? at : Number.NaN;
  const away = code - 2;
  return at + (away % 2 === 0 ? away / 2 : -(away + 1) / 2);
}

/** The levels of the overview. Lanes without an event share one empty row. */
export function decodePyramid(bytes: Uint8Array, lanes: number): Pyramid {
  const reader = bytesReader(bytes);
  const levels = Array.from({ length: reader.varint() }, () => {
    const buckets = reader.varint();
    const empty = new Uint32Array(buckets);
    const rows = (): Uint32Array[] =>
      Array.from({ length: lanes }, () => {
        const filled = reader.varint();
        if (filled === 0) return empty;
        const row = new Uint32Array(buckets);
        let place = -1;
        for (let left = filled; left > 0; left--) {
          place += 1 + reader.varint();
          row[place] = reader.varint();
        }
        return row;
      });
    return { buckets, counts: rows(), errors: rows() };
  });
  return { levels };
}

/** Keeps what was used last, up to so many bytes; the newest always. */
function keeper(limit: number) {
  const kept = new Map<number, { readonly bytes: Promise<Uint8Array>; readonly size: number }>();
  let total = 0;
  return {
    get(block: number): Promise<Uint8Array> | undefined {
      const found = kept.get(block);
      if (!found) return undefined;
      kept.delete(block); // The order of a map is the order of use.
      kept.set(block, found);
      return found.bytes;
    },
    keep(block: number, bytes: Promise<Uint8Array>, size: number): Promise<Uint8Array> {
      kept.set(block, { bytes, size });
      total += size;
      const drop = (name: number): void => {
        total -= kept.get(name)?.size ?? 0;
        kept.delete(name);
      };
      for (const oldest of kept.keys()) {
        if (total <= limit || oldest === block) break;
        drop(oldest);
      }
      bytes.catch(() => drop(block));
      return bytes;
    },
  };
}

async function inflatedText(read: ReadBlock, name: string): Promise<string> {
  return new TextDecoder().decode(await inflated(read, name));
}

async function inflated(read: ReadBlock, name: string): Promise<Uint8Array> {
  const bytes = await read(name);
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
