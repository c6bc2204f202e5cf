import { dirname } from "node:path";
import { expect } from "vitest";
import { claudeCode } from "../src/harness/claude-code.ts";
import type { Session } from "../src/harness/harness.ts";
import { createRedactor } from "../src/redact/redact.ts";
import { buildPage, type BuiltPage } from "../src/replay/build.ts";
import { readViewer } from "../src/replay/viewer-files.ts";
import { writePage } from "../src/replay/write.ts";
import { mirrorSession } from "../src/sessions/mirror.ts";
import { builtCli } from "./built-cli.ts";
import { testHost } from "./harness-home.ts";
import type { TestProject } from "./project.ts";

const redactor = createRedactor();

/** Mirrors a file as a session of Claude Code into the project's bucket. */
export async function mirrored(project: TestProject, session: Session): Promise<void> {
  const host = { ...testHost(), now: () => project.clock.now };
  await mirrorSession(project, session, { harness: claudeCode, host, redactor: async () => redactor });
}

/** Writes the page of all that the project's bucket holds, as `replay` does. Whoever gets its blocks closes them. */
export async function writtenPage(project: TestProject, file: string): Promise<BuiltPage> {
  const { signal } = new AbortController();
  const options = { agents: [], bodies: "full", redactor, signal, progress: () => {} } as const;
  const built = await buildPage(project, options);
  const viewer = readViewer(dirname(await builtCli()));
  const written = await writePage(file, viewer, built.blocks, { maxBytes: 1e9, signal });
  expect(written).toMatchObject({ written: true });
  return built;
}
