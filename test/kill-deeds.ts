import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { claimKey, handoffKey, memoryRecordKey, statusKey } from "../src/format/keys.ts";
import type { Lane } from "./kill-lane.ts";
import type { Worker } from "./processes.ts";
import type { Ran } from "./run-cli.ts";

/** One command that changes something, and how one sees in the bucket that it did. */
export interface Deed {
  readonly name: string;
  /** By real processes, once; what is there afterwards is put back before each try. */
  prepare?(lane: Lane): Promise<void>;
  words(lane: Lane): readonly string[];
  /** Where it is not run as `mine` in its own folder. */
  readonly env?: (lane: Lane) => Readonly<Record<string, string>>;
  readonly folder?: (lane: Lane) => string;
  /** What it says when it has done it. */
  readonly says: RegExp;
  /** Whether it is so, by what lies in the bucket. */
  isSo(lane: Lane): boolean;
  /** Its last write is on this machine, not in the bucket. */
  readonly endsHere?: true;
  /** What the other's claim of the step must end with once every lease has lapsed. */
  takeOver?(lane: Lane): 0 | 3;
  /** What must be so where it was done by one command, however often that had to send it. */
  onlyOnce?(lane: Lane): string[];
  /** What else must be so after a try that was killed and the same command once more. */
  audit?(lane: Lane, killed: Ran, again: Ran): Promise<string[]> | string[];
}

export const ttl = "10m";
export const ttlMs = 600_000;
const step = "design";
const artifact = "artifacts/shared/mock.html";
const [oldBytes, newBytes] = ["<p>old</p>\n", "<p>new, and longer</p>\n"];
const mail = ["first of three", "second of three", "third of three"];
const home = ({ mine }: Lane): string => join(mine.world.root, "new-home");
const checkout = ({ mine }: Lane): string => join(mine.world.root, "new-checkout");
const file = (lane: Lane): string => join(lane.mine.world.cwd, "mock.html");

export async function must(who: Worker, ...words: string[]): Promise<Ran> {
  const ran = await who.run(words);
  if (ran.status !== 0) throw new Error(`${words.join(" ")} ended with ${ran.status}: ${ran.stderr}`);
  return ran;
}

const claim = ({ record }: Lane) => record(claimKey(step));
const stateIs = (state: string) => (lane: Lane) => claim(lane)?.["state"] === state;
const claimed = async ({ mine }: Lane) => void (await must(mine, "claim", step, "--ttl", ttl));
const free = () => 0 as const;
const mailTo = ({ keys }: Lane, agent: string) => keys(`messages/${agent}/`);

/** Every message is shown to somebody at least once, and once it was marked no more. */
async function mailFaults(lane: Lane, killed: Ran, again: Ran, texts: readonly string[]): Promise<string[]> {
  const faults = texts
    .filter((text) => !killed.stdout.includes(text) && !again.stdout.includes(text))
    .map((text) => `"${text}" was shown to nobody`);
  const third = await lane.mine.run(["inbox"]);
  if (third.stdout !== "No messages.\n") faults.push(`the third reading says ${third.stdout}`);
  return faults;
}

async function threeMessages({ other }: Lane): Promise<void> {
  for (const text of mail) await must(other, "send", "web-1", text);
  await must(other, "send", "_broadcast", "to everyone");
}

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

export const deeds: readonly Deed[] = [
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
  {
    name: "send",
    words: () => ["send", "api-2", "the contract is done"],
    says: /^Sent to api-2: the contract is done\n/,
    isSo: (lane) => mailTo(lane, "api-2").length > 0,
    onlyOnce: (lane) => (mailTo(lane, "api-2").length === 1 ? [] : ["it was sent twice"]),
    async audit(lane, killed) {
      const there = mailTo(lane, "api-2").length;
      const faults = killed.stdout !== "" && there !== 2 ? [`sent twice, ${there} there`] : [];
      const shown = (await lane.other.run(["inbox"])).stdout.match(
        /from: the contract is done|the contract is done/g,
      );
      if (shown?.length !== there) faults.push(`${there} messages there, ${shown?.length} shown`);
      const second = await lane.other.run(["inbox"]);
      return second.stdout === "No messages.\n" ? faults : [...faults, `shown again: ${second.stdout}`];
    },
  },
  {
    name: "inbox",
    prepare: threeMessages,
    words: () => ["inbox"],
    says: /^$/, // What it says is not that it was marked.
    isSo: (lane) => lane.record("inboxes/web-1.json") !== undefined,
    audit: (lane, killed, again) => mailFaults(lane, killed, again, [...mail, "to everyone"]),
  },
  {
    name: "inbox --delete",
    prepare: threeMessages,
    words: () => ["inbox", "--delete"],
    says: /^$/,
    isSo: (lane) => mailTo(lane, "web-1").length === 0,
    async audit(lane, killed, again) {
      const faults = await mailFaults(lane, killed, again, [...mail, "to everyone"]);
      const broadcasts = mailTo(lane, "_broadcast").length;
      return broadcasts === 1 ? faults : [...faults, "a broadcast was removed"];
    },
  },
  {
    name: "ack",
    prepare: async ({ other }) => void (await must(other, "send", "web-1", "read this", "--ack")),
    words: (lane) => ["ack", mailTo(lane, "web-1")[0]!.slice(-13, -5)],
    says: /^Acknowledged [0-9a-f]{8} from api-2\n/,
    isSo(lane) {
      const acked = lane.record("inboxes/web-1.json")?.["acked"];
      return Array.isArray(acked) && acked.includes(mailTo(lane, "web-1")[0]!.slice(-13, -5));
    },
    async audit(lane) {
      const { stdout } = await lane.mine.run(["inbox"]);
      return stdout.includes("read this") ? [] : ["what was only acknowledged counts as read"];
    },
  },
  {
    name: "memory set of a known key",
    prepare: async ({ mine }) => void (await must(mine, "memory", "set", "a.b", "draft")),
    words: () => ["memory", "set", "a.b", "final"],
    says: /^Set a\.b = final\n/,
    isSo: (lane) => lane.record(memoryRecordKey("a.b"))?.["value"] === "final",
    audit: (lane) => revisionFaults(lane, /^draft(?:, final){1,2}$/),
    onlyOnce: (lane) => revisionFaults(lane, /^draft, final$/),
  },
  {
    name: "memory set of another's key",
    prepare: async ({ other }) => void (await must(other, "memory", "set", "a.b", "draft")),
    words: () => ["memory", "set", "a.b", "final"],
    says: /^Set a\.b = final\n/,
    isSo: (lane) => lane.record(memoryRecordKey("a.b"))?.["value"] === "final",
    audit: (lane) => revisionFaults(lane, /^draft(?:, final){1,2}$/),
    onlyOnce: (lane) => revisionFaults(lane, /^draft, final$/),
  },
  {
    name: "memory delete",
    prepare: async ({ mine }) => void (await must(mine, "memory", "set", "a.b", "draft")),
    words: () => ["memory", "delete", "a.b"],
    says: /^Deleted a\.b\n/,
    isSo: (lane) => lane.record(memoryRecordKey("a.b"))?.["deleted"] === true,
  },
  {
    name: "artifact upload",
    prepare: async (lane) => writeFileSync(file(lane), newBytes),
    words: () => ["artifact", "upload", "mock.html"],
    says: /^Uploaded mock\.html -> artifacts\/shared\/mock\.html\n/,
    isSo: (lane) => lane.bytes(artifact)?.toString() === newBytes,
  },
  {
    name: "artifact upload --replace",
    async prepare(lane) {
      writeFileSync(file(lane), oldBytes);
      await must(lane.mine, "artifact", "upload", "mock.html");
      writeFileSync(file(lane), newBytes);
    },
    words: () => ["artifact", "upload", "mock.html", "--replace"],
    says: /^Uploaded mock\.html -> artifacts\/shared\/mock\.html\n/,
    isSo(lane) {
      const bytes = lane.bytes(artifact)?.toString();
      if (bytes !== oldBytes && bytes !== newBytes) throw new Error(`half an artifact: ${bytes}`);
      return bytes === newBytes;
    },
  },
  {
    name: "init",
    prepare: async (lane) => {
      mkdirSync(home(lane));
      mkdirSync(checkout(lane));
    },
    words: ({ proxy, round }) => {
      const line = `init --project shop --agent new-3 --endpoint ${proxy.endpoint} --bucket bucket-${round}`;
      return line.split(" ");
    },
    env: (lane) => ({ HOME: home(lane), XDG_STATE_HOME: "" }),
    folder: checkout,
    endsHere: true,
    says: /^Initialized project 'shop' as agent 'new-3'\n/,
    isSo(lane) {
      const there = lane.server.objects(`bucket-${lane.round}`).has("shop/agents/new-3.json");
      return there && existsSync(join(checkout(lane), ".tracecraft.json"));
    },
  },
];

/** Nothing that was set before is gone, and nothing was set more often than it was asked for. */
function revisionFaults(lane: Lane, wanted: RegExp): string[] {
  const found = lane.record(memoryRecordKey("a.b")) as { value: string; revisions: { value?: string }[] };
  // A record does not say its own value twice.
  const values = [...found.revisions.slice(0, -1).map(({ value }) => value), found.value].join(", ");
  return wanted.test(values) ? [] : [`the revisions are ${values}`];
}

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
