import { asTracecraftError, TracecraftError } from "../errors.ts";
import { defineCommand, type Context, type Reply } from "./command.ts";
import { answers, type Answers } from "./hook-answers.ts";
import { eventLimit, parseEvent } from "./hook-event.ts";
import { recordRun } from "./hook-record.ts";
import { openTrusted, trusted, type Call } from "./hook-session.ts";
import { machineOf, type Machine } from "./machine.ts";

interface Hook {
  /** From the start of the process to its last word, in ms. */
  readonly hardStopMs: number;
  /** What `early` is told is said even if the hook is stopped after that; told too late, it throws. */
  answer(call: Call, say: Answers, early: (text: string) => void): Promise<string>;
}

const turn = { hardStopMs: 900 };

/** Each loads no more than it needs: a hook is waited for. */
const hooks: Readonly<Record<string, Hook>> = {
  "session-start": {
    hardStopMs: 1_400,
    async answer(call, say, early) {
      const { startSession } = await import("./hook-start.ts");
      return said(await startSession(call, (text) => early(said(text, say.start))), say.start);
    },
  },
  prompt: {
    ...turn,
    async answer(call, say, early) {
      const { promptNews } = await import("./hook-turn.ts");
      return said(await promptNews(call, (text) => early(said(text, say.prompt))), say.prompt);
    },
  },
  // Hermes has no event of a session's start that takes an answer: its first turn is one.
  "pre-llm": {
    hardStopMs: 1_400,
    async answer(call, say, early) {
      const { firstTurn } = await import("./hook-turn.ts");
      const event = (await firstTurn(call)) ? "session-start" : "prompt";
      return await hooks[event]!.answer(call, say, early);
    },
  },
  stop: {
    ...turn,
    async answer(call, say) {
      const { block } = say;
      const reason = await (await import("./hook-turn.ts")).endTurn(call, block !== undefined);
      return block ? said(reason, block) : "";
    },
  },
  // Of a helper within the session, which has no claims of its own to finish.
  "subagent-stop": { ...turn, answer: async (call) => (await import("./hook-turn.ts")).endTurn(call, false) },
  "pre-compact": { ...turn, answer: async (call) => (await import("./hook-turn.ts")).endTurn(call, false) },
  "session-end": { ...turn, answer: async (call) => (await import("./hook-turn.ts")).endSession(call) },
  "pre-tool": {
    ...turn,
    async answer(call, say) {
      return said(await (await import("./hook-guard.ts")).guardTool(call), say.deny);
    },
  },
};

export const hook = defineCommand({
  name: "hook",
  summary: "Answer an event of a harness or of git; what setup installs runs this",
  positionals: {
    harness: { help: `${Object.keys(answers).join(", ")} or git` },
    event: { help: `${Object.keys(hooks).join(", ")}; of git: pre-commit, pre-push` },
  },
  options: {
    stopGate: { help: "of stop: block once when a claim is held or urgent mail is unread" },
    guard: { help: "of stop: keep what pre-tool knows fresh" },
    sessionId: { placeholder: "ID", help: "of mirror: the session, as its harness names it" },
    agent: { placeholder: "A", help: "of mirror: as if run with --agent A" },
  },
  exits: {
    done: "always, but of git: in trouble there is nothing on stdout, and doctor --hooks has the error",
    reserved: "git: a changed path is reserved by another agent",
  },
  examples: ["tracecraft hook claude-code session-start < event.json"],
  needs: "surroundings",

  async run(context, { harness, event, stopGate, guard, sessionId, agent }): Promise<Reply> {
    if (harness === "git") return (await import("./hook-git.ts")).guardGit(context, event);
    const machine = machineOf(context);
    const asked = { stopGate, guard };
    const outcome = Object.hasOwn(behind, event)
      ? await behind[event]!(context, machine, { harness, guard, sessionId, agent })
      : await answered(context, machine, harness, event, asked);
    if (event === "mirror" && !outcome.error) return silently(harness, event);
    try {
      recordRun(
        machine.local,
        { harness: known(harness, answers), event: known(event, { ...hooks, ...behind }) },
        {
          at: machine.now(),
          durationMs: event === "follow" || event === "mirror" ? 0 : machine.ageMs(),
          error: outcome.error,
        },
      );
    } catch {
      // Nowhere to keep it: the hook has done its work.
    }
    return silently(harness, event, outcome.text);
  },
});

function silently(harness: string, event: string, text = ""): Reply {
  return { data: { harness, event, answer: text }, text };
}

interface Outcome {
  readonly text: string;
  readonly error: TracecraftError | undefined;
}

/** What the hook says before its hard stop, or else what it had to say by then. It never throws. */
async function answered(
  context: Context,
  machine: Machine,
  harness: string,
  event: string,
  asked: Call["asked"],
): Promise<Outcome> {
  const [say, found] = [own(answers, harness), own(hooks, event)];
  if (!say || !found) return { text: "", error: undefined }; // Of a newer set-up than this program.
  let early = "";
  let over = false;
  let warned: TracecraftError | undefined;
  const note = (error: unknown): void => void (warned ??= asTracecraftError(error));
  const leftMs = Math.max(200, found.hardStopMs - machine.ageMs());
  const quiet = {
    warn: (text: string) => note(new Error(text)),
    background: (_: string, work: Promise<unknown>) => void work.catch(note),
    deadlineMs: leftMs,
  };
  const work = async (): Promise<string> => {
    const read = parseEvent(await context.readStdin(eventLimit));
    const within = machine.within({ harness, id: read.sessionId, cwd: read.cwd }, quiet);
    return await found.answer({ machine: within, harness, event: read, asked }, say, (text) => {
      if (over) throw late(found);
      early = text;
    });
  };
  let timer: NodeJS.Timeout | undefined;
  const stop = new Promise<"late">((resolve) => (timer = setTimeout(() => resolve("late"), leftMs)));
  try {
    const text = await Promise.race([work(), stop]);
    if (text !== "late") return { text, error: warned };
    over = true;
    return { text: early, error: warned ?? late(found) };
  } catch (error) {
    const trouble = asTracecraftError(error);
    return { text: trouble.code === "unreachable" ? early : "", error: trouble };
  } finally {
    clearTimeout(timer);
  }
}

function late({ hardStopMs }: Hook): TracecraftError {
  return new TracecraftError("timeout", `Not finished within ${hardStopMs} ms`);
}

interface AskedBehind {
  readonly harness: string;
  readonly guard: boolean;
  readonly sessionId: string | undefined;
  readonly agent: string | undefined;
}

type Behind = (context: Context, machine: Machine, asked: AskedBehind) => Promise<Outcome>;

/** What runs on its own, behind hooks that have long answered. */
const behind: Readonly<Record<string, Behind>> = {
  keep: (_context, machine, { guard }) =>
    quietly(async () => {
      const project = await openTrusted({ machine });
      if (project) await (await import("./hook-turn.ts")).keepSession(machine, project, guard);
    }),
  // Not the command, which takes whatever configuration is there by then.
  mirror: (context, machine, { harness, sessionId, agent }) =>
    quietly(async () => {
      const found = sessionId === undefined ? undefined : await trusted(machine, agent);
      if (!found) return;
      const { mirrorSession } = await import("./hook-mirror.ts");
      await mirrorSession(context, found, { harness, sessionId: sessionId! });
    }),
  follow: (context, machine, { harness }) =>
    quietly(async () => {
      const { followSession } = await import("./hook-follow.ts");
      const follows = { harness: known(harness, answers), event: "follow" };
      await followSession(machine, context, (error) =>
        recordRun(machine.local, follows, { at: machine.now(), durationMs: 0, error }),
      );
    }),
};

async function quietly(work: () => Promise<void>): Promise<Outcome> {
  try {
    await work();
    return { text: "", error: undefined };
  } catch (error) {
    return { text: "", error: asTracecraftError(error) };
  }
}

function said(text: string, form: (text: string) => string): string {
  return text === "" ? "" : form(text);
}

function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** What is kept under the name of a hook is kept for hooks that there are, not for any word on a line. */
function known(name: string, table: object): string {
  return Object.hasOwn(table, name) ? name : "other";
}
