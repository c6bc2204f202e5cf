import { TracecraftError } from "../errors.ts";
import { reservationsKey } from "../format/keys.ts";
import { formatTime, readRecord, reservationsRecord, schemaNumber } from "../format/records.ts";
import type { Reservation, ReservationsRecord } from "../format/records.ts";
import { correctedNow } from "./clock.ts";
import { journal } from "./journal.ts";
import { lapseMarginMs } from "./lapse.ts";
import { overlaps, parsePattern, type PathPattern } from "./path-pattern.ts";
import type { Project } from "./project.ts";
import { readFound, update, type Found } from "./update.ts";

/** What the guard of a checkout reads instead of the bucket. */
export const reservationsName = "reservations";
const reservationsLimit = 1_000;

export interface ReservationView {
  readonly pattern: string;
  readonly mode: "exclusive" | "shared";
  readonly agent: string;
  readonly step: string | undefined;
  readonly remainingS: number;
  /** By the store's clock, in ms. */
  readonly expiresAt: number;
}

export interface Wanted {
  readonly pattern: string;
  readonly mode: "exclusive" | "shared";
  readonly ttlS: number;
  readonly step: string | undefined;
  /** Reserve it all the same, and only tell who else holds it. */
  readonly advise: boolean;
}

export interface Reserved {
  readonly reserved: ReservationView | undefined;
  /** Of other agents, where either side is exclusive. */
  readonly conflicts: readonly ReservationView[];
}

/**
 * Reserves the paths of a pattern for this agent. Refused while another agent holds a pattern that has a path in
 * common with it and either is exclusive. The same pattern again renews.
 */
export async function reserve(project: Project, wanted: Wanted): Promise<Reserved> {
  const pattern = parsePattern(wanted.pattern);
  let conflicts: readonly ReservationView[] = [];
  const result = await change(project, "reserve", (entries, now) => {
    conflicts = conflictsWith(project.agent, pattern, wanted.mode, entries, now);
    if (conflicts.length > 0 && !wanted.advise) return undefined;
    const before = entries.find((entry) => isOf(entry, project.agent, pattern.text));
    const entry: Reservation = {
      ...before,
      pattern: pattern.text,
      mode: wanted.mode,
      agent: project.agent,
      session: project.session.id,
      step: wanted.step ?? before?.step ?? null,
      since: before?.since ?? formatTime(now),
      renewed_at: formatTime(now),
      ttl_s: wanted.ttlS,
    };
    return [...entries.filter((one) => one !== before), entry];
  });
  const mine = result?.entries.find((entry) => isOf(entry, project.agent, pattern.text));
  if (!result || !mine) return { reserved: undefined, conflicts };
  journal(project, { kind: "reserve", pattern: pattern.text, mode: wanted.mode, ttl_s: wanted.ttlS });
  return { reserved: viewOf(mine, result.now), conflicts };
}

/** Gives a reserved pattern back; false where this agent has not reserved it. */
export async function unreserve(project: Project, text: string): Promise<boolean> {
  const pattern = parsePattern(text);
  let tried = false;
  await change(project, "unreserve", (entries) => {
    const kept = entries.filter((entry) => !isOf(entry, project.agent, pattern.text));
    if (kept.length === entries.length) return undefined;
    tried = true;
    return kept;
  });
  // Gone after a try whose reply was lost: it was that try.
  if (tried) journal(project, { kind: "reserve", pattern: pattern.text, given_back: true });
  return tried;
}

/** Everything that is reserved now, the least time left first. */
export async function listReservations(project: Project): Promise<readonly ReservationView[]> {
  const found = await read(project);
  const now = await storeNow(project, found);
  const entries = alive(found?.record.reservations ?? [], now);
  remember(project, entries, now);
  return entries.map((entry) => viewOf(entry, now)).toSorted((a, b) => a.remainingS - b.remainingS);
}

/** Reservations of other agents that stand against `mode` on this pattern. */
export function conflictsWith(
  agent: string,
  pattern: PathPattern,
  mode: Reservation["mode"],
  entries: readonly Reservation[],
  now: number,
): ReservationView[] {
  return heldByOthers(agent, mode, entries, now)
    .filter((held) => overlaps(held.pattern, pattern))
    .map(({ view }) => view);
}

/** What other agents hold now that stands against `mode`, each pattern read once, for whoever compares many paths. */
export function heldByOthers(
  agent: string,
  mode: Reservation["mode"],
  entries: readonly Reservation[],
  now: number,
): { readonly view: ReservationView; readonly pattern: PathPattern }[] {
  return alive(entries, now)
    .filter((entry) => entry.agent !== agent && (mode === "exclusive" || entry.mode === "exclusive"))
    .flatMap((entry) => {
      const pattern = tolerantPattern(entry.pattern);
      return pattern ? [{ view: viewOf(entry, now), pattern }] : [];
    });
}

async function change(
  project: Project,
  act: string,
  decide: (entries: Reservation[], now: number) => Reservation[] | undefined,
): Promise<{ entries: readonly Reservation[]; now: number } | undefined> {
  const nonce = project.world.randomHex(16);
  let now = 0;
  const outcome = await update<ReservationsRecord, "refused">(project, {
    key: reservationsKey,
    nonce,
    read: (key, body) => readRecord(reservationsRecord, key, body),
    landed: (found) => (found.nonce === nonce ? "yes" : "no"),
    async load() {
      const found = await read(project);
      now = await storeNow(project, found);
      return found;
    },
    decide(found) {
      const entries = decide(alive(found?.record.reservations ?? [], now), now);
      if (entries === undefined) return { answer: "refused" };
      if (entries.length > reservationsLimit) {
        throw new TracecraftError(
          "usage",
          `Cannot reserve more: ${reservationsLimit} patterns are reserved`,
          { hint: "tracecraft reservations" },
        );
      }
      return { put: { ...found?.record, schema: schemaNumber, reservations: entries, nonce } };
    },
  });
  if (outcome.kind === "unknown") {
    throw new TracecraftError(
      "outcome_unknown",
      `Cannot ${act}: outcome unknown after ${project.deadlineMs / 1000}s`,
      {
        cause: outcome.cause,
        hint: "tracecraft reservations",
      },
    );
  }
  if (outcome.kind === "answered") return undefined;
  remember(project, outcome.now.record.reservations, now);
  return { entries: outcome.now.record.reservations, now };
}

function read(project: Project): Promise<Found<ReservationsRecord> | undefined> {
  return readFound(project.store, {
    key: reservationsKey,
    read: (key, body) => readRecord(reservationsRecord, key, body),
  });
}

/** The store's clock of the reply just read; an absent object has none, and a listing tells it all the same. */
async function storeNow(project: Project, found: Found<unknown> | undefined): Promise<number> {
  if (found?.storeNow !== undefined) return found.storeNow;
  for await (const page of project.store.list(reservationsKey)) return page.storeNow ?? correctedNow(project);
  return correctedNow(project);
}

/** An entry that nobody renewed is gone, whoever wrote the object since. */
function alive(entries: readonly Reservation[], now: number): Reservation[] {
  return entries.filter((entry) => Date.parse(entry.renewed_at) + entry.ttl_s * 1000 + lapseMarginMs >= now);
}

function isOf(entry: Reservation, agent: string, pattern: string): boolean {
  return entry.agent === agent && entry.pattern === pattern;
}

/** A pattern that another client wrote and we would not: it stands against nothing that we can tell. */
function tolerantPattern(text: string): PathPattern | undefined {
  try {
    return parsePattern(text);
  } catch {
    return undefined;
  }
}

function viewOf(
  { pattern, mode, agent, step, renewed_at: renewedAt, ttl_s: ttlS }: Reservation,
  now: number,
): ReservationView {
  const expiresAt = Date.parse(renewedAt) + ttlS * 1000;
  return {
    pattern,
    mode,
    agent,
    step: step ?? undefined,
    expiresAt,
    remainingS: Math.max(0, Math.floor((expiresAt - now) / 1000)),
  };
}

function remember(project: Project, reservations: readonly Reservation[], now: number): void {
  project.local.write(reservationsName, { reservations, at_ms: now });
}
