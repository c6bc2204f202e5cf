import type { LocalState, Project, Session } from "../coord/project.ts";
import type { SigningKeys } from "../store/sigv4.ts";
import type { StorePlace } from "../store/open.ts";
import type { Context } from "./command.ts";
import type { Tool } from "./tools.ts";

/** Which project a folder belongs to, as a file says it or is about to. */
export interface Configuration {
  readonly project: string;
  /** The store as the file names it: `file:` is the default folder, `./x` is beside the file. */
  readonly store: string;
  /** The same, ready to be opened; with the keys kept for it outside of the project, if any. */
  readonly place: StorePlace;
  /** The file, absolute, and as people are told of it. */
  readonly file: string;
  readonly shownFile: string;
  /** Of a project, or of this user for folders without one. */
  readonly level: "project" | "user";
  /** Only of format 1 or of this user: a file that several checkouts share names no agent. */
  readonly agentId: string | undefined;
  /** By option name: taken where the command line is silent. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly redaction: unknown;
  readonly warnings: readonly string[];
  /** Keys that a file of format 1 holds. */
  readonly oldKeys: SigningKeys | undefined;
}

/** Who a process is in a project, and how that is known. */
export interface Identity {
  readonly agent: string;
  /** For people: "bound to this harness session". */
  readonly agentFrom: string;
  readonly session: Session;
  /** What stands for this checkout of this machine in names. */
  readonly checkout: string;
}

export interface Draft {
  readonly project: string;
  readonly store: string;
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly keys?: SigningKeys | undefined;
}

/** What commands that run outside of a project may do with this machine beyond looking around. */
export interface Machine {
  /** The configuration of this folder; undefined when there is none. One that cannot be used is the error `config`. */
  configuration(): Configuration | undefined;
  /** The configuration that `save` would write into this folder. */
  draft(words: Draft): Configuration;
  /** Keys, if any, into the user's own file; then, if asked, the project's file, which never has them. */
  save(
    configuration: Configuration,
    what: { readonly keys: SigningKeys | undefined; readonly file: boolean },
  ): void;
  /** Sends nothing. `agent` is the one that was asked for on the command line. */
  identify(configuration: Configuration, agent?: string): Identity;
  /** Sends nothing. Its work in the background is awaited before the process ends. */
  open(configuration: Configuration, agent?: string): Promise<Project>;
  /** Makes the bucket where it is missing, and says whose keys are used; undefined for a folder. */
  prepare(
    configuration: Configuration,
  ): Promise<{ readonly made: boolean; readonly keysFrom: string } | undefined>;
  /** What is kept on this machine whatever the project. `create` answers what is there afterwards, whoever wrote it. */
  readonly local: LocalState & { create(name: string, value: unknown): unknown };
  /** The folder of all local state: where a shell looks for a flag. */
  readonly stateFolder: string;
  /** This machine as a session of a harness sees it that is known by other means than the environment. */
  within(session: HarnessPlace, quiet: Quiet): Machine;
  /** The process of this harness above us, as a name of its life that no other process ever has. */
  harnessLife(harness: string): string | undefined;
  /** Starts this program anew, detached and silent, for the session that this machine is seen from. Its life. */
  launch(words: readonly string[]): string | undefined;
  /** By this machine's clock, in ms since the epoch. */
  now(): number;
  /** Since this process began, in ms. */
  ageMs(): number;
  /** This process, as such a life. */
  ownLife(): string | undefined;
  /** Whether a process of such a life runs. */
  lives(life: string): boolean;
}

export interface HarnessPlace {
  readonly harness: string;
  readonly id: string;
  readonly cwd: string;
}

/** Where warnings and work in the background go when nobody may be disturbed, and how long the store is tried. */
export interface Quiet {
  warn(text: string): void;
  background(what: string, work: Promise<unknown>): void;
  readonly deadlineMs: number;
}

/** What only the door to this process can do. */
export interface Serving {
  /** Serves tools on standard input and output until the client goes away. */
  serveTools(tools: readonly Tool[], agent?: string): Promise<void>;
}

/** The machine behind a command that needs no project. */
export function machineOf(context: Context): Machine & Serving {
  const { machine } = context as Context & { readonly machine?: Machine & Serving };
  if (!machine) throw new Error("this door to the commands has no machine");
  return machine;
}
