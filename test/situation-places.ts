import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileStore } from "../src/store/file.ts";
import type { Store } from "../src/store/store.ts";
import { cliWorld, type CliWorld } from "./run-cli.ts";
import { planOf } from "./s3-faults.ts";
import type { Quirks } from "./s3-objects.ts";
import { startS3Server, testKeys, type S3Server } from "./s3-server.ts";

/** Where a command line is typed: a machine of its own, and a store that is as its name says. */
export interface Place {
  readonly world: CliWorld;
  readonly env: Readonly<Record<string, string>>;
  /** What its server was asked so far. */
  readonly requests?: () => string[];
}

export const placeNames = [
  "shop", // A project on a directory.
  "nowhere", // No project.
  "fresh", // No project yet.
  "damaged", // A configuration that is no JSON.
  "late", // A bucket ten minutes on: what was claimed for a minute has lapsed.
  "unfit", // A bucket that ignores If-None-Match.
  "denied", // A bucket where nothing may be written or listed.
  "full", // A bucket that answers every write to a step, memory, mail, artifact or probe with 503, and that to one step.
  "skewed", // A bucket whose clock is twenty minutes ahead.
  "gone", // A bucket that nobody serves.
  "sessions", // A project on a directory, with transcripts of Claude Code here and mirrored.
  "unmirrored", // The same, before anything is mirrored.
  "watched", // The same.
  "torn", // The same, mirrored, and a part was overwritten.
] as const;

export type PlaceName = (typeof placeNames)[number];

/** Steps of `late`, each claimed by an agent of its own, `old-a` and so on: a command renews what its agent holds. */
const lapsed = ["a", "b", "c", "d", "e"];

/** The folder whose transcripts the fixtures are. */
export const transcribed = "/home/ana/my_app";
/** One of them. */
export const mirroredSession = "3f2b8c1e-6a4d-4e0f-9b7a-51c0d2e8a001";

/** All of them, and how to take them down. Each has its own home, so nothing is known of another. */
export async function openPlaces(): Promise<{
  readonly places: Readonly<Record<PlaceName, Place>>;
  readonly close: () => Promise<void>;
}> {
  const servers: S3Server[] = [];
  const bucket = async (before: Quirks = {}): Promise<{ place: Place; server: S3Server }> => {
    const server = await startS3Server({ buckets: ["acme"], quirks: before });
    servers.push(server);
    const place = { world: cliWorld(), env: keys, requests: () => server.lines() };
    const where = ["--endpoint", server.endpoint, "--bucket", "acme"];
    await mustRun(place, ["init", "--project", "shop", "--agent", "web-1", ...where]);
    return { place, server };
  };
  const shop = { world: cliWorld(), env: {} };
  const damaged = { world: cliWorld(), env: {} };
  const withSessions = { sessions: atHome(), unmirrored: atHome(), watched: atHome(), torn: atHome() };
  const [late, unfit, denied, full, skewed] = await Promise.all([
    bucket(),
    bucket({ ignoreIfNoneMatch: true }),
    bucket(),
    bucket(),
    bucket(),
    ...[shop, ...Object.values(withSessions)].map((place) =>
      mustRun(place, ["init", "--project", "shop", "--agent", "web-1"]),
    ),
  ]);
  const mirror = ["session", "mirror", "--all", "--cwd", transcribed];
  await Promise.all([mustRun(withSessions.sessions, mirror), mustRun(withSessions.torn, mirror)]);
  await tear(withSessions.torn);
  writeFileSync(join(damaged.world.cwd, ".tracecraft.json"), "{");
  for (const name of lapsed)
    await mustRun(late.place, ["claim", `late-${name}`, "--ttl", "1m", "--agent", `old-${name}`]);
  late.server.quirks = { skewMs: 10 * 60_000 };
  denied.server.quirks = { denies: ({ method, key }) => method === "PUT" || key === "" };
  const busy = { kind: "status", status: 503, code: "SlowDown" } as const;
  const always = { times: Number.POSITIVE_INFINITY, fault: busy };
  full.server.plan = planOf([
    { method: "PUT", key: "^shop/(?:steps|memory|messages|artifacts)/", ...always },
    { method: "PUT", key: "^shop/_meta/probe/", skip: 3, ...always }, // Some checks are done by then.
    { key: "^shop/steps/unwell/", ...always },
  ]);
  skewed.server.quirks = { skewMs: 20 * 60_000 };
  const gone = { world: cliWorld(), env: keys };
  const nobody = { schema: 3, store: "s3://acme", endpoint: "http://127.0.0.1:9", project: "shop" };
  writeFileSync(join(gone.world.cwd, ".tracecraft.json"), JSON.stringify(nobody));
  await furnish(shop);
  writeFileSync(join(denied.place.world.cwd, "a.txt"), "a\n");
  return {
    places: {
      shop,
      fresh: { world: cliWorld(), env: {} },
      nowhere: { world: cliWorld(), env: {} },
      damaged,
      late: late.place,
      unfit: unfit.place,
      denied: denied.place,
      full: full.place,
      skewed: skewed.place,
      gone,
      ...withSessions,
    },
    close: async () => void (await Promise.all(servers.map((server) => server.close()))),
  };
}

const keys = { AWS_ACCESS_KEY_ID: testKeys.accessKeyId, AWS_SECRET_ACCESS_KEY: testKeys.secretAccessKey };

function atHome(): Place {
  const world = cliWorld();
  cpSync(new URL("fixtures/claude-code/home", import.meta.url), world.home, { recursive: true });
  return { world, env: {} };
}

function storeOf({ home }: CliWorld): Store {
  return fileStore(join(home, ".local/share/tracecraft"), { prefix: "shop" });
}

/** One of its parts loses its first byte. */
async function tear({ world }: Place): Promise<void> {
  const store = storeOf(world);
  for await (const { objects } of store.list("sessions/")) {
    const part = objects.find(({ key }) => key.includes("/part-"))!;
    const { body } = (await store.get(part.key, { limit: 1 << 20 }))!;
    await store.put(part.key, body.subarray(1), "anything");
    return;
  }
}

/** Files beside it, and objects that are not what the format says, each in a place of its own. */
async function furnish({ world }: Place): Promise<void> {
  for (const name of ["a.txt", "b.txt", "c.txt"]) writeFileSync(join(world.cwd, name), `${name}\n`);
  writeFileSync(join(world.cwd, "there.txt"), "another\n");
  mkdirSync(join(world.cwd, "other"));
  writeFileSync(join(world.cwd, "other", "a.txt"), "other bytes\n");
  const store = storeOf(world);
  const plant = (key: string, text: string) => store.put(key, Buffer.from(text), "anything");
  await plant("steps/broken/claim.json", "{");
  await plant("steps/f1/claim.json", '{"agent":"old-9","claimed_at":"2026-11-22T14:00:00.123456+00:00"}');
  const done = { status: "complete", agent: "old-8", completed_at: "2026-11-22T14:01:00.123456+00:00" };
  await plant("steps/f1/status.json", JSON.stringify(done));
  await plant("artifacts/raw/a.txt", "by format 1\n");
  await plant("memory/broken.json", "[]");
  await plant("agents/broken.json", "null");
  await plant("messages/mia/1795356244397975497_api-2_bad0bad0.json", "{}");
  await plant(
    `events/${new Date().toISOString().slice(0, 10)}/1795356244397975497_api-2_bad0bad0.json`,
    "{}",
  );
}

export async function mustRun({ world, env }: Place, words: readonly string[]): Promise<void> {
  const ran = await world.run(words, { env });
  if (ran.status !== 0) throw new Error(`${words.join(" ")} ended with ${ran.status}: ${ran.stderr}`);
}
