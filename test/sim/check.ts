import { checkClaimOrder, checkClaims } from "./check-claims.ts";
import { checkFormatOne } from "./check-format-one.ts";
import { checkMail } from "./check-mail.ts";
import { checkMemory } from "./check-memory.ts";
import { checkJournal, checkProjections } from "./check-projections.ts";
import { checkReservations } from "./check-reservations.ts";
import { checkTold } from "./check-told.ts";
import type { Scenario } from "./scenario.ts";
import type { Sim } from "./sim.ts";
import { stepHistory, type StepHistory } from "./step-history.ts";

/** Everything that is wrong with a history that has ended, in words; none, and it kept every promise. */
export function check({ sim, steps, legacyStep }: Scenario): string[] {
  const histories = steps.map((step) => stepHistory(sim, step, step === legacyStep));
  return [
    ...checkTold(sim, histories),
    ...histories.flatMap((history) => [
      ...checkClaims(sim, history),
      ...checkClaimOrder(sim, history),
      ...checkProjections(sim, history),
      ...(history.legacy ? checkFormatOne(sim, history) : []),
    ]),
    ...checkEnd(sim, histories),
    ...checkJournal(sim, histories),
    ...checkMemory(sim),
    ...checkMail(sim),
    ...checkReservations(sim),
  ];
}

/** Promise 3: when all is quiet nothing is stuck, whoever died with what in its hands. */
function checkEnd(sim: Sim, histories: readonly StepHistory[]): string[] {
  const wrong: string[] = [];
  for (const call of sim.calls)
    if (call.ended === undefined) wrong.push(`#${call.id} ${call.act.kind} never ended`);
  for (const { step, moments } of histories) {
    const told = sim.calls.findLast(
      ({ act, told: last }) => act.kind === "claim" && act.step === step && last,
    )?.told;
    const ofFormatOne = moments.at(-1)?.record.ttl_s === undefined;
    if (told?.kind !== "claim" || told.result.claimed || told.result.why === "finished" || ofFormatOne)
      continue;
    wrong.push(`${step}: stuck, ${told.result.why} by ${told.result.view.agent}`);
  }
  return wrong;
}
