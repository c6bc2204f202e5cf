import type { TracecraftError } from "../errors.ts";
import type { HarnessEvent } from "./events.ts";

/** The world, as far as an adapter may see it. Nothing in this folder reads the process, a clock or the environment. */
export interface Host {
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** As Node names it: "linux", "darwin", "win32". */
  readonly platform: string;
  /** Where private copies may lie for the length of one read. */
  readonly temp: string;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Whether a process with this id runs on this machine. */
  alive(pid: number): boolean;
}

/** A file that belongs to a session and is mirrored whole: a spilled tool result, a sub-agent's meta file. */
export interface Attachment {
  /** Relative to the session, "/" between folders. */
  readonly name: string;
  readonly path: string;
  readonly size: number;
}

/** One session as found on this machine. `id` is fit for a key: `^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`. */
export interface Session {
  readonly id: string;
  /** Where its source may lie, best first: the first that exists is read (plain, compressed, archived). */
  readonly paths: readonly string[];
  /** Inside `paths[0]`, where one database holds many: the harness's own id. */
  readonly key?: string;
  readonly cwd?: string;
  /** The id of the session that started this one. */
  readonly parent?: string;
  readonly title?: string;
  /** Milliseconds since the epoch. */
  readonly activeAt?: number;
  /** A process has it open right now, as far as the harness says. */
  readonly live?: boolean;
  /** The harness says that nothing will be added. */
  readonly ended?: boolean;
  /** Of the program that wrote it. */
  readonly version?: string;
  readonly attachments?: readonly Attachment[];
}

/** One folder, or one with all that are in it but those that are `foreign`. */
export type Folder = string | { readonly below: string; readonly foreign?: (cwd: string) => boolean };

export interface Found {
  /** Live ones first, then by last activity, newest first. */
  readonly sessions: readonly Session[];
  /** Sources that are there and could not be read (locked, corrupt, of a newer schema). Never "no sessions". */
  readonly problems: readonly TracecraftError[];
  /** What the user should know about what was not read, one line each. */
  readonly warnings: readonly string[];
}

/** How far a source has been read. JSON data of at most 64 KiB, opaque to everyone but the reader that made it. */
export type Cursor = Readonly<Record<string, unknown>>;

/**
 * Why a generation begins: `first` of all; the source `shrunk`; bytes before the cursor were `rewritten`; the source
 * is another one than before (`replaced`); the `cursor` that was passed in is none of this reader's.
 */
export type Began = "first" | "shrunk" | "rewritten" | "replaced" | "cursor";

export interface Batch {
  /** Counts from 1 within the cursors of one session. */
  readonly generation: number;
  /** On the first batch of a generation: it starts again from the beginning of the source. Earlier records stay. */
  readonly began?: Began;
  /** Whole lines without their LF, in order, never torn. Joined with LF, and one at the end, they are the source. */
  readonly records: readonly Uint8Array[];
  /** The position after `records`: read on from here and nothing is lost or repeated. */
  readonly cursor: Cursor;
  /** How many of `records` are not one JSON value. They are kept as they are. */
  readonly malformed: number;
  /** How many of `records` stand for a line over the limit: `{"tracecraft":"line_too_long","bytes","sha256"}`. */
  readonly oversize: number;
  /** On the last batch, which may be empty: the source was read to its end, or it is not there any more. */
  readonly end?: "caught_up" | "vanished";
  /** On the last batch: bytes after the cursor that are not yet a whole line. */
  readonly pending?: number;
}

export interface ReadOptions {
  /** Nothing more will be written: a last line without LF is taken too, and its growth would begin a generation. */
  readonly ended?: boolean;
  /** About how many bytes of records a batch holds; a longer line is a batch of its own. Default 512 KiB. */
  readonly batchBytes?: number;
  /** The longest line that is passed on. Default 256 MiB. */
  readonly maxLineBytes?: number;
}

/** What `events` keeps between the lines of one pass over one session, in order. Starts empty. */
export type Memory = Map<string, unknown>;

/** A session that is to be put where its harness would look for it. All of it is hostile until checked. */
export interface Restored {
  readonly id: string;
  /** The base name that its source had. */
  readonly file: string;
  readonly parent?: string | undefined;
}

/**
 * One agent's transcripts, read and never written. An adapter is a literal of these five members; the readers that
 * it assigns are in `jsonl.ts` and `table.ts`.
 */
export interface Harness {
  /** As in `--harness` and in the bucket: lower case, dashes. */
  readonly name: string;
  /** The sessions of a folder, or of every folder when `cwd` is undefined. Opens no more than the head of a file. */
  sessions(host: Host, cwd: Folder | undefined): Promise<Found>;
  /** What is new since the cursor, in bounded memory. Stop at any batch; the last one has `end`. Throws what it cannot read. */
  read(host: Host, session: Session, cursor: Cursor | undefined, options?: ReadOptions): AsyncIterable<Batch>;
  /** One record for readers. Never throws: what is not understood is the event `unknown`. */
  events(record: Uint8Array, memory: Memory): HarnessEvent[];
  /** The file that a session restored for the folder `cwd` must be, or undefined where the harness keeps a database. */
  place(host: Host, session: Restored, cwd: string): string | undefined;
}
