import { readFileSync } from "node:fs";
import type { Project } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import { formatTime } from "../format/records.ts";
import { isTrustedHere } from "./bindings.ts";
import type { Context, Reply } from "./command.ts";
import { repositoryOf } from "./guard.ts";
import { hookHealth, type HookHealth } from "./hook-record.ts";
import { machineOf } from "./machine.ts";
import { harnesses, hooksThere } from "./setup-harnesses.ts";
import type { Place } from "./setup-target.ts";
import { shownLine } from "./text.ts";
import { count, plainTime } from "./values.ts";

interface Installed {
  readonly harness: string;
  readonly state: "set up" | "partly set up" | "not set up" | "unreadable";
  readonly scope: Place["scope"] | undefined;
}

/** Which hooks are set up, and how each has fared on this machine: a hook tells of its troubles nowhere else. */
export async function hooksReport(context: Context, project: Project): Promise<Reply> {
  const { home, env, cwd } = context;
  const machine = machineOf(context);
  const root = repositoryOf(cwd) ?? cwd;
  const installed: Installed[] = [];
  for (const [harness, { isHere, scopes }] of Object.entries(harnesses)) {
    const places = scopes.map((scope): Place => ({ scope, home, env, root }));
    const found = await stateIn(harness, places);
    if (found.state !== "not set up" || isHere(places[0]!)) installed.push(found);
  }
  const health = hookHealth(machine.local);
  const configuration = machine.configuration();
  const trusted = configuration !== undefined && isTrustedHere(project.local, configuration);
  const wanting = installed.find(({ state }) => state === "partly set up" || state === "not set up");
  return {
    data: {
      hooks: {
        trusted,
        set_up: installed.map(({ harness, state, scope }) => ({ harness, state, scope: scope ?? null })),
        runs: health.map(({ harness, event, lastAt, p95Ms, errors, lastError }) => ({
          harness,
          event,
          last_at: formatTime(lastAt),
          p95_ms: p95Ms,
          errors,
          ...(lastError && { last_error: { ...lastError, at: formatTime(lastError.at) } }),
        })),
      },
    },
    text: [
      `hooks: ${installed.map(installedWords).join(", ") || "no harness is here"}`,
      ...health.map(healthLine),
    ].join("\n"),
    ...(wanting && { next: `tracecraft setup ${wanting.harness}` }),
    warnings: trusted
      ? []
      : [
          `hooks stay silent in project ${project.name}: init was never run with this configuration on this machine; tracecraft init`,
        ],
  };
}

async function stateIn(harness: string, places: readonly Place[]): Promise<Installed> {
  let found: Installed = { harness, state: "not set up", scope: undefined };
  for (const place of places) {
    try {
      const there = await hooksThere(harness, place, readIfThere);
      if (there === "all") return { harness, state: "set up", scope: place.scope };
      if (there === "some") found = { harness, state: "partly set up", scope: place.scope };
    } catch (error) {
      if (!(error instanceof TracecraftError)) throw error;
      if (found.state === "not set up" && harness !== "git")
        found = { harness, state: "unreadable", scope: place.scope };
    }
  }
  return found;
}

function installedWords({ harness, state, scope }: Installed): string {
  return `${harness} ${state}${scope === undefined ? "" : ` (${scope})`}`;
}

/** `claude-code  stop  last 2026-11-22T14:03:02Z  p95 24ms  1 error: unreachable at 13:20Z`. */
function healthLine({ harness, event, lastAt, p95Ms, errors, lastError }: HookHealth): string {
  const trouble = lastError
    ? `${count(errors, "error")}: ${shownLine(lastError.code)} at ${new Date(lastError.at).toISOString().slice(11, 16)}Z`
    : "ok";
  return `${harness}  ${event}  last ${plainTime(lastAt)}  p95 ${p95Ms}ms  ${trouble}`;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
