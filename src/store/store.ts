import type { TracecraftError } from "../errors.ts";

/** Changes whenever the object does. Compare for equality only: stores disagree on its form. */
export type Version = string;

/**
 * What a put expects to replace, always written out, so that nothing is overwritten by leaving a word out.
 *
 * - `"nothing"`: create; refused when the key is there.
 * - `{ version }`: compare-and-set; refused when the object is another one, or gone.
 * - `"anything"`: replace whatever is there.
 * - `"fresh"`: the key holds a random id of our own, so only we ever write it: a create that may be repeated
 *   ("there already" counts as written), and a plain put where a store has no conditions.
 */
export type Expect = "anything" | "fresh" | "nothing" | { readonly version: Version };

/** A body too large for memory: opened anew for each attempt, of known length and hash. */
export interface Source {
  readonly size: number;
  /** Of the whole, in hex. */
  readonly sha256: string;
  open(): AsyncIterable<Uint8Array>;
}

/** Losing a race is an answer, not an error. So is not knowing. Trouble that a repetition cannot cure throws. */
export type PutResult =
  | { readonly outcome: "written"; readonly version: Version; readonly storeNow: number | undefined }
  /** Something is there, perhaps an earlier attempt of the caller's own: read back before believing it. */
  | { readonly outcome: "refused" }
  /** The reply was lost or says nothing (429, 5xx, time-out, reset): the write may have landed, or may land yet. */
  | { readonly outcome: "unknown"; readonly cause: TracecraftError };

export interface StoredObject {
  readonly body: Uint8Array;
  readonly version: Version;
  /** Bytes of the whole object, also when a range was asked for. */
  readonly size: number;
  /** When the store says that the object was written, and its own clock in the same reply; ms since the epoch. */
  readonly writtenAt: number | undefined;
  /** Undefined when the reply cannot be trusted for arithmetic (redirected, cached, header missing). */
  readonly storeNow: number | undefined;
}

/** The answer to a get with `unless` when the object still has that version. */
export interface Unchanged {
  readonly unchanged: true;
  readonly version: Version;
  readonly writtenAt: number | undefined;
  readonly storeNow: number | undefined;
}

export interface GetOptions {
  /** The most bytes the caller will take. A larger object is the error `malformed`, thrown before it is read. */
  readonly limit: number;
  /** First byte and the byte after the last; cut at the object's end. */
  readonly range?: readonly [from: number, to: number];
}

export interface Listed {
  readonly key: string;
  readonly size: number;
  readonly version: Version;
  /** Arrival, by the store's clock; ms since the epoch. */
  readonly writtenAt: number;
}

export interface Page {
  readonly storeNow: number | undefined;
  readonly objects: readonly Listed[];
}

/** What is known of a store without asking it: what a verdict about it is kept under, and how far it is trusted. */
export interface StoreTraits {
  /** Scheme, host and port, or the directory. With bucket and prefix it names the store. Never a secret. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly prefix: string;
  /** The `Server` header of the last reply, once there was one. */
  readonly server: string | undefined;
  /**
   * Whether the conditions of `put` hold: `enforced` by construction (ours), or by what a probe found; `unknown` until
   * then; `ignored` when a probe saw them ignored or refused. Whoever learns more writes it here.
   */
  conditions: "enforced" | "unknown" | "ignored";
  /**
   * The `Server` that `conditions` was measured of, null where it gave none; undefined where nothing was measured. The
   * first reply of another one makes `conditions` unknown again.
   */
  measuredServer?: string | null | undefined;
  /** How many keys a page of `list` is asked to have at most; the usual 1,000 where it is undefined. */
  pageSize?: number | undefined;
}

/**
 * What we ask of a bucket, and no more. Each operation is atomic and stateless: a reader sees all of a write or none
 * of it. Keys are relative to the project's prefix, separated by "/".
 *
 * A driver may repeat a read, a delete, and a put that expects "anything" or "fresh". It never repeats the other
 * puts: once a reply is lost, only the caller can tell its own write from a rival's. A bucket that is not there is an
 * error for every call; access denied is the error `denied`; a store that cannot do a condition is `unfit_store`;
 * unreachable after the driver's own repetitions is `unreachable`.
 */
export interface Store {
  /** For messages, such as "s3://bucket/demo". Never carries a secret. */
  readonly name: string;
  readonly traits: StoreTraits;
  /** Undefined for a key that is not there. */
  get(key: string, options: GetOptions): Promise<StoredObject | undefined>;
  get(
    key: string,
    options: GetOptions & { readonly unless: Version },
  ): Promise<StoredObject | Unchanged | undefined>;
  put(key: string, body: Uint8Array | Source, expect: Expect): Promise<PutResult>;
  /** Every key under `prefix`, after `after` if given, in the order of UTF-8 bytes. There is always a first page. */
  list(prefix: string, after?: string): AsyncIterable<Page>;
  /** Succeeds when the key is already gone. Unconditional, so never used on a claim. */
  delete(key: string): Promise<void>;
}
