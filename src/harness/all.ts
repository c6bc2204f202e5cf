import { claudeCode } from "./claude-code.ts";
import { codex } from "./codex.ts";
import type { Harness } from "./harness.ts";
import { hermes } from "./hermes.ts";
import { openclaw } from "./openclaw.ts";
import { pi } from "./pi.ts";

/** Every harness whose sessions can be mirrored. The one place that names them. */
export const harnesses: readonly Harness[] = [claudeCode, codex, hermes, openclaw, pi];

/** The harness of that name; undefined for a name that is none. */
export function harnessNamed(name: string): Harness | undefined {
  return harnesses.find((harness) => harness.name === name);
}
