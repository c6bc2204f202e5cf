import { heartbeat, isKnownAgent } from "../coord/agents.ts";
import type { FinishState } from "../coord/finish.ts";
import { finishStep } from "../coord/finish.ts";
import type { HandoffWords } from "../coord/handoffs.ts";
import { knownLeases } from "../coord/leases.ts";
import { stateWords } from "../coord/steps.ts";
import type { FinishResult } from "../coord/transition.ts";
import { TracecraftError } from "../errors.ts";
import { agentName, isName, stepId } from "../format/names.ts";
import { changedFilesLimit, noteLimit, type ClaimRecord } from "../format/records.ts";
import { defineCommand, type Context } from "./command.ts";
import { givenText } from "./given-text.ts";
import { fencedError, heldError } from "./refusals.ts";
import { redactTexts, redactionWarning } from "./redacted.ts";
import { shownLine } from "./text.ts";
import { size } from "./values.ts";

const done: Record<FinishState, string> = {
  complete: "Completed step",
  blocked: "Blocked step",
  needs_review: "Needs review on step",
};

export const complete = defineCommand({
  name: "complete",
  summary: "Finish a step and hand it on",
  positionals: { step: { help: "the step that is done" } },
  options: {
    note: {
      placeholder: "TEXT",
      help: 'what was done, for whoever comes next; "-" reads it from standard input',
    },
    to: { placeholder: "AGENT", help: "hand it on: this agent gets a message" },
    nextAction: { placeholder: "TEXT", help: "what is to be done next" },
    changedFilesFromGit: {
      help: "list the files that git says are changed and not committed, new ones included",
    },
    blocked: { help: "it cannot go on: whoever waits for it is told" },
    needsReview: { help: "somebody must look at it before it counts" },
    force: { help: "take it over from its holder, who is then fenced" },
    noRedact: { help: "keep what looks like a secret" },
  },
  exits: {
    done: "done, or done already",
    claimed: "another has it, or it is finished otherwise",
    fenced: "it was taken over: stop",
    unfit_store: "nobody had claimed it, and this bucket cannot promise one winner",
  },
  examples: [
    'tracecraft complete design --note "API in api.py" --to api-2',
    'tracecraft complete design --blocked --note "needs a key"',
  ],
  needs: "project",

  async run(context, args) {
    const { project } = context;
    const step = stepId(args.step, "complete");
    if (args.blocked && args.needsReview)
      throw new TracecraftError("usage", "Use at most one of --blocked / --needs-review");
    const state: FinishState = args.blocked ? "blocked" : args.needsReview ? "needs_review" : "complete";
    const to = args.to === undefined ? undefined : agentName(args.to, "hand off to");
    const redacted = await redactTexts(
      context,
      { note: await noteFrom(context, args.step, args.note), next_action: args.nextAction },
      args.noRedact,
    );
    const { note, next_action: nextAction } = redacted.texts;
    refuseLong(args.step, "note", note);
    refuseLong(args.step, "next action", nextAction);
    const words: HandoffWords = {
      note,
      to,
      nextAction,
      ...(args.changedFilesFromGit && (await filesFromGit(context))),
    };
    const seen = to === undefined ? undefined : isKnownAgent(project, to); // Beside the put, not behind it.
    const result = await finishStep(project, step, state, words, { force: args.force });
    if (!result.done) throw refusal(args.step, state, context, result);

    const { claim, already } = result;
    heartbeat(project, { step: knownLeases(project)[0]?.step ?? null });
    return {
      data: {
        step,
        state,
        agent: project.agent,
        term: claim.term,
        already,
        redactions: redacted.counts,
        handoff: handoffJson(claim),
      },
      text: `${done[state]} ${args.step}${handoffWords(claim)}${already ? `\nalready ${stateWords(state)}, term ${claim.term}` : ""}`,
      warnings: [
        ...redactionWarning(redacted.counts, "the note"),
        ...slips(context, args.step, result, to, await seen),
      ],
      told: { steps: [step] },
    };
  },
});

/** The note as it is given, or what comes on standard input, where a last line feed is the shell's. */
async function noteFrom(
  context: Context,
  step: string,
  note: string | undefined,
): Promise<string | undefined> {
  if (note !== "-") return note;
  const cannot = `Cannot complete "${step}"`;
  const hint = `tracecraft complete ${step} --note "…"`;
  const text = await givenText(context, { cannot, what: "note", text: note, limitBytes: noteLimit, hint });
  return text.replace(/\r?\n$/, "");
}

/** What is handed on is read whole, by whoever comes next: a long text belongs into an artifact. */
function refuseLong(name: string, what: string, text = ""): void {
  const bytes = Buffer.byteLength(text);
  if (bytes <= noteLimit) return;
  throw new TracecraftError(
    "usage",
    `Cannot complete "${name}": the ${what} has ${size(bytes)}, over ${size(noteLimit)}`,
    {
      hint: `tracecraft artifact upload FILE --step ${stepId(name)}`,
    },
  );
}

/** What is easily a slip of the pen: a step that was another's, or nobody's, and an agent that nobody has seen. */
function slips(
  { project }: Context,
  name: string,
  { claim, already }: FinishResult & { done: true },
  to: string | undefined,
  seen: Awaited<ReturnType<typeof isKnownAgent>>,
): string[] {
  const held = knownLeases(project).map(({ step }) => step);
  const here = held.length > 0 ? ` (held here: ${held.join(", ")})` : "";
  return [
    ...(already ? [] : takenByForce(project, name, claim, to)),
    ...(!already && wasUnclaimed(claim) ? [`nobody had claimed "${name}"${here}`] : []),
    ...(seen?.known === false ? [`nobody has seen an agent "${to}" here; the message waits`] : []),
  ];
}

/** Whoever is put out is not told by us: it learns of it when it tries to go on. */
function takenByForce(
  { agent }: Context["project"],
  name: string,
  { log }: ClaimRecord,
  to: string | undefined,
): string[] {
  const taken = log?.at(-1)?.taken_from;
  if (!taken) return [];
  if (to !== undefined && taken.agent === to) return [`"${name}" was taken from ${shownLine(to)}`];
  if (taken.agent === agent) return [`"${name}" was taken from another session of ${agent}`];
  const from = taken.agent ?? "somebody";
  const tell = isName(from) ? `: tracecraft send ${from} "…"` : "";
  return [`"${name}" was taken from ${shownLine(from)}, who is not told of it${tell}`];
}

/** A claim of format 1 has no log either, but it was claimed before it was completed. */
function wasUnclaimed({ n, log, claimed_at: claimedAt }: ClaimRecord): boolean {
  return n === 1 && log?.[0]?.at === claimedAt && !log[0].taken_from;
}

async function filesFromGit({
  cwd,
}: Context): Promise<Pick<HandoffWords, "changedFiles" | "changedFilesCount">> {
  const { changedFiles } = await import("./changed-files.ts");
  const files = await changedFiles(cwd);
  return { changedFiles: files.slice(0, changedFilesLimit), changedFilesCount: files.length };
}

function handoffWords({ handoff }: ClaimRecord): string {
  const to = handoff?.next_agent ? ` → handed off to ${shownLine(handoff.next_agent)}` : "";
  const files = handoff?.changed_files
    ? ` (${handoff.changed_files_count ?? handoff.changed_files.length} changed file(s))`
    : "";
  return `${to}${files}`;
}

function handoffJson({ handoff }: ClaimRecord): Record<string, unknown> | null {
  if (!handoff) return null;
  return {
    to: handoff.next_agent ?? null,
    note: handoff.note,
    next_action: handoff.next_action ?? null,
    ...(handoff.changed_files && {
      changed_files: handoff.changed_files,
      changed_files_count: handoff.changed_files_count,
    }),
  };
}

function refusal(
  name: string,
  wanted: FinishState,
  { project }: Context,
  result: FinishResult & { done: false },
): TracecraftError {
  const { view, why } = result;
  const details = { step: view.step, agent: view.agent, state: view.state, term: view.term };
  const cannot = (state: string, hint: string) => {
    return new TracecraftError("finished", `Cannot complete "${name}": ${state} (term ${view.term})`, {
      hint,
      details,
    });
  };
  switch (why) {
    case "fenced":
      return fencedError(
        "complete",
        name,
        view,
        { term: result.ourTerm, takeover: result.takeover },
        // A hint is typed: no odd names.
        `tracecraft send ${view.agent !== null && isName(view.agent) ? view.agent : "_broadcast"} "…"`,
      );
    case "released":
      return cannot("it is released", `tracecraft claim ${name}`);
    case "other_handoff":
      return cannot(`it is ${stateWords(wanted)} with another handoff`, `tracecraft reopen ${name}`);
    case "finished":
      return cannot(`it is ${stateWords(view.state)}`, `tracecraft reopen ${name}`);
    default:
      return heldError("complete", name, project, view);
  }
}
