import { TracecraftError } from "../errors.ts";

/** One file that a harness reads, and our part in it. Texts come in and go out with the line ends that they have. */
export interface Target {
  /** Absolute. */
  readonly path: string;
  /** What our part is made of: "hook", "line". */
  readonly noun: string;
  readonly total: number;
  /** With our part in it, exactly once, and all else as it was. Empty for a file that is not there. Refuses by `config`. */
  add(text: string): string;
  /** Without our part. */
  remove(text: string): string;
  /** How many of `total` are not there. */
  missing(text: string): number;
  /** How much of ours is there, also of a set-up that asked for more. */
  held(text: string): number;
  /** For a file that cannot be changed: what to put into it by hand. */
  readonly patch: string;
  /** Settings are kept beside the file before they are changed; from other files our part goes without a trace. */
  readonly backup: boolean;
  /** What the file's bytes are read as; `latin1` keeps every byte, whatever it means. */
  readonly encoding: "utf8" | "latin1";
  readonly executable?: true;
  /** Said behind the count. Undefined for a file that is all ours, of which nothing is counted. */
  readonly after?: string;
}

/** The harness's settings, and where they are to be changed. */
export interface Place {
  readonly scope: "project" | "local" | "user";
  readonly home: string;
  /** The repository's root, or the folder where there is none. */
  readonly root: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Wishes {
  readonly guard: boolean;
  readonly stopGate: boolean;
  readonly mcp: boolean;
}

export interface Plan {
  readonly targets: readonly Target[];
  readonly notes: readonly string[];
}

export function cannotChange(shown: string, state: string): TracecraftError {
  return new TracecraftError("config", `Cannot change "${shown}": ${state}`);
}

/** The line end of a text: that of its first line. */
export function lineEndOf(text: string): "\n" | "\r\n" {
  return /^[^\n]*\r\n/.test(text) ? "\r\n" : "\n";
}
