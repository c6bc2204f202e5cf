import type { Style, Text, View } from "../commands/command.ts";
import { withoutControls } from "../commands/text.ts";
import { isDiskFull, TracecraftError } from "../errors.ts";
import type { General } from "./general.ts";
import type { Sink } from "./sink.ts";

export interface Outlet {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** An agent reads plain text, also in a terminal. */
  readonly inHarness: boolean;
  /** Told when nobody reads stdout any more. */
  readonly closed: () => void;
}

/** The only writer of stdout and stderr. Colours are decided for each stream by itself; layout by stdout alone. */
export interface Printer {
  readonly view: View;
  readonly json: boolean;
  /** The answer. Whether stdout took all of it. */
  answer(text: Text): boolean;
  /** One JSON document on a line. Whether stdout took all of it. */
  document(value: unknown): boolean;
  /** A line on stderr: `word` is coloured, the rest stands as it is. */
  talk(style: Style | undefined, word: string, rest: string): void;
  /** Rewrites the last line of the terminal, until another line comes; undefined wipes it. Only in terminal layout. */
  rewrite(line: string | undefined): void;
}

const codes: Readonly<Record<Style, number>> = {
  good: 32,
  waiting: 33,
  bad: 31,
  command: 36,
  dim: 2,
  bold: 1,
};
const widest = 120;
const usualWidth = 80;

export function printer(outlet: Outlet, general: Pick<General, "json" | "absolute">): Printer {
  const { stdout, stderr, env, inHarness } = outlet;
  const layout = stdout.isTTY && !inHarness ? "terminal" : "plain";
  const coloured = { out: hasColour(stdout, env, inHarness), err: hasColour(stderr, env, inHarness) };
  let rewritten = false;
  let open = true;

  const wipe = (): string => {
    const erase = rewritten ? "\r\x1b[K" : "";
    rewritten = false;
    return erase;
  };

  function write(text: string): boolean {
    if (!open) return false;
    say(wipe());
    try {
      stdout.write(text);
      return true;
    } catch (error) {
      open = false;
      if (isDiskFull(error)) throw new TracecraftError("disk_full", "Cannot write the answer: no space left");
      outlet.closed(); // EPIPE: whoever read has seen enough.
      return false;
    }
  }

  /** Nobody may be reading this, and that is no reason to stop. */
  function say(text: string): void {
    try {
      if (text !== "") stderr.write(text);
    } catch {
      // Nothing is left to say it to.
    }
  }

  const view: View = {
    layout,
    width: Math.max(20, Math.min(widest, stdout.columns || usualWidth)),
    absolute: general.absolute,
    paint: (style, text) => painted(coloured.out, style, text),
  };

  return {
    view,
    json: general.json,
    answer(text) {
      const made = withoutControls(typeof text === "string" ? text : text(view), coloured.out);
      return made === "" ? open : write(`${made}\n`);
    },
    document: (value) => write(`${exactJson(value)}\n`),
    talk(style, word, rest) {
      const line =
        (style === undefined ? word : painted(coloured.err, style, word)) + withoutControls(rest, false);
      say(`${wipe()}${line}\n`);
    },
    rewrite(line) {
      if (line === undefined) say(wipe());
      else {
        say(`\r\x1b[K${withoutControls(line, false)}`);
        rewritten = true;
      }
    },
  };
}

function hasColour({ isTTY }: Sink, env: Outlet["env"], harness: boolean): boolean {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined && forced !== "") return forced !== "0" && forced !== "false";
  return Boolean(isTTY) && !harness && !env["NO_COLOR"] && env["TERM"] !== "dumb";
}

function painted(coloured: boolean, style: Style, text: string): string {
  return coloured && text !== "" ? `\x1b[${codes[style]}m${text}\x1b[0m` : text;
}

/** The exact value, in characters that no terminal acts on. */
function exactJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\x7f-\x9f]|[\u2028\u2029]|\p{Cf}|\p{Default_Ignorable_Code_Point}/gu,
    (found) =>
      Array.from(
        { length: found.length },
        (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`,
      ).join(""),
  );
}
