import { readBoard } from "../../src/coord/board.ts";
import { claimStep, type ClaimResult } from "../../src/coord/claims.ts";
import { finishStep, releaseStep, reopenStep, type FinishState } from "../../src/coord/finish.ts";
import { readHandoff, type HandoffWords } from "../../src/coord/handoffs.ts";
import { knownLease, renewDue, renewLease, type RenewResult } from "../../src/coord/leases.ts";
import { acknowledge, deleteRead, findLetter, markRead, openLetters } from "../../src/coord/mailbox.ts";
import { lookIntoMail } from "../../src/coord/mail-folders.ts";
import { deleteMemory, readMemoryKey, setMemory, type MemoryResult } from "../../src/coord/memory.ts";
import { listMemory } from "../../src/coord/memory-list.ts";
import type { Memory } from "../../src/coord/memory-record.ts";
import { repairProjection } from "../../src/coord/projections.ts";
import { listReservations, reserve, unreserve } from "../../src/coord/reservations.ts";
import { sendMessage, type Sent } from "../../src/coord/send.ts";
import { readStep, viewOf, type StepView } from "../../src/coord/steps.ts";
import type { FinishResult } from "../../src/coord/transition.ts";
import { waitForSteps, type WaitResult } from "../../src/coord/wait.ts";
import { TracecraftError } from "../../src/errors.ts";
import { performFormatOne, type FormatOneAct } from "./format-one.ts";
import type { Process } from "./process.ts";
import type { Sim } from "./sim.ts";

/** What an actor can do: one command of the program each. */
export type Act =
  | { readonly kind: "claim"; readonly step: string; readonly ttlS: number; readonly mine: boolean }
  | {
      readonly kind: "finish";
      readonly step: string;
      readonly state: FinishState;
      readonly words: HandoffWords;
      readonly force: boolean;
    }
  | { readonly kind: "release" | "reopen" | "renew" | "read"; readonly step: string }
  | { readonly kind: "wait"; readonly step: string; readonly also?: string; readonly timeoutS: number }
  | {
      readonly kind: "set";
      readonly key: string;
      readonly value: string;
      readonly ifRevision?: string | undefined;
    }
  | { readonly kind: "unset" | "get"; readonly key: string }
  | { readonly kind: "send"; readonly to: string; readonly text: string }
  | { readonly kind: "inbox"; readonly most: number; readonly remove: boolean }
  /** Of the message that this agent was shown last. */
  | { readonly kind: "ack" }
  | { readonly kind: "reserve"; readonly pattern: string; readonly shared: boolean; readonly ttlS: number }
  | { readonly kind: "unreserve"; readonly pattern: string }
  | { readonly kind: "look"; readonly what: "board" | "memory" | "reservations" }
  | { readonly kind: "handoff"; readonly step: string }
  | FormatOneAct;

export type Told =
  | { readonly kind: "claim"; readonly result: ClaimResult }
  | { readonly kind: "finish"; readonly result: FinishResult }
  | { readonly kind: "reopen"; readonly result: Awaited<ReturnType<typeof reopenStep>> }
  | { readonly kind: "renew"; readonly term: number | undefined; readonly result: RenewResult | undefined }
  | { readonly kind: "read"; readonly view: StepView }
  | { readonly kind: "wait"; readonly result: WaitResult }
  | { readonly kind: "memory"; readonly result: MemoryResult }
  | { readonly kind: "get"; readonly found: Memory | undefined }
  | { readonly kind: "send"; readonly sent: Sent }
  | { readonly kind: "inbox"; readonly left: number }
  | { readonly kind: "ack"; readonly key: string | undefined }
  | { readonly kind: "reserve"; readonly done: boolean }
  | { readonly kind: "looked" }
  | { readonly kind: "format 1"; readonly done: boolean };

/** Whether a call that was told this changed nothing. */
export function onlyLooked(told: Told): boolean {
  switch (told.kind) {
    case "claim":
      return !told.result.claimed || told.result.already;
    case "finish":
    case "reopen":
      return !told.result.done || told.result.already;
    case "memory":
      return told.result.kind !== "done" || told.result.already;
    default:
      return true;
  }
}

/** Does it with the program's own functions, in the order in which the commands call them. */
export async function perform(sim: Sim, process: Process): Promise<Told> {
  const { project, call } = process;
  const { act } = call;
  switch (act.kind) {
    case "claim":
      return {
        kind: "claim",
        result: await claimStep(project, act.step, { ttlS: act.ttlS, takeOver: act.mine }),
      };
    case "finish": {
      const { step, state, words, force } = act;
      return { kind: "finish", result: await finishStep(project, step, state, words, { force }) };
    }
    case "release":
      return { kind: "finish", result: await releaseStep(project, act.step) };
    case "reopen":
      return { kind: "reopen", result: await reopenStep(project, act.step) };
    case "renew": {
      const term = knownLease(project, act.step)?.term;
      const result = term === undefined ? undefined : await renewLease(project, act.step, term);
      return { kind: "renew", term, result };
    }
    case "read": {
      const reading = await readStep(project, act.step);
      repairProjection(project, reading);
      return { kind: "read", view: viewOf(project, reading) };
    }
    case "wait": {
      const until = { signal: new AbortController().signal, looked: () => undefined };
      return {
        kind: "wait",
        result: await waitForSteps(project, [act.step, ...(act.also ? [act.also] : [])], act.timeoutS, until),
      };
    }
    case "set":
      return {
        kind: "memory",
        result: await setMemory(project, act.key, act.value, { ifRevision: act.ifRevision }),
      };
    case "unset":
      return { kind: "memory", result: await deleteMemory(project, act.key) };
    case "get":
      return { kind: "get", found: await readMemoryKey(project, act.key) };
    case "send":
      return { kind: "send", sent: await sendMessage(project, { to: act.to, message: act.text }) };
    case "inbox":
      return { kind: "inbox", left: await readMail(sim, process, act.most, act.remove) };
    case "ack":
      return { kind: "ack", key: await acknowledgeLast(sim, process) };
    case "reserve": {
      const { pattern, shared, ttlS } = act;
      const mode = shared ? "shared" : "exclusive";
      const { reserved } = await reserve(project, { pattern, mode, ttlS, step: undefined, advise: false });
      return { kind: "reserve", done: reserved !== undefined };
    }
    case "unreserve":
      return { kind: "reserve", done: await unreserve(project, act.pattern) };
    case "look":
      if (act.what === "board") await readBoard(project);
      else if (act.what === "memory") await listMemory(project, "");
      else await listReservations(project);
      return { kind: "looked" };
    case "handoff":
      await readHandoff(project, act.step);
      return { kind: "looked" };
    case "old claim":
    case "old complete":
      return { kind: "format 1", done: await performFormatOne(project, act) };
  }
}

/** What every command does besides: it renews what this session holds. */
export function sideEffects({ project, call: { act } }: Process): void {
  if (act.kind === "old claim" || act.kind === "old complete") return;
  renewDue(project, "step" in act ? [act.step] : []);
}

/** Acknowledges what this agent was shown last; nothing where it was shown nothing, or that is gone. */
async function acknowledgeLast(sim: Sim, { project, call }: Process): Promise<string | undefined> {
  const shown = sim.calls.findLast(
    ({ actor, shown: some }) => actor.agent === call.actor.agent && some.length > 0,
  );
  const id = /_([0-9a-f]{8})\.json$/.exec(shown?.shown.at(-1)?.key ?? "")?.[1];
  if (id === undefined) return undefined;
  try {
    const { letter, mailbox } = await findLetter(project, id, "acknowledge");
    await acknowledge(project, mailbox, [letter]);
    return letter.key;
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "not_found") throw error;
    return undefined; // Deleted when it was read.
  }
}

/** Shows what is unread, at most so many, then marks it. Answers how many were left. */
async function readMail(sim: Sim, process: Process, most: number, remove: boolean): Promise<number> {
  const { project, call } = process;
  const mailbox = await lookIntoMail(project);
  const opened = await openLetters(project, mailbox.unread.slice(0, most));
  const there = opened.filter((one) => !("gone" in one));
  for (const one of there) {
    if (process.dead) break;
    sim.time.note(call.actor.name, "is shown", one.letter.key);
    call.shown.push({ key: one.letter.key, stamp: sim.time.stamp() });
  }
  const letters = there.map(({ letter }) => letter);
  const keys = letters.map(({ key }) => key);
  if (remove) await deleteRead(project, mailbox, letters, keys);
  else await markRead(project, mailbox, keys);
  call.marked = sim.time.stamp();
  return mailbox.unread.length - opened.length;
}
