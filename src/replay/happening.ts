import type { ClaimRecord } from "../format/records.ts";
import type { Moment } from "./page.ts";

/** A moment before it has its lanes and its place: agents by name, times as they were written and as they are taken. */
export interface Happening extends Omit<Moment, "seq" | "lane" | "to" | "holder" | "at" | "said" | "ids"> {
  at: number;
  readonly said: number;
  /** By its writer's own clock, whatever had been measured of it: the order of what one hand did. */
  readonly own?: number;
  readonly agent: string;
  /** "" for everybody. */
  readonly to?: string;
  readonly holder?: string;
  readonly ids?: readonly string[];
  /** Of an attempt that is in its claim's log: which entry it is. */
  readonly nonce?: string;
  /** Of a claim or a renewal: how long the lease is, in ms. */
  readonly ttlMs?: number;
  /** Ties are decided by it: the key's own time. */
  readonly tie: number;
}

/** A text of a moment is cut to so many characters. */
const textMost = 2_000;

/** A value of memory as a moment tells it. */
export function valueText(value: unknown): string {
  return cut(typeof value === "string" ? value : (JSON.stringify(value) ?? ""));
}

/** The first 2,000 characters of a foreign text, without half a character. */
export function cut(text: string): string {
  return text.length > textMost ? `${text.slice(0, textMost)}…`.toWellFormed() : text.toWellFormed();
}

/** Without the members that are undefined. */
export function defined<T extends object>(value: T): { [name in keyof T]: Exclude<T[name], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}

const finished: Readonly<Record<string, Happening["kind"]>> = {
  complete: "complete",
  blocked: "block",
  needs_review: "review",
  released: "release",
};

/** What a finished step says to whoever comes next, while the claim still has it. */
export function handedOn(claim: ClaimRecord | undefined, n: number | undefined): Partial<Happening> {
  const handoff = claim?.handoff;
  if (!handoff || handoff.n !== n) return {};
  const files = handoff.changed_files?.slice(0, 1_000).map((file) => cut(file));
  return defined({ text: handoff.note ? cut(handoff.note) : undefined, files });
}

/** What an entry in a claim's log is, by the state that it brought; undefined for `in_progress` and what is no state. */
export function finishedKind(state: string): Happening["kind"] | undefined {
  return Object.hasOwn(finished, state) ? finished[state] : undefined;
}
