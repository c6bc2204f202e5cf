/**
 * What a replay page knows, between the one who builds it and the one who shows it. Times are whole milliseconds since
 * 1970, corrected by the measured offset of whoever wrote them, and repaired so that no effect stands before its cause:
 * along `seq`, the one order of everything, they never go back. Every string is foreign: it is shown as text or not at all.
 */
export const pageSchema = 1;

/** How many events, neighbours in `seq`, are one block: of the index, and of the previews. */
export const blockEvents = 4096;

/** What an event is. Its place in this list is its number in a block. */
export const kinds = [
  // What a transcript holds.
  "prompt",
  "reply",
  "thought",
  "call",
  "result",
  "model",
  "compaction",
  "error",
  "note",
  "unknown",
  // What the bucket holds: each of these has a moment with all that is known of it.
  "claim",
  "lost", // a claim that another one won, or that was refused
  "unresolved", // an attempt of which nobody knows what became
  "renew",
  "lapse", // nobody wrote it: the lease ran out
  "complete",
  "block",
  "review",
  "release",
  "reopen",
  "fenced", // a transition of a former holder, refused
  "handoff",
  "send",
  "read",
  "ack",
  "memory",
  "artifact",
  "reserve",
  "unreserve",
  "join", // an agent registers
  "silent", // nobody wrote it: nothing was heard of the agent for a while
] as const;
export type Kind = (typeof kinds)[number];

/** A staff: an agent, under it its sessions, under those their sub-agents. Parents come before their children. */
export interface Lane {
  readonly kind: "agent" | "session" | "subagent";
  readonly name: string;
  readonly parent?: number;
  /** Of sessions: which harness wrote it, and the whole id. */
  readonly harness?: string;
  readonly session?: string;
  /** How many events, and the first and last time; of an agent, also those of its sessions. */
  readonly count: number;
  readonly from: number;
  readonly to: number;
  /** How far the clock of this writer was measured ahead of the store's, in milliseconds, where it was. */
  readonly offset?: number;
}

/** Tokens; each request counted once. `input` has no cached tokens in it. */
export interface Tokens {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
}

/** Tokens of one lane with one model while one step was held (absent: none). `usd` is absent where no price is known. */
export interface Spent extends Tokens {
  readonly lane: number;
  readonly model: string;
  readonly step?: string;
  readonly usd?: number;
}

/** One thing that the bucket's records say, whole but for long texts, which are cut after 2,000 characters. */
export interface Moment {
  readonly seq: number;
  readonly at: number;
  readonly kind: Kind;
  readonly lane: number;
  /** The journal's id, or the message's. */
  readonly id?: string;
  readonly step?: string;
  readonly term?: number;
  readonly n?: number;
  /** Until when a claim or renewal holds the lease. */
  readonly until?: number;
  /** Of a claim: the term before it had lapsed and was somebody else's. */
  readonly takenFrom?: number;
  /** Of an end or a claim by force: the term that it put out; `holder` had it, of a claim in another session. */
  readonly forcedFrom?: number;
  /** Of `lost` and `fenced`: who holds it, and the term that holds. */
  readonly holder?: number;
  readonly holderTerm?: number;
  /** Of `send` and `handoff`: the lane it is for; -1 for everybody; below that -2 - its place in `Header.strangers`. Of `read` and `ack`: the ids of the messages. */
  readonly to?: number;
  readonly ids?: readonly string[];
  readonly urgent?: boolean;
  /** Of `memory` and `artifact`. */
  readonly key?: string;
  readonly revision?: string;
  readonly deleted?: boolean;
  readonly size?: number;
  /** A message, a value, a note or a reason. */
  readonly text?: string;
  readonly files?: readonly string[];
  /** The time as it was written, where that is another than `at`. */
  readonly said?: number;
}

/** A place in the page's blocks. Block `i` of the index and of the previews hold the events from `seq` = i * blockEvents. */
export interface Block {
  /** The bytes after inflating. */
  readonly size: number;
  readonly from: number;
  readonly to: number;
  /** For each lane that has events in it: lane, how many. Flat: [lane, count, lane, count, ...]. */
  readonly lanes: readonly number[];
  /** What was spent in it; absent: nothing. Flat: [place in Header.spent, input, output, cacheRead, cacheWrite, ...]. */
  readonly spent?: readonly number[];
}

export interface Header {
  readonly schema: typeof pageSchema;
  readonly project: string;
  /** Where it was read from, as a user writes it, without secrets. */
  readonly store: string;
  readonly made: number;
  readonly from: number;
  readonly to: number;
  readonly events: number;
  readonly lanes: readonly Lane[];
  /** Who was written to and never did anything in this bucket: no agent, a name that was mistyped perhaps. */
  readonly strangers?: readonly string[];
  readonly tools: readonly string[];
  readonly models: readonly string[];
  readonly bodies: "none" | "preview" | "full";
  readonly index: readonly Block[];
  /** The raw size of each body block; empty where there are no bodies. */
  readonly bodyBlocks: readonly number[];
  readonly spent: readonly Spent[];
  /** In the order of `models`: US dollars for a million tokens, null where no price is known. Absent: none is. */
  readonly rates?: readonly (Tokens | null)[];
  /** The day of the price table. */
  readonly prices: string;
  /** What the page's own redaction found, by rule: 0 on data that was redacted when it was mirrored. */
  readonly redacted: Readonly<Record<string, number>>;
  /** Lines that harnesses wrote again, byte for byte, and that are shown once. */
  readonly repeated?: number;
  /** What could not be read or was left out, in words. */
  readonly notes: readonly string[];
}

/** What is drawn when a lane is seen from far: for each of `buckets` equal spans of the range, by lane. */
export interface Pyramid {
  readonly levels: readonly {
    readonly buckets: number;
    /** [lane][bucket]: how many events, and how many of them are errors. */
    readonly counts: readonly Uint32Array[];
    readonly errors: readonly Uint32Array[];
  }[];
}

/** Decoded columns of one index block. All arrays have the same length. */
export interface Events {
  /** The `seq` of the first. */
  readonly first: number;
  readonly at: Float64Array;
  /** The time as written; NaN where the record had none. */
  readonly said: Float64Array;
  readonly lane: Uint32Array;
  /** The place of the event in its lane, from 0: with the lane's session it is the event's lasting name. */
  readonly nth: Uint32Array;
  readonly kind: Uint8Array;
  readonly flags: Uint8Array;
  /** 1 + the place in `Header.tools`, 0 for none; the same for models. */
  readonly tool: Uint16Array;
  readonly model: Uint16Array;
  /** Of a call its result's `seq`, of a result its call's; -1 for none. */
  readonly pair: Float64Array;
  readonly tokens: { readonly [name in keyof Tokens]: Uint32Array };
  /** Where the whole text is: body block (-1: the preview is the whole text, or there is none), start and length in bytes. */
  readonly body: Int32Array;
  readonly start: Uint32Array;
  readonly length: Uint32Array;
}

/** Bits of `Events.flags`. */
export const flag = {
  failed: 1, // an error, or a result that says so
  redacted: 2,
  cut: 4, // the body was longer than what the page holds
  image: 8, // the body is a data: URL of a picture
  json: 16, // the body is JSON: the input of a call
} as const;

/** The data of a page, wherever its bytes come from: tags of the file, files of a split page, or a server that follows. */
export interface Source {
  readonly header: Header;
  readonly moments: readonly Moment[];
  readonly pyramid: Pyramid;
  events(block: number): Promise<Events>;
  previews(block: number): Promise<readonly string[]>;
  /** The whole text. Rejects where the page has no bodies. */
  body(events: Events, index: number): Promise<string>;
  /** How many blocks were read so far, of each sort: what an interaction costs must not grow with the page. */
  readonly work: { events: number; previews: number; bodies: number };
}
