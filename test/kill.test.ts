import { afterAll, describe, expect, it } from "vitest";
import { ttlMs, type Deed } from "./kill-deed.ts";
import { deeds } from "./kill-deeds.ts";
import { openLane, pointsOf, runCut, runKilled, type Lane, type Point } from "./kill-lane.ts";
import { projectionFaults } from "./kill-steps.ts";
import type { Running } from "./processes.ts";
import type { Ran } from "./run-cli.ts";

// Real processes, killed at a moment that a proxy in front of the store chooses. `npm test` tries some moments of each
// command, TRACECRAFT_FULL=1 every moment of every request that it sends.
const full = process.env["TRACECRAFT_FULL"] === "1";
const limitMs = full ? 30 * 60_000 : 60_000;
const abreast = 2;
const moments = ["asked", "applied", "told"] as const;

const lanes = await Promise.all(Array.from({ length: abreast }, openLane));
afterAll(() => Promise.all(lanes.map((lane) => lane.close())));

const inWords = ({ status, stdout, stderr }: Ran): string => `${status}: ${stdout.trim()} / ${stderr.trim()}`;
const pointWords = ({ shape, at, moment }: Point): string => `${moment} ${shape} #${at}`;

function starter(lane: Lane, deed: Deed, more: readonly string[] = []): () => Running {
  return () =>
    lane.mine.start(
      [...deed.words(lane), ...more],
      deed.env?.(lane),
      deed.folder?.(lane) ?? lane.mine.world.cwd,
    );
}

let rehearsed: { readonly deed: Deed; readonly points: readonly Point[] } | undefined;

/** Prepares the deed on every lane, and does it once undisturbed. Its requests, in order. */
async function rehearse(deed: Deed): Promise<readonly Point[]> {
  if (rehearsed?.deed === deed) return rehearsed.points;
  const all = lanes.map(async (lane) => {
    lane.begin();
    await deed.prepare?.(lane);
    lane.save();
    lane.restore();
    const ran = await starter(lane, deed)().ended;
    await lane.proxy.settled();
    const faults = ran.status === 0 && deed.isSo(lane) ? [] : [inWords(ran)];
    expect(faults, `${deed.name}, undisturbed`).toEqual([]);
    return pointsOf(lane.proxy.passed, moments);
  });
  rehearsed = { deed, points: (await Promise.all(all))[0]! };
  return rehearsed.points;
}

/** What is untrue, lost or stuck after the deed was killed at that point. */
async function killAt(lane: Lane, deed: Deed, point: Point): Promise<string[]> {
  lane.restore();
  const killed = await runKilled(lane, starter(lane, deed), point);
  if (!killed.reached) return [`not reached: ${inWords(killed)}`];
  const faults: string[] = [];
  const said = killed.stdout !== "" && deed.says.test(killed.stdout);
  if (said && !deed.isSo(lane)) faults.push(`it said ${killed.stdout.trim()}, and that is lost`);
  faults.push(...(await stuckFaults(lane, deed)));

  const wasDone = deed.isSo(lane);
  const again = await starter(lane, deed)().ended;
  await lane.proxy.settled();
  if (!endsWell(deed, again, wasDone)) faults.push(`once more ends with ${inWords(again)}`);
  if (!deed.isSo(lane)) faults.push("once more, and it is not so");
  faults.push(...projectionFaults(lane), ...((await deed.audit?.(lane, killed, again)) ?? []));
  faults.push(...(await stuckFaults(lane, deed)));
  return faults;
}

function endsWell({ onceDone, says }: Deed, { status, stdout }: Ran, wasDone: boolean): boolean {
  if (onceDone !== undefined && wasDone) return status === onceDone;
  return status === 0 && says.test(says.source === "^$" ? "" : stdout);
}

/** Whether the other agent can take the step once its lease has lapsed, where it is not finished. */
async function stuckFaults(lane: Lane, deed: Deed): Promise<string[]> {
  const wanted = deed.takeOver?.(lane);
  if (wanted === undefined) return [];
  return lane.aside(async () => {
    lane.pass(ttlMs + 5_000);
    const taken = await lane.other.run(["claim", "design"]);
    return taken.status === wanted ? [] : [`after the ttl, the other's claim ends with ${inWords(taken)}`];
  });
}

/** What is untrue after the connection broke there once: the command is to find out what became of it. */
async function cutAt(lane: Lane, deed: Deed, point: Point): Promise<string[]> {
  lane.restore();
  const ran = await runCut(lane, starter(lane, deed), point);
  if (!ran.reached) return [`not reached: ${inWords(ran)}`];
  const faults = ran.status === 0 ? [] : [inWords(ran)];
  if (deed.says.source !== "^$" && !deed.says.test(ran.stdout)) faults.push(`it says ${inWords(ran)}`);
  if (!deed.isSo(lane)) faults.push(`it is not so: ${inWords(ran)}`);
  if (/already/.test(ran.stdout)) faults.push(`it takes its own write for an earlier one: ${inWords(ran)}`);
  return [...faults, ...projectionFaults(lane), ...(deed.onlyOnce?.(lane) ?? [])];
}

/** What is untrue when nothing comes through any more once that write has been applied. */
async function darkAfter(lane: Lane, deed: Deed, point: Point): Promise<string[]> {
  lane.restore();
  const start = starter(lane, deed, ["--deadline", "1s"]);
  const ran = await runCut(lane, start, point, "for good");
  const faults =
    ran.reached && (deed.isSo(lane) || deed.endsHere) ? [] : [`not reached, or not so: ${inWords(ran)}`];
  const known = ran.status === 0 && deed.says.test(deed.says.source === "^$" ? "" : ran.stdout);
  if (!known && (ran.status !== 7 || !/^Error: .*(?:outcome unknown|Cannot reach)/.test(ran.stderr)))
    faults.push(`it ends with ${inWords(ran)}`);
  const wasDone = deed.isSo(lane);
  const again = await starter(lane, deed)().ended;
  if (again.status !== 0 && !endsWell(deed, again, wasDone))
    faults.push(`once more ends with ${inWords(again)}`);
  return [...faults, ...projectionFaults(lane)];
}

/** The points, shared out among the lanes; what is wrong, by point. */
async function tryAll(
  points: readonly Point[],
  attempt: (lane: Lane, point: Point) => Promise<string[]>,
): Promise<string[]> {
  const left = [...points];
  const faults: string[] = [];
  await Promise.all(
    lanes.map(async (lane) => {
      for (let point = left.shift(); point; point = left.shift()) {
        const found = await attempt(lane, point);
        faults.push(...found.map((fault) => `${pointWords(point)}: ${fault}`));
      }
    }),
  );
  return faults;
}

/** The write that the command is about: the last but for projections, presence and the journal. */
function mainWrite(points: readonly Point[]): Point {
  const main = /^(?:PUT|DELETE) (?!the bucket|events\/|agents\/|_meta\/|.*\/(?:status|handoff)\.json)/;
  const found = points.findLast(({ shape, moment }) => moment === "applied" && main.test(shape));
  return found ?? points.find(({ shape }) => shape.startsWith("PUT agents/"))!;
}

/** What the command is about, and for every other deed one more moment, another for each. */
function sample(points: readonly Point[], which: number): Point[] {
  const more = which % 2 === 0 ? [points[(which * 7) % points.length]!] : [];
  return [...new Set([mainWrite(points), ...more])];
}

describe.each(deeds.map((deed, which) => [deed.name, deed, which] as const))("%s", (_, deed, which) => {
  it("is not lost, stuck or told wrongly when it is killed", { timeout: limitMs }, async () => {
    const points = await rehearse(deed);
    const tried = full ? points : sample(points, which);
    expect(await tryAll(tried, (lane, point) => killAt(lane, deed, point))).toEqual([]);
  });

  it("tells the truth when a request or a reply is lost", { timeout: limitMs }, async () => {
    const points = (await rehearse(deed)).filter(({ moment }) => moment !== "told");
    const tried = full ? points : [mainWrite(points)];
    expect(await tryAll(tried, (lane, point) => cutAt(lane, deed, point))).toEqual([]);
  });

  it.runIf(full || deed.name.startsWith("claim"))(
    "says that it does not know when nothing comes through after its write",
    { timeout: limitMs },
    async () => {
      const points = await rehearse(deed);
      expect(await tryAll([mainWrite(points)], (lane, point) => darkAfter(lane, deed, point))).toEqual([]);
    },
  );
});
