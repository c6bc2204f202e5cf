import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { memoryRecordKey } from "../src/format/keys.ts";
import { mailTo, must, type Deed } from "./kill-deed.ts";
import type { Lane } from "./kill-lane.ts";
import { stepDeeds } from "./kill-steps.ts";
import type { Ran } from "./run-cli.ts";

const artifact = "artifacts/shared/mock.html";
const [oldBytes, newBytes] = ["<p>old</p>\n", "<p>new, and longer</p>\n"];
const mail = ["first of three", "second of three", "third of three"];
const home = ({ mine }: Lane): string => join(mine.world.root, "new-home");
const checkout = ({ mine }: Lane): string => join(mine.world.root, "new-checkout");
const file = (lane: Lane): string => join(lane.mine.world.cwd, "mock.html");

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

const sessionId = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
const manifest = (lane: Lane) => lane.record(`sessions/claude-code/${sessionId}/meta.json`);
/** How many records the manifest says are there, where the parts that it names are. */
function mirrored(lane: Lane): number {
  const { records = 0, parts = [] } = (manifest(lane) ?? {}) as {
    records?: number;
    parts?: { seq: number; uuid: string }[];
  };
  for (const { seq, uuid } of parts) {
    const part = `sessions/claude-code/${sessionId}/part-${String(seq).padStart(5, "0")}-${uuid}.jsonl`;
    if (!lane.bytes(part)) throw new Error(`the manifest names ${part}, which is not there`);
  }
  return records;
}

/** What Claude Code has written of a session in the folder where `mine` works. */
function transcript({ mine }: Lane, ...said: string[]): void {
  const { home: at, cwd } = mine.world;
  const folder = join(at, ".claude", "projects", cwd.replaceAll(/[^A-Za-z0-9]/g, "-"));
  mkdirSync(folder, { recursive: true });
  const lines = said.map((content, nth) => {
    const timestamp = `2026-11-22T14:05:0${nth}Z`;
    const words = { type: "user", sessionId, cwd, timestamp, message: { role: "user", content } };
    return `${JSON.stringify(words)}\n`;
  });
  writeFileSync(join(folder, `${sessionId}.jsonl`), lines.join(""));
}

function reservedBy(lane: Lane): string[] {
  const { reservations = [] } = (lane.record("reservations.json") ?? {}) as {
    reservations?: { agent: string }[];
  };
  return reservations.map(({ agent }) => agent);
}

/** Every command that changes something. */
export const deeds: readonly Deed[] = [
  ...stepDeeds,
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
    name: "send _broadcast",
    words: () => ["send", "_broadcast", "the contract is done"],
    says: /^Sent to _broadcast: the contract is done\n/,
    isSo: (lane) => mailTo(lane, "_broadcast").length > 0,
    onlyOnce: (lane) => (mailTo(lane, "_broadcast").length === 1 ? [] : ["it was sent twice"]),
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
    name: "memory set --if-revision",
    words: () => ["memory", "set", "a.b", "final", "--if-revision", "none"],
    says: /^Set a\.b = final\n/,
    isSo: (lane) => lane.record(memoryRecordKey("a.b"))?.["value"] === "final",
    onceDone: 3,
    audit: (lane) => revisionFaults(lane, /^final$/),
    onlyOnce: (lane) => revisionFaults(lane, /^final$/),
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
    name: "reserve",
    words: () => ["reserve", "src/**"],
    says: /^Reserved src\/\*\* as web-1\n/,
    isSo: (lane) => reservedBy(lane).join() === "web-1",
  },
  {
    name: "unreserve",
    async prepare({ mine, other }) {
      await must(mine, "reserve", "src/**");
      await must(other, "reserve", "docs/**");
    },
    words: () => ["unreserve", "src/**"],
    says: /^Unreserved src\/\*\*\n/,
    onceDone: 5,
    isSo: (lane) => reservedBy(lane).join() === "api-2",
  },
  {
    name: "session mirror",
    prepare: async (lane) => transcript(lane, "first", "second"),
    words: () => ["session", "mirror", "--harness", "claude-code"],
    says: /^(?:uploaded part-|nothing new: )/,
    isSo: (lane) => mirrored(lane) === 2,
    audit: async (lane) => {
      const { stdout } = await lane.other.run(["session", "verify", sessionId]);
      return /\bok\b/i.test(stdout) ? [] : [`verify says ${stdout}`];
    },
  },
  {
    name: "session stop",
    prepare: async (lane) => {
      transcript(lane, "first");
      await must(lane.mine, "session", "mirror", "--harness", "claude-code");
      transcript(lane, "first", "second");
    },
    words: () => ["session", "stop", sessionId],
    says: /^stopped session=.* meta_marked_ended=True\n/,
    isSo: (lane) => mirrored(lane) === 2 && typeof manifest(lane)?.["ended_at"] === "string",
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
