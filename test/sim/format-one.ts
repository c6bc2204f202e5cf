import { claimKey, handoffKey, statusKey } from "../../src/format/keys.ts";
import { formatTime, recordReadLimit } from "../../src/format/records.ts";
import type { Project } from "../../src/coord/project.ts";
import type { Sim } from "./sim.ts";

/** What a client of format 1 does to a step. It asks no condition but for its claim, and repeats nothing. */
export type FormatOneAct = { readonly kind: "old claim" | "old complete"; readonly step: string };

export function formatOneActs({ dice }: Sim, step: string): FormatOneAct {
  return { kind: dice.chance(0.5) ? "old claim" : "old complete", step };
}

/** Does it as the published tool does, and answers whether it believes that it did. */
export async function performFormatOne(project: Project, { kind, step }: FormatOneAct): Promise<boolean> {
  const { agent, store, world } = project;
  const at = formatTime(world.now());
  if (kind === "old claim") {
    const claimed = await store.put(claimKey(step), json({ agent, claimed_at: at }), "nothing");
    if (claimed.outcome !== "written") return false;
    const status = json({ status: "in_progress", agent, started_at: at });
    return (await store.put(statusKey(step), status, "anything")).outcome === "written";
  }
  const claim = await store.get(claimKey(step), { limit: recordReadLimit });
  const holder = claim && (JSON.parse(Buffer.from(claim.body).toString()) as { agent: string | null }).agent;
  if (holder && holder !== agent) return false;
  const status = json({ status: "complete", agent, started_at: at, completed_at: at });
  if ((await store.put(statusKey(step), status, "anything")).outcome !== "written") return false;
  const handoff = { schema: 2, from_agent: agent, from_step: step, next_agent: null, state: "complete" };
  const rest = { next_action: null, note: "by format 1", created_at: at };
  return (await store.put(handoffKey(step), json({ ...handoff, ...rest }), "anything")).outcome === "written";
}

function json(record: object): Uint8Array {
  return Buffer.from(JSON.stringify(record));
}
