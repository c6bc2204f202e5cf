import type { Reply, Text } from "../commands/command.ts";
import { explain, type TracecraftError } from "../errors.ts";
import type { General } from "./general.ts";
import type { Printer } from "./print.ts";

const schemaVersion = 1;

/** What a call says, in the one order that there is: the answer, warnings, what comes next, an error, the status line. */
export interface Reporter {
  readonly printer: Printer;
  /** The answer on stdout. Whether stdout took all of it. `extra` goes into the data of the JSON document. */
  answer(
    reply: Reply,
    extra: { readonly notices?: readonly string[]; readonly warnings: readonly string[] },
  ): boolean;
  /** Everything behind the answer, on stderr. The exit status. */
  talk(reply: Reply, warnings: readonly string[], notices: readonly string[]): number;
  /** Both, for what has no project. */
  reply(reply: Reply): number;
  /** One record of a command that answers more than once. */
  emit(data: Readonly<Record<string, unknown>>, text: Text): void;
  failure(
    error: TracecraftError,
    thrown: unknown,
    warnings?: readonly string[],
    notices?: readonly string[],
  ): number;
}

export function reporter(printer: Printer, general: Pick<General, "json" | "quiet" | "verbose">): Reporter {
  const { json, quiet, verbose } = general;
  const plain = printer.view.layout === "plain";
  let emitted = false;

  function talkError(error: TracecraftError, thrown: unknown): void {
    const [first = "", ...more] = explain(error).split("\n");
    printer.talk("bad", "Error:", first.slice("Error:".length));
    if (json) return;
    for (const line of more) {
      const at = line.indexOf(": ") + 1;
      printer.talk("dim", line.slice(0, at), line.slice(at));
    }
    if (verbose && thrown instanceof Error) printer.talk("dim", "", thrown.stack ?? "");
  }

  function talkAround(warnings: readonly string[]): void {
    if (quiet || json) return;
    for (const warning of warnings) printer.talk("waiting", "warning:", ` ${oneLine(warning)}`);
  }

  const statusLine = (notices: readonly string[]): void => {
    if (plain && !json && !quiet && notices.length > 0)
      printer.talk(undefined, "", `-- ${notices.join(" · ")}`);
  };

  const all: Reporter = {
    printer,

    answer(reply, { notices, warnings }) {
      if (!json) return printer.answer(reply.text);
      if (emitted && (!reply.error || reply.error.code === "interrupted")) return true;
      if (reply.error) return printer.document(errorDocument(reply.error, reply.data));
      const data = {
        ...reply.data,
        ...(notices && !("notices" in reply.data && reply.data["notices"]) && { notices }),
        ...(warnings.length > 0 && { warnings }),
      };
      return printer.document({
        schema_version: schemaVersion,
        ok: true,
        data,
        next: reply.next === undefined ? [] : [reply.next],
      });
    },

    talk({ error, next }, warnings, notices) {
      printer.rewrite(undefined);
      talkAround(warnings);
      if (error) talkError(error, error);
      else if (next !== undefined && plain && !json && !quiet && warnings.length === 0)
        printer.talk("dim", "next:", ` ${next}`);
      statusLine(notices);
      return error?.status ?? 0;
    },

    reply(reply) {
      all.answer(reply, { warnings: reply.warnings ?? [] });
      return all.talk(reply, reply.warnings ?? [], []);
    },

    emit(data, text) {
      emitted = true;
      void (json
        ? printer.document({ schema_version: schemaVersion, ok: true, data })
        : printer.answer(text));
    },

    failure(error, thrown, warnings = [], notices = []) {
      printer.rewrite(undefined);
      const told = emitted && (error.code === "interrupted" || error.code === "terminated");
      if (json && !told) printer.document(errorDocument(error, {}));
      talkAround(warnings);
      talkError(error, thrown);
      statusLine(notices);
      return error.status;
    },
  };
  return all;
}

function errorDocument(
  error: TracecraftError,
  data: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    schema_version: schemaVersion,
    ok: false,
    error: {
      code: error.code,
      message: error.message,
      ...(error.hint !== undefined && { fix: error.hint }),
      retryable: error.retryable,
      details: error.details,
    },
    ...(Object.keys(data).length > 0 && { data }),
  };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, " ");
}
