import { open, type FileHandle } from "node:fs/promises";
import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { harnessNamed } from "../harness/all.ts";
import type { Redactor } from "../redact/redact.ts";
import { contentOf, linesOf } from "../sessions/content.ts";
import { partsOf, type Manifest } from "../sessions/manifest-record.ts";
import type { Bodies } from "./bodies.ts";
import { appender, writeWhole, type Appender } from "./disk.ts";
import type { Stored } from "./merge.ts";
import { addedAt, offsetsUntil, type Offsets } from "./offsets.ts";
import { rowBytes, rowsInto } from "./rows.ts";
import { subAgentsAt } from "./sub-agents.ts";
import { transcriptReader, type Names, type TranscriptOptions } from "./transcript.ts";

/** A longer line is told by its length. */
const lineLimit = 16 * 1024 * 1024;
const newline = 0x0a;
const previewsHeld = 256 * 1024;
/** Sessions that are gone on with where they ended; a further one that grows is read from its beginning. */
const growingMost = 16;

/** The rows of one writer of a session and their previews, where they lie. */
export interface Extent {
  readonly stored: Stored;
  readonly row: number;
  readonly rows: number;
  readonly preview: number;
  /** Of one that is written into its parent's file. */
  readonly subAgent?: string;
}

/** What the current generation of a session holds: its own rows first, then those of its sub-agents. */
export interface Reading {
  readonly extents: readonly Extent[];
  readonly redacted: Readonly<Record<string, number>>;
  /** Lines that were there before. */
  readonly repeated: number;
}

export interface ReadingOptions {
  readonly redactor: Redactor;
  readonly bodies: Bodies | undefined;
  readonly tools: Names;
  readonly models: Names;
  /** A later time is none. */
  readonly latest: number;
  readonly begin: number;
  /** Of the clock of the session's agent. */
  readonly offsets: Offsets;
  /** Bytes that were read, or need not be. */
  readonly counted: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Sessions as rows in temporary files, which are read once: parts never change, and a session that grows is gone on with. */
export interface Readings {
  of(project: Project, found: Found<Manifest>, options: ReadingOptions): Promise<Reading>;
  /** Until all that was read is in the files. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

interface Kept {
  readonly basis: string;
  readonly parts: readonly string[];
  readonly offsets: string;
  /** The latest time in it, as it was written: offsets from later on change nothing. */
  readonly said: number;
  readonly reading: Reading;
  /** How it goes on, where it may. */
  readonly going: OpenReading | undefined;
}

/** Files that rows and previews are added to. */
interface Place {
  readonly stored: Stored;
  readonly rows: FileHandle;
  rowsEnd: number;
  readonly previews: Appender;
  close(): Promise<void>;
}

/**
 * Readings whose temporary files have names that begin with `path`. All sessions share two files at first; one that
 * changed will change again, and has two of its own from then on.
 */
export async function openReadings(path: string): Promise<Readings> {
  const shared = await openPlace(path);
  const kept = new Map<string, Kept>();
  const own = new Map<string, string>();
  const ownPlace = (name: string): Promise<Place> => {
    if (!own.has(name)) own.set(name, `${path}.own.${own.size}`);
    return openPlace(own.get(name)!);
  };
  const keep = async (name: string, one: Kept): Promise<void> => {
    kept.set(name, one);
    const growing = [...kept].filter(([, { going }]) => going !== undefined);
    for (const [other, { going, ...rest }] of growing.slice(0, -growingMost)) {
      kept.set(other, { ...rest, going: undefined });
      await going?.close();
    }
  };

  return {
    async of(project, found, options) {
      const { record } = found;
      const name = `${record.harness}/${record.session_id}`;
      const basis = basisOf(record, options);
      const parts = partsOf(record).map((part) => JSON.stringify(part));
      const known = kept.get(name);
      const same =
        known?.basis === basis &&
        known.offsets === offsetsUntil(options.offsets, known.said) &&
        known.parts.every((part, nth) => part === parts[nth]);
      if (same && parts.length === known.parts.length) {
        options.counted(partsOf(record).reduce((sum, { uploaded_bytes: bytes }) => sum + bytes, 0));
        return known.reading;
      }
      kept.delete(name); // It is back when all of it was read.
      let going = same ? known.going : undefined;
      if (!going) {
        await known?.going?.close();
        going = known
          ? openReading(await ownPlace(name), record, options, true)
          : openReading(shared, record, options, false);
      }
      let [whole, grows] = [false, false];
      try {
        const reading = await going.goOn(project, found, options);
        whole = true;
        grows = going.mayGrow();
        const said = going.said();
        const offsets = offsetsUntil(options.offsets, said);
        await keep(name, { basis, parts, offsets, said, reading, going: grows ? going : undefined });
        return reading;
      } finally {
        if (!whole || !grows) await going.close();
      }
    },
    settle: () => shared.previews.flush(),
    async close() {
      for (const { going } of kept.values()) await going?.close();
      await shared.close();
    },
  };
}

/** What the rows of a session depend on besides its parts. */
function basisOf({ agent_id: agent, generation, parent }: Manifest, { begin }: ReadingOptions): string {
  return JSON.stringify([agent, generation, parent, begin]);
}

async function openPlace(path: string): Promise<Place> {
  const stored = { rows: `${path}.rows`, previews: `${path}.previews` };
  const rows = await open(stored.rows, "w+");
  const previews = await open(stored.previews, "w");
  return {
    stored,
    rows,
    rowsEnd: 0,
    previews: appender(previews, previewsHeld),
    async close() {
      await Promise.all([rows.close(), previews.close()]);
    },
  };
}

/** A session that is being read. */
interface OpenReading {
  /** What came since the last time, which is all of it at first. */
  goOn(project: Project, found: Found<Manifest>, options: ReadingOptions): Promise<Reading>;
  /** Whether what comes next can be added behind what is there. */
  mayGrow(): boolean;
  said(): number;
  close(): Promise<void>;
}

function openReading(place: Place, manifest: Manifest, first: ReadingOptions, owned: boolean): OpenReading {
  const { stored } = place;
  const [row, preview] = [place.rowsEnd, place.previews.size()];
  const rows = rowsInto(place.rows.fd, row);
  const redacted: Record<string, number> = {};
  const extents: Extent[] = [];
  let now = first;
  let position = 0;
  let lastByte = newline;
  let said = Number.NEGATIVE_INFINITY;
  let repeated = 0;
  let subAgents = subAgentsAt(`${stored.rows}.sub`);
  const options: TranscriptOptions = {
    harness: harnessNamed(manifest.harness),
    redactor: first.redactor,
    bodies: first.bodies,
    tools: first.tools,
    models: first.models,
    begin: first.begin,
    rows,
    // In the file of a sub-agent every line names it.
    ...(manifest.parent ? {} : { subAgent: (agent: string) => subAgents.sinkOf(agent) }),
    addMs: (time) => {
      said = Math.max(said, time);
      return addedAt(now.offsets, time);
    },
    latest: () => now.latest,
    preview: (bytes) => place.previews.add(bytes),
    redacted(counts) {
      for (const [rule, count] of Object.entries(counts)) redacted[rule] = (redacted[rule] ?? 0) + count;
    },
  };
  const reader = transcriptReader(options);
  async function* chunks(project: Project, found: Found<Manifest>): AsyncGenerator<Uint8Array> {
    now.counted(position);
    for await (const chunk of contentOf(project, found, { from: position })) {
      now.signal.throwIfAborted();
      now.counted(chunk.length);
      position += chunk.length;
      lastByte = chunk.at(-1) ?? lastByte;
      yield chunk;
    }
  }

  return {
    async goOn(project, found, next) {
      now = next;
      try {
        repeated += await reader.read(linesOf(chunks(project, found), lineLimit));
        reader.settle();
        place.rowsEnd = row + rows.count() * rowBytes;
        extents.splice(0, extents.length, { stored, row, rows: rows.count(), preview });
        await subAgents.each(async (subAgent, count, copy) => {
          const [from, previewFrom] = [place.rowsEnd, place.previews.size()];
          await copy.rows(async (bytes) => {
            await writeWhole(place.rows, bytes, place.rowsEnd);
            place.rowsEnd += bytes.length;
          });
          await copy.previews((bytes) => place.previews.add(bytes));
          extents.push({ stored, row: from, rows: count, preview: previewFrom, subAgent });
        });
        if (owned) await place.previews.flush();
        return { extents: [...extents], redacted, repeated };
      } finally {
        await subAgents.close();
        subAgents = subAgentsAt(`${stored.rows}.sub`);
      }
    },
    // The rows of sub-agents lie behind, where its own would go on, and a line without an end may be half of one.
    mayGrow: () => owned && extents.length === 1 && lastByte === newline,
    said: () => said,
    async close() {
      if (owned) await place.close();
    },
  };
}
