import { TracecraftError } from "../errors.ts";
import { claimKey, parseStepKey, statusKey, stepsPrefix } from "../format/keys.ts";
import { readRecord, recordReadLimit, statusRecord } from "../format/records.ts";
import type { Listed } from "../store/store.ts";
import { readClaim } from "./claim-record.ts";
import { readLocal } from "./local.ts";
import type { Project } from "./project.ts";
import { repairProjection, stateOfProjection } from "./projections.ts";
import { interpret, viewOf, type StepView } from "./steps.ts";
import type { Found } from "./update.ts";

const parallelReads = 64;
const repairsAtOnce = 20;

export interface Board {
  /** What needs an act first, then by name. */
  readonly steps: readonly StepView[];
  /** Records that are not what the format says. They hide no other. */
  readonly problems: readonly Problem[];
  /** The store's clock, in ms. */
  readonly storeNow: number | undefined;
}

export interface Problem {
  readonly key: string;
  readonly why: string;
}

/** Every step: one listing, and a read of what changed since this machine last read it. */
export async function readBoard(project: Project): Promise<Board> {
  const listed = new Map<string, { claim?: Listed; status?: Listed; storeNow: number | undefined }>();
  let storeNow: number | undefined;
  for await (const page of project.store.list(stepsPrefix)) {
    storeNow ??= page.storeNow;
    for (const object of page.objects) {
      const parsed = parseStepKey(object.key);
      if (!parsed || parsed.record === "handoff") continue;
      const entry = listed.get(parsed.step) ?? { storeNow: page.storeNow };
      listed.set(parsed.step, { ...entry, [parsed.record]: object });
    }
  }

  const problems: Problem[] = [];
  const steps: StepView[] = [];
  let repairs = 0;
  await inParallel([...listed], parallelReads, async ([step, entry]) => {
    try {
      const [claim, status] = await Promise.all([
        entry.claim && readListed(project, entry.claim, entry.storeNow, claimKey(step), readClaim),
        entry.status &&
          readListed(project, entry.status, entry.storeNow, statusKey(step), (key, body) =>
            readRecord(statusRecord, key, body),
          ),
      ]);
      const reading = await interpret(project, step, claim, status);
      if (stateOfProjection(reading) === "behind" && repairs++ < repairsAtOnce)
        repairProjection(project, reading);
      steps.push(viewOf(project, reading));
    } catch (error) {
      if (!(error instanceof TracecraftError) || error.code !== "malformed") throw error;
      problems.push({
        key: String(error.details["key"] ?? claimKey(step)),
        why: String(error.details["why"] ?? error.message),
      });
    }
  });
  return { steps: steps.toSorted(byNeed), problems, storeNow };
}

/**
 * A listed record, from this machine's cache where that version has been read before. Its times come from the
 * listing: one reply, so that the age of a lease is a difference on one clock.
 */
async function readListed<T extends object>(
  project: Project,
  { key, version, writtenAt }: Listed,
  storeNow: number | undefined,
  expected: string,
  read: (key: string, body: Uint8Array) => T,
): Promise<Found<T> | undefined> {
  const name = `cache/${key}`;
  const cached = readLocal<{ version: string; text: string }>(project.local, name);
  if (cached?.version === version && typeof cached.text === "string") {
    return { record: read(key, Buffer.from(cached.text)), version, writtenAt, storeNow };
  }
  const object = await project.store.get(expected, { limit: recordReadLimit });
  if (!object) return undefined;
  const record = read(expected, object.body);
  if (object.version !== version)
    return { record, version: object.version, writtenAt: object.writtenAt, storeNow: object.storeNow };
  project.local.write(name, { version, text: Buffer.from(object.body).toString() });
  return { record, version, writtenAt, storeNow };
}

/** Runs `work` on every item, at most `width` at a time, and throws what the first failure threw. */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  const worker = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}

/** The word under which a step stands in a list. */
export function listedState(
  view: StepView,
): "blocked" | "lapsed" | "needs_review" | "pending" | "in_progress" | "complete" | "format 1" {
  if (view.formatOneSays) return "format 1";
  if (view.state === "released") return "pending";
  return view.lapsed ? "lapsed" : view.state;
}

const order = ["blocked", "lapsed", "needs_review", "pending", "in_progress", "complete", "format 1"];

function byNeed(a: StepView, b: StepView): number {
  return order.indexOf(listedState(a)) - order.indexOf(listedState(b)) || (a.step < b.step ? -1 : 1);
}
