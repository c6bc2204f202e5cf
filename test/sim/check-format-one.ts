import { statusKey } from "../../src/format/keys.ts";
import type { StatusRecord } from "../../src/format/records.ts";
import { textOf } from "./bucket.ts";
import type { Sim } from "./sim.ts";
import type { StepHistory } from "./step-history.ts";

/** A claim of format 1 never lapses by itself, and its complete counts where nobody changed the step after it. */
export function checkFormatOne(sim: Sim, { step, moments }: StepHistory): string[] {
  const wrong: string[] = [];
  for (const [at, { record, call }] of moments.entries()) {
    const before = moments[at - 1]?.record;
    if (!before || before.ttl_s !== undefined || before.agent === null || before.agent === record.agent)
      continue;
    const { act } = call!;
    const forced = act.kind === "finish" && act.force;
    if (before.state === undefined && record.agent !== null && !forced)
      wrong.push(`${step}: #${call!.id} took it from format 1`);
  }

  const lastStatus = sim.bucket.history.get(statusKey(step))?.at(-1);
  const claim = moments.at(-1);
  if (!lastStatus || !claim || lastStatus.stamp < claim.applied.stamp) return wrong;
  const status = JSON.parse(textOf(lastStatus)) as StatusRecord;
  if (status.term !== undefined || status.status !== "complete" || status.agent !== claim.record.agent)
    return wrong;
  const audited = sim.calls.findLast(
    ({ act, told }) => act.kind === "read" && act.step === step && told,
  )?.told;
  if (audited?.kind === "read" && audited.view.state !== "complete")
    wrong.push(`${step}: format 1 completed it, and it is ${audited.view.state}`);
  return wrong;
}
