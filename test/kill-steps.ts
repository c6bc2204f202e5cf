import { claimKey, handoffKey, statusKey } from "../src/format/keys.ts";
import { mailTo, must, ttl, type Deed } from "./kill-deed.ts";
import type { Lane } from "./kill-lane.ts";

const step = "design";
const claim = ({ record }: Lane) => record(claimKey(step));
const stateIs = (state: string) => (lane: Lane) => claim(lane)?.["state"] === state;
const claimed = async ({ mine }: Lane) => void (await must(mine, "claim", step, "--ttl", ttl));
const free = () => 0 as const;

function finish(name: string, words: readonly string[], says: RegExp, state: string): Deed {
  const isSo = (lane: Lane): boolean => {
    const found = claim(lane);
    const note = (found?.["handoff"] as { note?: string } | undefined)?.note;
    return found?.["state"] === state && note === "done so far";
  };
  return {
    name,
    prepare: claimed,
    words: () => ["complete", step, "--note", "done so far", ...words],
    says,
    isSo,
    takeOver: (lane) => (isSo(lane) ? 3 : 0),
  };
}
/** What is done to a step. */
export const stepDeeds: readonly Deed[] = [
  {
    name: "claim of a free step",
    words: () => ["claim", step, "--ttl", ttl],
    says: /^Claimed step design as web-1\n/,
    isSo: (lane) => claim(lane)?.["agent"] === "web-1",
    takeOver: free,
  },
  {
    name: "claim of a lapsed step",
    async prepare(lane) {
      lane.pass(-60_000); // A minute ago: `restore` puts the clock right.
      await must(lane.other, "claim", step, "--ttl", "1s");
    },
    words: () => ["claim", step, "--ttl", ttl],
    says: /^Claimed step design as web-1\n/,
    isSo: (lane) => claim(lane)?.["agent"] === "web-1",
    takeOver: free,
  },
  {
    name: "claim --mine",
    async prepare({ mine }) {
      const ran = await mine.run(["claim", step, "--ttl", ttl], { TRACECRAFT_SESSION: "the-other" });
      if (ran.status !== 0) throw new Error(ran.stderr);
    },
    words: () => ["claim", step, "--mine", "--ttl", ttl],
    says: /^Claimed step design as web-1\n/,
    isSo: (lane) => claim(lane)?.["term"] === 2,
    takeOver: free,
    onlyOnce: (lane) => (claim(lane)?.["n"] === 2 ? [] : ["it was taken over more than once"]),
  },
  {
    ...finish("complete --force", ["--force"], /^Completed step design\n/, "complete"),
    prepare: async ({ other }) => void (await must(other, "claim", step, "--ttl", ttl)),
    onlyOnce: (lane) => (claim(lane)?.["term"] === 2 ? [] : ["it was forced more than once"]),
  },
  {
    name: "renew",
    prepare: claimed,
    words: () => ["renew", step],
    says: /^Renewed step design /,
    isSo: (lane) => claim(lane)?.["nonce"] !== lane.before(claimKey(step))?.["nonce"],
    takeOver: free,
  },
  {
    ...finish(
      "complete --to",
      ["--to", "api-2"],
      /^Completed step design → handed off to api-2\n/,
      "complete",
    ),
    async audit(lane) {
      const told = mailTo(lane, "api-2");
      if (told.length !== 1) return [`${told.length} messages tell api-2 of the handoff`];
      const [first, second] = [await lane.other.run(["inbox"]), await lane.other.run(["inbox"])];
      return /done so far/.test(first.stdout) && second.stdout === "No messages.\n"
        ? []
        : [`api-2 reads ${first.stdout}, then ${second.stdout}`];
    },
  },
  finish("block", ["--blocked"], /^Blocked step design\n/, "blocked"),
  finish("ask for review", ["--needs-review"], /^Needs review on step design\n/, "needs_review"),
  {
    name: "release",
    prepare: claimed,
    words: () => ["release", step],
    says: /^Released step design\n/,
    isSo: stateIs("released"),
    takeOver: free,
  },
  {
    name: "reopen",
    async prepare(lane) {
      await claimed(lane);
      await must(lane.mine, "complete", step);
    },
    words: () => ["reopen", step],
    says: /^Reopened step design\n/,
    isSo: stateIs("released"),
    takeOver: (lane) => (stateIs("released")(lane) ? 0 : 3),
  },
];

/** Projections that do not say what their claim says. */
export function projectionFaults({ record }: Lane): string[] {
  const found = record(claimKey(step));
  if (!found) return [];
  const { state, term, n, handoff } = found as {
    state: string;
    term: number;
    n: number;
    handoff?: { n: number };
  };
  if (state === "in_progress" && term === 1) return [];
  const status = record(statusKey(step));
  const said = `${String(status?.["status"])} ${String(status?.["n"])}`;
  const wanted = `${state === "released" ? "pending" : state} ${n}`;
  const faults = said === wanted ? [] : [`status.json says ${said}, the claim ${wanted}`];
  if (handoff && record(handoffKey(step))?.["n"] !== handoff.n)
    faults.push("handoff.json is not the claim's");
  return faults;
}
