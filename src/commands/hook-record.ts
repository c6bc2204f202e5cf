import { readLocal } from "../coord/local.ts";
import type { LocalState } from "../coord/project.ts";
import type { TracecraftError } from "../errors.ts";

const durationsKept = 100;

/** How a hook has fared on this machine. */
export interface HookHealth {
  readonly harness: string;
  readonly event: string;
  readonly lastAt: number;
  /** Of the last hundred runs, in ms. */
  readonly p95Ms: number;
  readonly errors: number;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: number } | undefined;
}

interface Kept {
  readonly at: number;
  readonly durations: readonly number[];
  readonly errors: number;
  readonly error?: { readonly code: string; readonly message: string; readonly at: number };
}

/** A hook says nothing of its troubles where it runs; this is where they can be found. */
export function recordRun(
  local: LocalState,
  hook: { readonly harness: string; readonly event: string },
  run: { readonly at: number; readonly durationMs: number; readonly error: TracecraftError | undefined },
): void {
  const name = `hooks/${hook.harness}/${hook.event}`;
  const before = readLocal<Kept>(local, name);
  const durations = Array.isArray(before?.durations) ? before.durations : [];
  const { code, message } = run.error ?? {};
  const error = code === undefined ? before?.error : { code, message: message!.slice(0, 500), at: run.at };
  local.write(name, {
    at: run.at,
    durations: [...durations, Math.round(run.durationMs)].slice(-durationsKept),
    errors: (before?.errors ?? 0) + (code === undefined ? 0 : 1),
    ...(error && { error }),
  } satisfies Kept);
}

/** Every hook that ever ran here, by harness and event. */
export function hookHealth(local: LocalState): readonly HookHealth[] {
  return local.names("hooks/").flatMap((name) => {
    const [, harness, event] = name.split("/");
    const kept = readLocal<Kept>(local, name);
    if (!harness || !event || typeof kept?.at !== "number") return [];
    const sorted = [...(kept.durations ?? [])].toSorted((a, b) => a - b);
    const p95Ms = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? 0;
    return [{ harness, event, lastAt: kept.at, p95Ms, errors: kept.errors ?? 0, lastError: kept.error }];
  });
}
