import type { Project } from "../coord/project.ts";
import type { ErrorCode, TracecraftError } from "../errors.ts";

/** An argument by position. At most one is `many`, and it is the last. */
export interface Positional {
  readonly help: string;
  readonly optional?: true;
  readonly many?: true;
}

/** `--name VALUE`. Without a `placeholder` it is a flag. */
export interface Option {
  readonly help: string;
  readonly placeholder?: string;
  /** Shown in the help and taken when the option is absent. */
  readonly default?: string;
  /** May be given more than once. */
  readonly many?: true;
  /** One letter, such as "o". */
  readonly short?: string;
}

export type Positionals = Readonly<Record<string, Positional>>;
export type Options = Readonly<Record<string, Option>>;

type PositionalValue<P extends Positional> = P extends { many: true }
  ? readonly string[]
  : P extends { optional: true }
    ? string | undefined
    : string;

type OptionValue<O extends Option> = O extends { placeholder: string }
  ? O extends { many: true }
    ? readonly string[]
    : O extends { default: string }
      ? string
      : string | undefined
  : boolean;

/** Names are in camelCase here and in kebab-case on the command line: `nextAction` is `--next-action`. */
export type Arguments<P extends Positionals, O extends Options> = {
  readonly [K in keyof P]: PositionalValue<P[K]>;
} & { readonly [K in keyof O]: OptionValue<O[K]> };

/** What a command may use of the world around the project. Words in, reply out: it never sees the terminal. */
export interface Surroundings {
  readonly cwd: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** The project's own rules of redaction and its allow-list, as they stand in the configuration, unchecked. */
  readonly redaction: unknown;
  /** All of standard input. More than `limitBytes` is the error `usage`. */
  readStdin(limitBytes?: number): Promise<Uint8Array>;
  /** Whether a process of this machine runs, also one of another user. */
  isAlive(pid: number): boolean;
  /** Ends when the process is told to stop. */
  readonly signal: AbortSignal;
  /** One line about work that goes on, for stderr. The printer decides how often it is shown. */
  progress(line: Progress): void;
  /** For commands that answer more than once: one record, as JSON and as text. */
  emit(data: Readonly<Record<string, unknown>>, text: Text): void;
}

/** `plain` is a whole line. `terminal` replaces it where the line is rewritten in place. `urgent` is never held back. */
export interface Progress {
  readonly plain: string;
  readonly terminal?: string;
  readonly urgent?: boolean;
}

export interface View {
  /** `terminal`: a person, aligned columns; `plain`: one record a line, nothing cut. */
  readonly layout: "plain" | "terminal";
  /** Columns of the terminal. */
  readonly width: number;
  /** Times as points in time, also on a terminal. */
  readonly absolute: boolean;
  /** Colours a word that says the same without colour. */
  paint(style: Style, text: string): string;
}

export type Style = "good" | "waiting" | "bad" | "command" | "dim" | "bold";

/** The answer for stdout, without the last line end. Empty for none. */
export type Text = string | ((view: View) => string);

export interface Reply {
  /** `data` of the JSON document. Texts by other agents stand beside `"untrusted": true`. */
  readonly data: Readonly<Record<string, unknown>>;
  readonly text: Text;
  /** A refusal: its status is the command's, its lines go to stderr. What `text` has is printed all the same. */
  readonly error?: TracecraftError;
  /** The command that usually comes next. */
  readonly next?: string;
  readonly warnings?: readonly string[];
  /** Runs once stdout has taken the whole answer, and never when it has not: what was shown may now count as read. */
  shown?(): Promise<void>;
  /** The steps and mail that this answer has spoken of, so that the status line does not say it again. */
  readonly told?: { readonly steps?: readonly string[]; readonly mail?: boolean };
}

export interface Command<P extends Positionals = Positionals, O extends Options = Options> {
  /** Such as "claim" or "memory set". */
  readonly name: string;
  /** One sentence without a full stop. */
  readonly summary: string;
  readonly positionals: P;
  readonly options: O;
  /** What a status or code means here, where that is not said better by its general meaning. */
  readonly exits: Readonly<Partial<Record<ErrorCode | "done", string>>>;
  readonly examples: readonly string[];
  /** `project`: refused outside of one. `surroundings`: runs anywhere, and opens a project by itself if it must. */
  readonly needs: "project" | "surroundings";
  run(context: Context, args: Arguments<P, O>): Promise<Reply>;
}

export interface Context extends Surroundings {
  /** For commands that need a project. For others, reading it is a bug. */
  readonly project: Project;
}

/** Makes asking `run` for an argument that is not declared a compile error. */
export function defineCommand<const P extends Positionals, const O extends Options>(
  command: Command<P, O>,
): Command<P, O> {
  return command;
}
