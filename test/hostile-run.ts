import { all, loadCommand } from "../src/commands/all.ts";
import { withoutControls } from "../src/commands/text.ts";
import { asTracecraftError, explain } from "../src/errors.ts";
import { plain, render, terminal, testContext, withDefaults, type TestProject } from "./project.ts";

/** What one call of a command says. */
export interface Outcome {
  readonly status: number;
  readonly code: string | undefined;
  /** stdout in both layouts, before the printer's last look: it must be clean by itself. */
  readonly plain: string;
  readonly terminal: string;
  readonly stderr: string;
  readonly data: unknown;
  readonly hints: readonly string[];
}

export type Call = readonly [name: string, args?: Record<string, unknown>];

/** The statuses of docs/output.md that a command without a signal may end with, but the one that is a bug of ours. */
export const documented = [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

export const projectCommands = async (): Promise<string[]> => {
  const loaded = await Promise.all(Object.keys(all).map(loadCommand));
  return loaded.filter(({ needs }) => needs === "project").map(({ name }) => name);
};

/** Runs a command as the program does, and looks at all that it prints. Never throws. */
export async function call(
  project: TestProject,
  [name, args = {}]: Call,
  { cwd = "/nowhere", stdin = "" }: { cwd?: string; stdin?: string | Uint8Array } = {},
): Promise<Outcome> {
  const command = await loadCommand(name);
  const context = testContext(project, { cwd, stdin });
  const views = [plain, terminal];
  let stdout = ["", ""];
  let lines: string[] = [];
  let error;
  let data: unknown;
  const hints: string[] = [];
  try {
    const reply = await command.run(context, withDefaults(command, args as never));
    stdout = views.map((view) => render(reply.text, view));
    lines = (reply.warnings ?? []).map((warning) => `warning: ${warning}`);
    if (reply.next !== undefined) hints.push(reply.next);
    ({ error, data } = reply);
    await reply.shown?.();
  } catch (thrown) {
    error = asTracecraftError(thrown);
  }
  await project.settled();
  const emitted = views.map((view) => context.emitted.map(({ text }) => `${render(text, view)}\n`).join(""));
  const progressed = context.progressed.flatMap((line) => [line.plain, line.terminal ?? ""]);
  const talk = [...progressed, ...lines, ...project.warnings.splice(0).map((text) => `warning: ${text}`)];
  // The printer's own last look; each warning is one line.
  const told = [
    ...talk.map((line) => line.replaceAll(/\s*[\r\n]+\s*/g, " ")),
    ...(error ? [explain(error)] : []),
  ];
  if (error?.hint !== undefined) hints.push(error.hint);
  return {
    status: error?.status ?? 0,
    code: error?.code,
    plain: emitted[0]! + stdout[0]!,
    terminal: emitted[1]! + stdout[1]!,
    stderr: withoutControls(told.join("\n"), false),
    data: data ?? error?.details,
    hints,
  };
}
