import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TracecraftError } from "../src/errors.ts";
import type { Arguments, Command, Options, Positionals } from "../src/commands/command.ts";
import { explain } from "../src/errors.ts";
import { tempFolder } from "./harness-home.ts";
import {
  said,
  testContext,
  testProject,
  withDefaults,
  type AnswerOptions,
  type TestContext,
  type TestProject,
  type TestProjectOptions,
} from "./project.ts";

export const sessionId = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";

/** A home folder with one Claude Code session of the folder `/w`, and a project whose agent is web-1. */
export interface SessionWorld {
  readonly home: string;
  readonly cwd: string;
  readonly project: TestProject;
  /** The transcript of that session. */
  readonly path: string;
  readonly env: Record<string, string | undefined>;
  /** A command as the book writes it, in that home. */
  run<P extends Positionals, O extends Options>(
    command: Command<P, O>,
    args?: Partial<Arguments<P, O>>,
    options?: AnswerOptions & { project?: TestProject },
  ): Promise<string>;
  context(options?: AnswerOptions, project?: TestProject): TestContext;
}

export function line(
  n: number,
  text = `line ${n}`,
  at = `2026-11-22T14:0${Math.floor(n / 60) % 10}:${String(n % 60).padStart(2, "0")}.000Z`,
): string {
  const message = { role: "user", content: text };
  return JSON.stringify({ type: "user", uuid: `u${n}`, sessionId, cwd: "/w", timestamp: at, message });
}

export function sessionWorld(lines: readonly string[] = [], options: TestProjectOptions = {}): SessionWorld {
  const home = tempFolder();
  const folder = join(home, ".claude", "projects", "-w");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${sessionId}.jsonl`);
  if (lines.length > 0) writeFileSync(path, lines.map((text) => `${text}\n`).join(""));
  // Time has passed since the files of a test were written: so they are known to be settled.
  const project = testProject({ clock: { now: Date.now() + 60_000 }, ...options });
  const env: Record<string, string | undefined> = {};
  const context = (more: AnswerOptions = {}, of = project): TestContext => ({
    ...testContext(of, { cwd: more.cwd ?? "/w", ...(more.signal && { signal: more.signal }) }),
    home,
    env,
  });
  return {
    home,
    cwd: "/w",
    project,
    path,
    env,
    context,
    async run(command, args = {}, more = {}) {
      const of = more.project ?? project;
      const here = context(more, of);
      let text: string;
      try {
        text = await said(await command.run(here, withDefaults(command, args)), more.view);
      } catch (error) {
        if (!(error instanceof TracecraftError)) throw error;
        text = [
          ...explain(error)
            .split("\n")
            .map((one) => `2> ${one}`),
          `# ${error.status}`,
        ].join("\n");
      }
      await of.settled();
      return text;
    },
  };
}
