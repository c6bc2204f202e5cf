import type { Change } from "./threads.ts";

/** A mistake that somebody could make, put into the sources that a simulation runs. */
export interface Bug {
  readonly name: string;
  readonly changes: readonly Change[];
  /** What the simulation must say of it. */
  readonly seenAs: RegExp;
}

function bug(
  name: string,
  seenAs: RegExp,
  ...changes: readonly [file: string, from: string, to: string][]
): Bug {
  return { name, seenAs, changes: changes.map(([file, from, to]) => ({ file, from, to })) };
}

const claims = "src/coord/claims.ts";
const transition = "src/coord/transition.ts";
const finish = "src/coord/finish.ts";
const update = "src/coord/update.ts";

export const bugs: readonly Bug[] = [
  bug(
    "no fencing: whoever once claimed a step may finish it",
    /finished what|released what|term \d+ after|not linearizable|made/,
    [
      transition,
      "  if (isHolder(claim, agent, session)) {\n    if (term",
      "  if (claim.agent) {\n    if (false && term",
    ],
    [transition, "base !== undefined && !isHolder(base, agent, session);", "false;"],
  ),
  bug("a take-over without a new term", /term 1 after 1|finished what|2 completes|linearizable|made/, [
    claims,
    "termOf(found.record) + 1 : 1",
    "termOf(found.record) : 1",
  ]),
  bug(
    "the handoff outside the claim",
    /the handoff beside complete is not its own/,
    [finish, "next: (at) => ({ handoff: handoffOf(project, step, state, words, at) }),", "next: () => ({}),"],
    [
      finish,
      "if (result.done) tellNext(",
      `if (result.done) project.background("the handoff", project.store.put("steps/" + step + "/handoff.json",
        Buffer.from(JSON.stringify(handoffOf(project, step, state, words, formatTime(0)))), "anything"));
      if (result.done) tellNext(`,
    ],
  ),
  bug(
    "a complete in two writes: the state, then its handoff",
    /the handoff beside complete is not its own/,
    [transition, "    ...wanted.next(at),\n", ""],
    [
      transition,
      "    forgetLease(project, step);\n    const inPlace",
      `    const { handoff } = wanted.next(formatTime(correctedNow(project)));
    await update<ClaimRecord, "gone">(project, {
      key: claimKey(step), nonce, read: readClaim, landed: landedInClaim,
      decide: (found) => found?.record.nonce === nonce && handoff
        ? { put: { ...found.record, handoff: { ...handoff, term: termOf(found.record), n: countOf(found.record) } } }
        : { answer: "gone" },
    });
    forgetLease(project, step);
    const inPlace`,
    ],
  ),
  bug("a second complete in one term, with another handoff", /2 completes were accepted|linearizable/, [
    transition,
    'return wanted.repeats(claim) ? "already" : "other_handoff";',
    'return wanted.repeats(claim) ? "already" : undefined;',
  ]),
  bug("a 412 taken for lost, though it was our own write", /of a (claim|change) that is in/, [
    update,
    'if (landed === "yes" && now) return { kind: "written", mine, now };',
    "",
  ]),
  bug("a deadline that passes in doubt, told as failed", /told unreachable of a change that is in/, [
    update,
    'return { kind: "unknown", cause: doubt ?? contended(change.key, tries.deadlineMs) };',
    "throw contended(change.key, tries.deadlineMs);",
  ]),
  bug("the renewal of a lease that nobody was told of", /renewed a lease that nobody was told of/, [
    claims,
    "      if (already) return;",
    `      if (already) return;
      rememberLease(project, step, { record: put, version: "?", writtenAt: undefined, storeNow: undefined });`,
  ]),
  bug("a lease that lapses by the machine's own clock", /taken over .* after its last renewal/, [
    "src/coord/lapse.ts",
    "ageByStore(found) ?? ageBySight(project, step, found)",
    "project.world.now() - Date.parse(record.claimed_at)",
  ]),
  bug(
    "a renewal without a nonce, where a version is a hash of the body",
    /taken over .* after its last renewal|linearizable/,
    [
      "src/coord/claim-record.ts",
      "    nonce,\n    n: countOf(base),",
      "    nonce: base.nonce,\n    n: countOf(base),",
    ],
  ),
  bug("a term that is reset when a step is released", /the term went back/, [
    transition,
    "term: base ? termOf(base) + (takesOver ? 1 : 0) : 1,",
    "term: released ? 0 : base ? termOf(base) + (takesOver ? 1 : 0) : 1,",
  ]),
  bug("a store that ignores conditions", /does not follow|left the log|went back|linearizable|in_progress/, [
    "test/sim/bucket.ts",
    "if (!holds) return undefined;",
    "",
  ]),
  bug("a projection that goes back", /went back to n/, [
    "src/coord/projections.ts",
    'if (now && ((now.record.n ?? -1) >= (wanted.n ?? 0) || spare?.(now))) return { answer: "later" };',
    "",
  ]),
  bug(
    "an entry of a full log that is journalled beside the put that forgets it",
    /left the log before it was in the journal/,
    [claims, "await journalPushedOut(project, step, base);", "void journalPushedOut(project, step, base);"],
  ),
  bug(
    "a lost reply to the message of a handoff, taken for sent",
    /no message of the handoff|not in the journal/,
    ["src/coord/fresh.ts", "if (doubt) throw doubt;", ""],
  ),
  bug("the message of a handoff under a new key each time", /told twice of one handoff/, [
    "src/coord/handoffs.ts",
    "const id = entry.nonce.slice(0, 8);",
    "const id = project.world.randomHex(4);",
  ]),
  bug("a mark that is recorded before the message is shown", /was never shown to/, [
    "test/sim/acts.ts",
    'const there = opened.filter((one) => !("gone" in one));',
    `const there = opened.filter((one) => !("gone" in one));
    await markRead(project, mailbox, there.map(({ letter }) => letter.key));`,
  ]),
  bug("a mark by the sender's clock", /was never shown to|and shown again by/, [
    "src/coord/arrivals.ts",
    "return writtenAt >= mark && !seen.has(key);",
    "return (nameMs(key) || writtenAt) >= mark && !seen.has(key);",
  ]),
  bug("two readers of one agent that do not merge what they saw", /and shown again by/, [
    "src/coord/mailbox.ts",
    "...change(found?.record),",
    "...change(inbox?.record),",
  ]),
  bug("a late repetition of a set that is taken for another's", /of a change that is in|linearizable/, [
    "src/coord/memory-record.ts",
    'if (names.has(mine.revision)) return "yes";',
    "",
  ]),
];
