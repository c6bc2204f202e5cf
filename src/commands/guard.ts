import { existsSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { correctedNow } from "../coord/clock.ts";
import { readLocal } from "../coord/local.ts";
import { covers } from "../coord/path-pattern.ts";
import type { Project } from "../coord/project.ts";
import { heldByOthers, reservationsName, type ReservationView } from "../coord/reservations.ts";
import type { Reservation } from "../format/records.ts";
import { safe } from "./prime.ts";
import { span } from "./values.ts";

/** What this machine knows of reservations is no reason to refuse anything once it is older. */
const believedMs = 10 * 60_000;
const refreshMs = 60_000;
const compareMs = 250;

export interface KnownReservations {
  readonly entries: readonly Reservation[];
  readonly atMs: number;
  /** Old enough to be asked for anew, or too old to be believed. */
  readonly refresh: boolean;
  readonly believed: boolean;
}

export function knownReservations(project: Project): KnownReservations {
  const found = readLocal<{ reservations: Reservation[]; at_ms: number }>(project.local, reservationsName);
  const atMs = typeof found?.at_ms === "number" ? found.at_ms : 0;
  const ageMs = correctedNow(project) - atMs;
  return {
    entries: Array.isArray(found?.reservations) ? found.reservations : [],
    atMs,
    refresh: ageMs > refreshMs,
    believed: Math.abs(ageMs) <= believedMs,
  };
}

/**
 * Who has reserved one of these paths against us; paths are from the repository's root. An edit waits for it, and
 * patterns are text of others: what has not been compared after a quarter of a second counts as free.
 */
export function pathsReserved(
  project: Project,
  paths: readonly string[],
  { entries }: Pick<KnownReservations, "entries">,
): readonly { readonly path: string; readonly by: ReservationView }[] {
  const until = project.world.monotonic() + compareMs;
  let compared = 0;
  let late = false;
  const inTime = (): boolean => !(late ||= compared++ % 4 === 0 && project.world.monotonic() >= until);
  const held = heldByOthers(project.agent, "shared", entries, correctedNow(project));
  return paths.flatMap((path) => {
    const found = held.find(({ pattern }) => inTime() && covers(pattern, path));
    return found ? [{ path, by: found.view }] : [];
  });
}

/** `src/a.ts is reserved by api-2 (src/**, exclusive, 22m left)`, without anything that a name could say beyond that. */
export function reservedWords({ path, by }: { path: string; by: ReservationView }): string {
  return `${shown(path)} is reserved by ${safe(by.agent)} (${shown(by.pattern)}, ${by.mode}, ${span(by.remainingS)} left)`;
}

function shown(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9._/*?{},[\]@+-]/g, "?").slice(0, 200);
}

/** The nearest folder with a `.git`, above this path or at it. */
export function repositoryOf(path: string): string | undefined {
  for (let folder = path; ; folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

/** A path as the repository that it lies in names it, links followed; undefined outside of one. */
export function pathInRepository(path: string, cwd: string): string | undefined {
  const real = realPath(resolve(cwd, path));
  const root = repositoryOf(dirname(real));
  const inside = root && relative(root, real).split(sep).join("/");
  return inside === undefined || inside === "" || inside.startsWith("../") ? undefined : inside;
}

/** As far as it exists. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return dirname(path) === path ? path : join(realPath(dirname(path)), basename(path));
  }
}
