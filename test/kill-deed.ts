import type { Lane } from "./kill-lane.ts";
import type { Worker } from "./processes.ts";
import type { Ran } from "./run-cli.ts";

/** One command that changes something, and how one sees in the bucket that it did. */
export interface Deed {
  readonly name: string;
  /** By real processes, once; what is there afterwards is put back before each try. */
  prepare?(lane: Lane): Promise<void>;
  words(lane: Lane): readonly string[];
  /** Where it is not run as `mine` in its own folder. */
  readonly env?: (lane: Lane) => Readonly<Record<string, string>>;
  readonly folder?: (lane: Lane) => string;
  /** What it says when it has done it. */
  readonly says: RegExp;
  /** Whether it is so, by what lies in the bucket. */
  isSo(lane: Lane): boolean;
  /** Its last write is on this machine, not in the bucket. */
  readonly endsHere?: true;
  /** What the other's claim of the step must end with once every lease has lapsed. */
  takeOver?(lane: Lane): 0 | 3;
  /** The status of the same command once more when it is done, where it is only done to what was there before. */
  readonly onceDone?: 3 | 5;
  /** What must be so where it was done by one command, however often that had to send it. */
  onlyOnce?(lane: Lane): string[];
  /** What else must be so after a try that was killed and the same command once more. */
  audit?(lane: Lane, killed: Ran, again: Ran): Promise<string[]> | string[];
}

/** The lease that the deeds take, and how long it is. */
export const ttl = "10m";
export const ttlMs = 600_000;

export async function must(who: Worker, ...words: string[]): Promise<Ran> {
  const ran = await who.run(words);
  if (ran.status !== 0) throw new Error(`${words.join(" ")} ended with ${ran.status}: ${ran.stderr}`);
  return ran;
}

/** The keys of what lies in that agent's folder. */
export const mailTo = ({ keys }: Lane, agent: string) => keys(`messages/${agent}/`);
