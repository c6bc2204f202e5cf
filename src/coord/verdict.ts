import { TracecraftError } from "../errors.ts";
import { probePrefix, storeVerdictKey } from "../format/keys.ts";
import {
  formatTime,
  readRecord,
  recordReadLimit,
  schemaNumber,
  storeVerdict,
  writeRecord,
  type StoreVerdict,
} from "../format/records.ts";
import { programVersion } from "../format/version.ts";
import type { CheckName, Measured } from "../store/probe.ts";
import type { Store, StoreTraits } from "../store/store.ts";
import { correctedNow } from "./clock.ts";
import { readLocal } from "./local.ts";
import type { Project } from "./project.ts";
import { unfitError } from "./unfit-error.ts";

const keptHereMs = 7 * 86_400_000;
const believedMs = 30 * 86_400_000;
/** A time that is later than now by more than this is no time of ours. */
const futureMs = 3_600_000;
const cacheName = "verdict";

/** Whether the store may be trusted with a claim, and how that is known. */
export interface Fitness {
  readonly fit: boolean;
  /** It is unfit, and the caller goes on all the same. */
  readonly bestEffort: boolean;
  readonly how: "by construction" | "kept here" | "kept in the bucket" | "short probe";
  /** By the store's clock, in ms; undefined by construction. */
  readonly measuredAt: number | undefined;
  /** Why it is unfit, to follow the store's name, and what showed it. */
  readonly fault?: string | undefined;
  readonly evidence?: string | undefined;
  /** Of the probe, where one was made just now. */
  readonly requests?: number;
}

export interface Asked {
  /** What is to be done, for the error: `claim` and `design`. Without it an unfit store is an answer and no error. */
  readonly act?: string;
  readonly thing?: string;
  readonly bestEffort?: boolean;
}

interface Cached extends StoreVerdict {
  cached_at: number;
}

/**
 * Whether this store keeps its conditions, before the first claim that depends on it: by construction, by the verdict
 * kept on this machine (no request), by the one in the bucket (one request), else by the short probe. Sets what the
 * driver may rely on. An unfit store is `unfit_store` unless `bestEffort`; one that cannot be measured now throws and
 * nothing is recorded. After the first reply, ask `stillMatches`.
 */
export async function ensureVerdict(project: Project, asked: Asked = {}): Promise<Fitness> {
  const fitness = await findVerdict(project);
  if (fitness.fit || asked.act === undefined) return fitness;
  if (asked.bestEffort) return { ...fitness, bestEffort: true };
  throw unfitError(project.store, fitness, { ...asked, act: asked.act });
}

/** What is known without a request; undefined where the store was never measured here. */
export function knownVerdict({ store, local, world }: Project): Fitness | undefined {
  const cached = readLocal<Cached>(local, cacheName);
  if (cached && isKept(cached, world.now()) && isSamePlace(cached, store.traits)) {
    const { server } = store.traits; // Unknown before the first reply.
    if (server === undefined || server === (cached.server ?? undefined))
      return fitnessOf(cached, "kept here");
  }
  if (store.traits.conditions !== "enforced" || cached) return undefined;
  return { fit: true, bestEffort: false, how: "by construction", measuredAt: undefined };
}

/**
 * Tells a driver that was just opened what is kept here: how ETags are quoted, so that a refused compare-and-set costs
 * no look at both forms; and that conditions are ignored, so that a best-effort claim can be renewed and ended. That
 * they are kept is not told: it is for a claim to ask, and to hold against the server that answers it.
 */
export function recallVerdict({ store, local, world }: Pick<Project, "store" | "local" | "world">): void {
  const cached = readLocal<Cached>(local, cacheName);
  if (!cached || !isKept(cached, world.now()) || !isSamePlace(cached, store.traits)) return;
  if (cached.etag_quoting) setQuoting(store, cached.etag_quoting);
  if (!cached.fit) noteConditions(store, cached);
}

/**
 * Whether the replies so far come from the server that the verdict kept here is about. If not, that verdict is void:
 * the caller asks `ensureVerdict` again before it answers, and another server is measured.
 */
export function stillMatches({ store, local }: Project): boolean {
  const cached = readLocal<Cached>(local, cacheName);
  if (!cached || (cached.server ?? undefined) === store.traits.server) return true;
  local.remove(cacheName);
  store.traits.conditions = "unknown";
  return false;
}

/** Everything that the contract promises, measured now. A verdict about it is kept here, and in the bucket for all. */
export async function measureStore(
  project: Project,
  begins: (check: CheckName) => void,
): Promise<{
  measured: Measured;
  measuredAt: number;
  kept: "by construction" | "in the bucket" | TracecraftError;
}> {
  const { store, world } = project;
  const constructed = knownVerdict(project)?.how === "by construction";
  const { probeStore } = await import("../store/probe.ts");
  const measured = await probeStore(store, { form: "long", prefix: probePrefix, world, begins });
  const measuredAt = correctedNow(project);
  if (constructed) return { measured, measuredAt, kept: "by construction" };
  const record = recordOf(project, measured, measuredAt);
  keepHere(project, record);
  adopt(store, fitnessOf(record, "kept here"), record);
  try {
    await keepThere(project, record);
    return { measured, measuredAt, kept: "in the bucket" };
  } catch (error) {
    if (error instanceof TracecraftError) return { measured, measuredAt, kept: error };
    throw error;
  }
}

async function findVerdict(project: Project): Promise<Fitness> {
  const known = knownVerdict(project);
  if (known?.how === "by construction") return known;
  const kept = () => readLocal<Cached>(project.local, cacheName)!;
  if (known?.fit) return adopt(project.store, known, kept());
  // One that refuses is asked for again, for the one request that tells whether its server is still the one there.
  const record = await readFromBucket(project);
  if (record) {
    keepHere(project, record);
    return adopt(project.store, fitnessOf(record, "kept in the bucket"), record);
  }
  const still = known && knownVerdict(project);
  if (still) return adopt(project.store, still, kept());

  const { probeStore } = await import("../store/probe.ts");
  const { store, world } = project;
  const measured = await probeStore(store, { form: "short", prefix: probePrefix, world });
  const found = recordOf(project, measured, correctedNow(project));
  keepHere(project, found);
  project.background("the store's verdict", keepThere(project, found));
  return adopt(store, { ...fitnessOf(found, "short probe"), requests: measured.requests }, found);
}

/** Believed for the same place and server, for thirty days. A damaged one, or one of another place, is none. */
async function readFromBucket(project: Project): Promise<StoreVerdict | undefined> {
  const { store } = project;
  try {
    const object = await store.get(storeVerdictKey, { limit: recordReadLimit });
    if (!object) return undefined;
    const record = readRecord(storeVerdict, storeVerdictKey, object.body);
    const ageMs = correctedNow(project) - Date.parse(record.measured_at);
    const fresh = ageMs >= -futureMs && ageMs < believedMs;
    const same = isSamePlace(record, store.traits) && (record.server ?? undefined) === store.traits.server;
    return fresh && same ? record : undefined;
  } catch (error) {
    if (error instanceof TracecraftError && error.code === "malformed") return undefined;
    throw error;
  }
}

function adopt(store: Store, fitness: Fitness, record: Partial<StoreVerdict>): Fitness {
  noteConditions(store, record);
  if (record.etag_quoting) setQuoting(store, record.etag_quoting);
  return fitness;
}

function noteConditions({ traits }: Store, { fit, server }: Partial<StoreVerdict>): void {
  traits.conditions = fit ? "enforced" : "ignored";
  traits.measuredServer = server ?? null;
}

function setQuoting({ traits }: Store, quoting: "quoted" | "bare"): void {
  if ("etagQuoting" in traits) traits.etagQuoting = quoting;
}

function recordOf({ store }: Project, measured: Measured, measuredAt: number): StoreVerdict {
  const { endpoint, bucket, prefix, server } = store.traits;
  return {
    schema: schemaNumber,
    endpoint,
    bucket,
    prefix,
    server: server ?? null,
    version: programVersion,
    measured_at: formatTime(measuredAt),
    fit: measured.fit,
    ...(measured.fault !== undefined && { fault: printable(measured.fault) }),
    ...(measured.evidence !== undefined && { evidence: printable(measured.evidence) }),
    checks: measured.checks.map(({ name, result, detail }) => ({ name, result, detail })),
    ...(measured.etagQuoting && { etag_quoting: measured.etagQuoting }),
  };
}

/** It may be the store's words, and is shown to others. */
function printable(text: string): string {
  return text.slice(0, 300).replaceAll(/[^ -~]/g, "?");
}

function keepHere({ local, world }: Project, record: StoreVerdict): void {
  local.write(cacheName, { ...record, cached_at: world.now() } satisfies Cached);
}

async function keepThere({ store }: Project, record: StoreVerdict): Promise<void> {
  const put = await store.put(storeVerdictKey, writeRecord(storeVerdictKey, record), "anything");
  if (put.outcome === "unknown") throw put.cause;
}

function fitnessOf(record: Partial<StoreVerdict>, how: Fitness["how"]): Fitness {
  const { fit = false, fault, evidence, measured_at: at = "" } = record;
  return { fit, bestEffort: false, how, measuredAt: Date.parse(at), fault, evidence };
}

function isKept({ cached_at: at, fit, measured_at: measured }: Partial<Cached>, now: number): boolean {
  if (typeof at !== "number" || typeof fit !== "boolean") return false;
  const ageMs = now - at;
  return ageMs >= -futureMs && ageMs < keptHereMs && now - Date.parse(measured ?? "") < believedMs + futureMs;
}

function isSamePlace(record: Partial<StoreVerdict>, traits: StoreTraits): boolean {
  return (
    record.endpoint === traits.endpoint && record.bucket === traits.bucket && record.prefix === traits.prefix
  );
}
