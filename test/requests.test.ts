import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { s3Keys, worker, type Worker } from "./processes.ts";
import { requestShape } from "./request-shape.ts";
import { startS3Server, type S3Server } from "./s3-server.ts";
import type { Act } from "./sim/acts.ts";
import { simStory } from "./sim-requests.ts";

// What the built program sends to the in-repo S3 server, whose every answer comes late: what is sent meanwhile is one
// round trip with it.
const latencyMs = 150;

let server: S3Server;
let one: Worker;
let two: Worker;
beforeAll(async () => {
  server = await startS3Server();
  const init = ["--bucket", "bucket", "--endpoint", server.endpoint];
  one = await worker("web-1", init, s3Keys);
  two = await worker("api-2", init, s3Keys);
  // What an agent in the middle of its work has: a verdict, and a heartbeat of the last minute.
  for (const each of [one, two]) await each.run(["claim", `warm-${each.agent}`]);
});
afterAll(() => server.close());
beforeEach(() => {
  server.quirks = {};
});

interface Sent {
  readonly status: number | null;
  /** Round trips until the answer was printed, and until the process had ended. */
  readonly toAnswer: number;
  readonly toExit: number;
  readonly shapes: string[];
}

const shapesNow = (): string[] => server.log.map((seen) => requestShape(seen, "shop/"));

async function sent(who: Worker, words: readonly string[]): Promise<Sent> {
  server.quirks = { latencyMs };
  server.forget();
  const { child, ended } = who.start(words);
  let toAnswer = 0;
  const answered = () => {
    if (toAnswer === 0)
      toAnswer = Math.max(0, ...server.log.filter(({ status }) => status > 0).map(({ depth }) => depth));
  };
  child.stdout!.once("data", answered);
  child.stderr!.once("data", answered);
  const { status } = await ended;
  const told = { status, toAnswer, toExit: server.roundTrips(), shapes: shapesNow().toSorted() };
  server.quirks = {};
  return told;
}

const event = (agent: string): string => `PUT events/<day>/<ns>_${agent}_<id>.json new`;
const presence = (agent: string): string => `PUT agents/${agent}.json any`;

const trips = async (who: Worker, key: string) => (await sent(who, ["memory", "set", key, "v"])).toAnswer;

/** The n-th of many messages to test-3, as an object of the bucket. */
function letter(n: number) {
  const id = n.toString(16).padStart(8, "0");
  const key = `shop/messages/test-3/${1795357500000000000n + BigInt(n)}_web-1_${id}.json`;
  const sentAt = "2026-11-22T14:05:00.000+00:00";
  const record = { schema: 3, id, from: "web-1", to: "test-3", message: `no ${n}`, sent_at: sentAt };
  return [key, { body: Buffer.from(JSON.stringify(record)), etag: id, writtenAt: Date.now() }] as const;
}

const bodies = ({ shapes }: Sent) => shapes.filter((shape) => shape.startsWith("GET messages/")).length;

/**
 * Presence apart, because the simulator has no commands, and their heartbeat decides nothing; and apart from the look
 * at a message that is there already, by which the driver learns its version.
 */
function comparable(shapes: readonly string[]): string[] {
  return shapes.filter((shape) => !/^\w+ (?:agents\/|_meta\/)|^HEAD messages\//.test(shape)).toSorted();
}

describe("the round trips and requests of each command", () => {
  it("claim of a free step: one to the answer", async () => {
    expect(await sent(one, ["claim", "free"])).toEqual({
      status: 0,
      toAnswer: 1,
      toExit: 2,
      shapes: [presence("web-1"), event("web-1"), "PUT steps/free/claim.json new"],
    });
  });

  it("claim of a taken step: two", async () => {
    await two.run(["claim", "taken"]);
    const { shapes, ...told } = await sent(one, ["claim", "taken"]);
    expect(told).toEqual({ status: 3, toAnswer: 2, toExit: 2 });
    expect(shapes).toEqual([
      "GET steps/taken/claim.json",
      "GET steps/taken/status.json",
      event("web-1"),
      "PUT steps/taken/claim.json new",
    ]);
  });

  it("send: one, also to an agent that this machine has not heard of", async () => {
    const message = "PUT messages/api-2/<ns>_web-1_<id>.json new";
    expect(await sent(one, ["send", "api-2", "first"])).toEqual({
      status: 0,
      toAnswer: 1,
      toExit: 1,
      shapes: ["LIST agents/", message],
    });
    expect((await sent(one, ["send", "api-2", "second"])).shapes).toEqual([message]);
  });

  it("step-status and memory get: one", async () => {
    const status = ["GET steps/taken/claim.json", "GET steps/taken/status.json"];
    const shape = { status: 0, toAnswer: 1, toExit: 1 };
    expect(await sent(one, ["step-status", "taken"])).toEqual({ ...shape, shapes: status });
    await two.run(["memory", "set", "k", "v"]);
    expect(await sent(one, ["memory", "get", "k"])).toEqual({ ...shape, shapes: ["GET memory/k.json"] });
  });

  it("complete: one with a cached version, two without, and one more to the exit", async () => {
    await one.run(["claim", "known"]);
    const ended = ["PUT steps/known/claim.json same", "PUT steps/known/handoff.json new"];
    expect(await sent(one, ["complete", "known", "--note", "done"])).toEqual({
      status: 0,
      toAnswer: 1,
      toExit: 2,
      shapes: [presence("web-1"), event("web-1"), ...ended, "PUT steps/known/status.json new"],
    });
    const { toAnswer, toExit } = await sent(one, ["complete", "unclaimed"]);
    expect([toAnswer, toExit]).toEqual([2, 3]);
  });

  it("memory set: one for a new or a known key, three for another's", async () => {
    expect(await trips(one, "fresh")).toBe(1);
    expect(await trips(one, "fresh")).toBe(1);
    expect(await trips(two, "fresh")).toBe(3);
    expect(await trips(two, "fresh")).toBe(1);
  });

  it("inbox with 60 unread: three cold, two with the bodies cached, one with nothing new", async () => {
    const three = await worker("test-3", ["--bucket", "bucket", "--endpoint", server.endpoint], s3Keys);
    await three.run(["inbox"]); // Sweeps, as once an hour.
    const objects = server.objects("bucket") as Map<string, unknown>;
    for (let n = 0; n < 60; n++) objects.set(...letter(n));
    const cold = await sent(three, ["inbox"]);
    expect(cold).toMatchObject({ status: 0, toAnswer: 2, toExit: 3 }); // 20 are shown, all are opened.
    expect(bodies(cold)).toBe(60);
    const cached = await sent(three, ["inbox"]);
    expect([cached.toExit, bodies(cached)]).toEqual([2, 0]);
    objects.forEach((_, key, all) => /messages\/test-3/.test(key) && all.delete(key));
    const nothing = await sent(three, ["inbox"]);
    expect(nothing).toMatchObject({ status: 0, toAnswer: 1, toExit: 1 });
    expect(nothing.shapes.filter((shape) => shape.startsWith("PUT"))).toEqual([]);
  });

  it("session mirror with nothing new: no request at all", async () => {
    const folder = join(
      one.world.home,
      ".claude",
      "projects",
      one.world.cwd.replaceAll(/[^A-Za-z0-9]/g, "-"),
    );
    mkdirSync(folder, { recursive: true });
    const id = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
    const said = {
      type: "user",
      sessionId: id,
      cwd: one.world.cwd,
      message: { role: "user", content: "hello" },
    };
    writeFileSync(
      join(folder, `${id}.jsonl`),
      `${JSON.stringify({ ...said, timestamp: "2026-11-22T14:05:00Z" })}\n`,
    );
    const mirror = ["session", "mirror", "--harness", "claude-code"];
    expect((await sent(one, mirror)).status).toBe(0);
    expect(await sent(one, mirror)).toEqual({ status: 0, toAnswer: 0, toExit: 0, shapes: [] });
  });
});

interface Scene {
  readonly who: "one" | "two";
  readonly line: string;
  readonly act: Act;
}

const claim = (ttlS: number): Act & { kind: "claim" } => ({
  kind: "claim",
  step: "design",
  ttlS,
  mine: false,
});
const finish = (
  state: "complete" | "blocked" | "needs_review",
  words: { note?: string; to?: string },
  force = false,
): Act & { kind: "finish" } => ({ kind: "finish", step: "design", state, words, force });
const reserve = (pattern: string): Act => ({ kind: "reserve", pattern, shared: false, ttlS: 3600 });
const inbox = (remove: boolean): Act => ({ kind: "inbox", most: 20, remove });

/** One story, told to the program and to the simulator alike. */
const story: readonly Scene[] = [
  { who: "one", line: "claim design --ttl 1h", act: claim(3600) },
  { who: "two", line: "claim design --ttl 1h", act: claim(3600) },
  { who: "one", line: "claim design --ttl 1h", act: claim(3600) },
  { who: "one", line: "renew design", act: { kind: "renew", step: "design" } },
  { who: "two", line: "step-status design", act: { kind: "read", step: "design" } },
  { who: "two", line: "claim design --ttl 1h --mine", act: { ...claim(3600), mine: true } },
  { who: "two", line: "wait-for design --timeout 0", act: { kind: "wait", step: "design", timeoutS: 0 } },
  { who: "two", line: "complete design", act: finish("complete", {}) },
  { who: "one", line: "memory set plan a", act: { kind: "set", key: "plan", value: "a" } },
  { who: "two", line: "memory set plan b", act: { kind: "set", key: "plan", value: "b" } },
  { who: "one", line: "memory set plan c", act: { kind: "set", key: "plan", value: "c" } },
  { who: "two", line: "memory get plan", act: { kind: "get", key: "plan" } },
  { who: "two", line: "memory delete plan", act: { kind: "unset", key: "plan" } },
  {
    who: "two",
    line: "memory set plan d --if-revision none",
    act: { kind: "set", key: "plan", value: "d", ifRevision: "none" },
  },
  { who: "two", line: "memory delete plan", act: { kind: "unset", key: "plan" } },
  { who: "one", line: "send api-2 hello", act: { kind: "send", to: "api-2", text: "hello" } },
  { who: "one", line: "send _broadcast all", act: { kind: "send", to: "_broadcast", text: "all" } },
  { who: "two", line: "inbox", act: inbox(false) },
  { who: "one", line: "send api-2 again", act: { kind: "send", to: "api-2", text: "again" } },
  { who: "two", line: "inbox --delete", act: inbox(true) },
  {
    who: "one",
    line: "complete design --note n --to api-2",
    act: finish("complete", { note: "n", to: "api-2" }),
  },
  {
    who: "one",
    line: "complete design --note n --to api-2",
    act: finish("complete", { note: "n", to: "api-2" }),
  },
  { who: "two", line: "claim design --ttl 1h", act: claim(3600) },
  { who: "two", line: "reopen design", act: { kind: "reopen", step: "design" } },
  { who: "two", line: "claim design --ttl 1h", act: claim(3600) },
  { who: "two", line: "release design", act: { kind: "release", step: "design" } },
  { who: "one", line: "claim design --ttl 1h", act: claim(3600) },
  { who: "two", line: "complete design --force --note f", act: finish("complete", { note: "f" }, true) },
  { who: "one", line: "complete design --blocked", act: finish("blocked", {}) },
  { who: "one", line: "wait-for design --timeout 0", act: { kind: "wait", step: "design", timeoutS: 0 } },
  { who: "one", line: "complete other --blocked", act: { ...finish("blocked", {}), step: "other" } },
  { who: "two", line: "reopen other", act: { kind: "reopen", step: "other" } },
  { who: "two", line: "claim other --ttl 1h", act: { ...claim(3600), step: "other" } },
  {
    who: "two",
    line: "complete other --needs-review",
    act: { ...finish("needs_review", {}), step: "other" },
  },
  {
    who: "one",
    line: "wait-for design other --timeout 0",
    act: { kind: "wait", step: "design", also: "other", timeoutS: 0 },
  },
  { who: "one", line: "handoff design", act: { kind: "handoff", step: "design" } },
  { who: "one", line: "steps", act: { kind: "look", what: "board" } },
  { who: "one", line: "reserve src/**", act: reserve("src/**") },
  { who: "two", line: "reserve src/api/*", act: reserve("src/api/*") },
  { who: "one", line: "reserve src/**", act: reserve("src/**") },
  { who: "two", line: "reservations", act: { kind: "look", what: "reservations" } },
  { who: "one", line: "unreserve src/**", act: { kind: "unreserve", pattern: "src/**" } },
  { who: "two", line: "memory list", act: { kind: "look", what: "memory" } },
  { who: "two", line: "memory history plan", act: { kind: "get", key: "plan" } },
  { who: "one", line: "send api-2 once", act: { kind: "send", to: "api-2", text: "once" } },
  { who: "two", line: "inbox --json", act: inbox(false) },
  { who: "two", line: "ack LAST", act: { kind: "ack" } },
];

it("the simulator sees the same requests as the server, command by command", async () => {
  const init = ["--bucket", "bucket", "--prefix", "story", "--endpoint", server.endpoint];
  const program = { one: await worker("web-1", init, s3Keys), two: await worker("api-2", init, s3Keys) };
  const sim = simStory();
  let last = "";
  for (const [at, { who, line, act }] of story.entries()) {
    server.forget();
    const { stdout } = await program[who].run(line.replace("LAST", last).split(" "));
    last = [...stdout.matchAll(/"id":"(\w{8})"/g)].at(-1)?.[1] ?? last;
    const real = server.log.map((seen) => requestShape(seen, "story/shop/"));
    const played = await sim.play(program[who].agent, act);
    expect({ at, line, requests: comparable(real) }).toEqual({
      at,
      line,
      requests: comparable(played),
    });
    expect(comparable(real), line).not.toEqual([]);
  }
});

const noAct = "the simulator plays no such act";
const transcripts = "the simulator has no transcripts";
const setsUp = "sets up or describes this machine; it decides nothing between agents";

/** The commands that the story leaves out, and why. */
const notCompared: Readonly<Record<string, readonly string[]>> = {
  [noAct]: [
    ["agents", "status", "log", "watch", "prime"],
    ["artifact upload", "artifact download", "artifact list"],
  ].flat(),
  [transcripts]: [
    ["mirror", "list", "show", "stop", "verify", "restore", "search"].map((name) => `session ${name}`),
    ["replay", "view", "hook"],
  ].flat(),
  [setsUp]: ["init", "whoami", "doctor", "setup", "mcp", "completion", "help"],
};

it("each command is in the story, or left out for a reason", async () => {
  const { stdout } = await one.run(["help", "--json"]);
  const { data } = JSON.parse(stdout) as { data: { commands: { name: string }[] } };
  const names = data.commands.map(({ name }) => name);
  const told = names.filter((name) => story.some(({ line }) => `${line} `.startsWith(`${name} `)));
  expect([...told, ...Object.values(notCompared).flat()].toSorted()).toEqual(names.toSorted());
});
