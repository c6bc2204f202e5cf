import type { Store } from "../store/store.ts";

/**
 * What a call of the program works in: a bucket, a project in it, and who is calling. Everything that is not a pure
 * function of this comes in through it, so that a test or a simulation can be the world.
 */
export interface Project {
  /** Opened at the project: its keys are those of `format/keys.ts`. */
  readonly store: Store;
  readonly name: string;
  readonly agent: string;
  readonly session: Session;
  readonly world: World;
  /** A cache and a binding of this machine, for this store and project. Never an authority: it may be lost. */
  readonly local: LocalState;
  /** How long a conditional write is tried before its outcome is called unknown, in ms. */
  readonly deadlineMs: number;
  /** Work that may end after the answer but before the process does. Its failure becomes a warning that says `what`. */
  background(what: string, work: Promise<unknown>): void;
  /** One line for stderr that never changes the status. */
  warn(text: string): void;
}

/** One life of an agent: a harness session, or a shell. Two sessions of one agent never both hold a step. */
export interface Session {
  readonly id: string;
  /** Ids that this same session had before its harness renamed it. A claim of any of them is this session's. */
  readonly earlier: readonly string[];
  /** Such as "claude-code"; undefined outside a harness. */
  readonly harness: string | undefined;
  readonly host: string;
}

export interface World {
  /** This machine's wall clock, in ms. It may be wrong: see `clock.ts`. */
  now(): number;
  /** A clock that never goes back, in ms, counted within one boot of this machine. */
  monotonic(): number;
  readonly bootId: string;
  /** Ends early, without an error, when the process is told to stop. */
  sleep(ms: number): Promise<void>;
  /** Random bytes, in hex. */
  randomHex(bytes: number): string;
  /** From 0 up to 1, for jitter. */
  chance(): number;
}

/** Small JSON values on this machine, by names such as "leases/web-1/design". A damaged one reads as absent. */
export interface LocalState {
  read(name: string): unknown;
  write(name: string, value: unknown): void;
  remove(name: string): void;
  /** The names that start with `prefix`, whole. */
  names(prefix: string): readonly string[];
}

/** Whether a record's session is this one, by any of its ids. */
export function isOurs(session: Session, id: string | null | undefined): boolean {
  return id === session.id || (typeof id === "string" && session.earlier.includes(id));
}
