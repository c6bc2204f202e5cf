import type { Options } from "../commands/command.ts";

/** Options that every command takes. */
export const generalOptions = {
  json: { help: "one JSON document on stdout" },
  quiet: { help: "nothing on stderr but errors" },
  agent: { placeholder: "A", help: "act as this agent" },
  deadline: { placeholder: "10s", help: "how long to try (default 10s)" },
  absolute: { help: "times as points in time, also on a terminal" },
  verbose: { help: "with the stack of an error" },
  help: { help: "what the command does", short: "h" },
  version: { help: "the version of this program" },
} as const satisfies Options;

/** What they said. */
export interface General {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly agent: string | undefined;
  readonly deadline: string | undefined;
  readonly absolute: boolean;
  readonly verbose: boolean;
  readonly help: boolean;
  readonly version: boolean;
}
