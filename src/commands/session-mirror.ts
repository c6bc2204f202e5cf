import { resolve } from "node:path";
import { TracecraftError } from "../errors.ts";
import { manifestKey } from "../format/keys.ts";
import { harnesses, harnessNamed } from "../harness/all.ts";
import type { Harness } from "../harness/harness.ts";
import type { Problem } from "../sessions/catalogue.ts";
import { chooseAll, chooseOne, type Choice } from "../sessions/choose.ts";
import { mirrorAll, type Outcome } from "../sessions/mirror-all.ts";
import { typed } from "./values.ts";
import { defineCommand, type Reply } from "./command.ts";
import { ofProject, projectNames, projectRoot } from "./project-folder.ts";
import { redactorFor } from "./redactor.ts";
import { sessionHost } from "./session-host.ts";
import { mirrorJson, mirrorProgress, mirrorWords, sourceProblem, stopped } from "./session-words.ts";
import { followSessions } from "./session-watch.ts";

export const sessionMirror = defineCommand({
  name: "session mirror",
  summary: "Copy agents' transcripts into the bucket, without their secrets",
  positionals: {},
  options: {
    harness: { placeholder: "H", help: `of this harness: ${harnesses.map(({ name }) => name).join(", ")}` },
    sessionId: { placeholder: "ID", help: "this session (default: the newest of this folder)" },
    cwd: {
      placeholder: "DIR",
      help: "of this folder, with --all what is in it too (default: the working directory)",
    },
    all: { help: "every session of this project, of every harness found here" },
    everywhere: { help: "with --all: of every project" },
    watch: { help: "go on until stopped" },
    minBytes: { placeholder: "N", default: "1", help: "leave less than so much new for later" },
    noRedact: { help: "upload secrets too" },
  },
  exits: {
    not_found: "no such session here",
    config: "the rules of redaction cannot be loaded",
    interrupted: "stopped",
  },
  examples: ["tracecraft session mirror --harness claude-code", "tracecraft session mirror --all --watch"],
  needs: "project",

  async run(context, { harness, sessionId, cwd, all, everywhere, watch, minBytes, noRedact }) {
    const { project, signal } = context;
    const redactor = noRedact ? undefined : redactorFor(context);
    const host = sessionHost(context);
    const here = resolve(context.cwd, cwd ?? ".");
    const folder = everywhere ? undefined : here;
    const wanted = harness === undefined ? harnesses : [known(harness)];
    if (harness === undefined && !all && !everywhere)
      throw new TracecraftError("usage", "Cannot mirror: neither --harness nor --all is given", {
        hint: "tracecraft session mirror --all",
      });
    const choose = async (): Promise<Choice> => {
      if (everywhere) return await chooseAll(wanted, host, undefined);
      if (!all)
        return await chooseOne(wanted[0]!, host, sessionId === undefined ? folder : undefined, sessionId);
      const root = projectRoot(here);
      const below = cwd === undefined ? (root?.folder ?? here) : here;
      const namesAt = projectNames();
      const foreign = (at: string): boolean => namesAt(at) !== root?.names;
      return ofProject(await chooseAll(wanted, host, { below, foreign }), root?.names, namesAt);
    };

    const mirrorOptions = { host, redactor, minBytes: bytesOf(minBytes), signal };
    const words = { harness, sessionId, cwd, all, everywhere, noRedact };
    if (watch)
      return await followSessions(context, choose, {
        ...mirrorOptions,
        command: `${typedCommand(words)} --watch`,
      });

    const choice = await choose();
    if (choice.chosen.length === 0) return nothingFound(choice, wanted, folder, all);
    const outcomes = await mirrorAll(project, choice.chosen, {
      ...mirrorOptions,
      progress: mirrorProgress(context),
    });
    if (signal.aborted) throw stopped(typedCommand(words));
    return answerOf(choice, outcomes, all || everywhere);
  },
});

function known(name: string): Harness {
  const found = harnessNamed(name);
  if (found) return found;
  throw new TracecraftError("usage", `Cannot mirror "${name}": no such harness`, {
    cause: `there are ${harnesses.map((one) => one.name).join(", ")}`,
  });
}

function bytesOf(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new TracecraftError(
    "usage",
    `Cannot read --min-bytes "${text.slice(0, 60)}": it is a number of bytes`,
  );
}

function nothingFound(
  { problems, warnings }: Choice,
  wanted: readonly Harness[],
  folder: string | undefined,
  all: boolean,
): never {
  if (problems[0]) throw problems[0];
  const whose = wanted.length === 1 ? `${wanted[0]!.name} ` : "";
  const where = folder === undefined ? "on this machine" : all ? "in this project" : "in this folder";
  throw new TracecraftError("not_found", `No ${whose}session found ${where}`, {
    ...(warnings[0] !== undefined && { cause: warnings[0] }),
    ...(folder !== undefined && { hint: `tracecraft session mirror --all${all ? " --everywhere" : ""}` }),
  });
}

function answerOf({ problems, warnings }: Choice, outcomes: readonly Outcome[], all: boolean): Reply {
  const failed = outcomes.flatMap((one) => ("error" in one ? [one.error] : []));
  if (failed.length > 0 && failed.length === outcomes.length && outcomes.length === 1) throw failed[0]!;
  const told = outcomes.flatMap((one) => ("mirrored" in one ? one.mirrored.warnings : []));
  return {
    data: {
      sessions: outcomes.flatMap((one) => ("mirrored" in one ? [mirrorJson(one, one.mirrored)] : [])),
      problems: [...outcomes.flatMap(outcomeProblem), ...problems.map(sourceProblem)],
    },
    text: mirrorWords(outcomes, all),
    ...(failed.length > 0 && { error: failed[0]! }),
    warnings: [...warnings, ...told, ...[...failed.slice(1), ...problems].map(({ message }) => message)],
  };
}

/** What a session could not be brought into, and why. */
function outcomeProblem(one: Outcome): Problem[] {
  if (!("error" in one)) return [];
  return [{ key: manifestKey(one.harness.name, one.session.id), why: one.error.message }];
}

interface Words {
  readonly harness: string | undefined;
  readonly sessionId: string | undefined;
  readonly cwd: string | undefined;
  readonly all: boolean;
  readonly everywhere: boolean;
  readonly noRedact: boolean;
}

/** The command as it was typed, for whoever wants to go on. */
function typedCommand({ harness, sessionId, cwd, all, everywhere, noRedact }: Words): string {
  return [
    "tracecraft session mirror",
    ...(harness === undefined ? [] : [`--harness ${harness}`]),
    ...(sessionId === undefined ? [] : [`--session-id ${typed(sessionId)}`]),
    ...(cwd === undefined ? [] : [`--cwd ${typed(cwd)}`]),
    ...(all ? ["--all"] : []),
    ...(everywhere ? ["--everywhere"] : []),
    ...(noRedact ? ["--no-redact"] : []),
  ].join(" ");
}
