import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { fileStore } from "../src/store/file.ts";
import { buildDriver, ended, hasStrace, rivals, type Rivals } from "./file-processes.ts";
import { keysOf, read, write } from "./store-contract-calls.ts";

/** The whole proof takes minutes and is for .ci/run. */
const full = process.env["TRACECRAFT_FULL"] === "1";

let driver: Awaited<ReturnType<typeof buildDriver>>;
let group: Rivals | undefined;
beforeAll(async () => {
  driver = await buildDriver();
});
afterEach(async () => {
  await group?.finish();
  group?.remove();
  group = undefined;
});
afterAll(() => driver.remove());

describe("8 processes on one file store", () => {
  it("lose nothing that was acknowledged, and have one winner, while others are killed and stopped", async () => {
    group = rivals(driver.path);
    const alive = new Set<ChildProcess>();
    const start = () => {
      const child = group!.start();
      alive.add(child);
      child.once("exit", () => alive.delete(child));
    };
    for (let process = 0; process < 8; process++) start();
    const began = performance.now();
    const enough = { ms: full ? 60_000 : 1_500, kills: 10, notes: 200 };
    let killed = 0;
    for (;;) {
      const ms = performance.now() - began; // A busy machine takes longer to do as much.
      if (ms > enough.ms && killed > enough.kills && group.acknowledged() > enough.notes) break;
      await pause(Math.random() * 100);
      const victim = [...alive][Math.floor(Math.random() * alive.size)];
      if (victim === undefined) continue;
      if (Math.random() < 0.5) {
        victim.kill("SIGSTOP");
        setTimeout(() => victim.kill("SIGCONT"), Math.random() * 100);
      } else {
        victim.kill("SIGKILL");
        killed++;
        start();
      }
    }
    await group.finish();
    expect(await group.faults()).toEqual([]);
  }, 120_000);
});

/** Groups of system calls: a victim is killed on entering the n-th one, so all before it are done and it is not. */
const callGroups = [
  "?link,?linkat",
  "?rename,?renameat,?renameat2",
  "?unlink,?unlinkat",
  "?mkdir,?mkdirat",
  "?write,?pwrite64",
  "?open,?openat",
  "?getdents64",
  "?statx,?lstat,?stat,?newfstatat,?fstat",
  "?close",
];
const victimTurns = 5;
/** Names are only removed now and then, and by whoever lost: of such calls a victim of more turns makes enough. */
const [fewCalls, patientTurns] = [20, 60];
const traces = hasStrace();
if (!traces) console.log("skipped: killing at each system call, strace is missing or may not trace here");

describe.runIf(traces)("a process killed at any system call", () => {
  it.runIf(full).each(callGroups)(
    "%s takes nothing acknowledged with it, and stops none of its 8 rivals",
    async (calls) => {
      group = rivals(driver.path, 20);
      for (let process = 0; process < 8; process++) group.start();
      let [turns, points] = [victimTurns, 40];
      let all = await countCalls(group, calls, turns);
      if (all < fewCalls) {
        [turns, points] = [patientTurns, 10]; // Each takes seconds.
        all = await countCalls(group, calls, turns);
      }
      const step = Math.max(1, Math.floor(all / points));
      let killed = 0;
      // How often a victim cleans depends on its rivals: one that makes fewer such calls lives, and another is tried.
      for (let at = 1; at <= all; at += step)
        for (let tries = 0; tries < 2; tries++) {
          if (!(await killAt(group, calls, at, turns))) continue;
          killed++;
          break;
        }
      expect(killed).toBeGreaterThan(all / step / 2);
      await expectGoing(group);
    },
    600_000,
  );

  it.runIf(!full)("takes nothing acknowledged with it, and stops none of its rivals", async () => {
    group = rivals(driver.path);
    for (let process = 0; process < 2; process++) group.start();
    let killed = 0;
    for (const calls of callGroups) {
      if (await killAt(group, calls, 1 + Math.floor(Math.random() * victimTurns))) killed++;
    }
    expect(killed).toBeGreaterThan(callGroups.length / 2);
    await expectGoing(group);
  });
});

/** Whoever comes after the dead gets on, and what they were told is so. */
async function expectGoing(rivalsThere: Rivals): Promise<void> {
  const last = rivalsThere.start(3);
  await ended(last);
  expect(last.exitCode).toBe(0);
  await rivalsThere.finish();
  expect(rivalsThere.acknowledged()).toBeGreaterThan(20);
  expect(await rivalsThere.faults()).toEqual([]);
}

/** How many such calls a victim makes, counted in one that lives. */
async function countCalls(rivalsThere: Rivals, calls: string, turns: number): Promise<number> {
  const log = join(rivalsThere.root, "..", "calls");
  const victim = await attached(rivalsThere, ["-e", `trace=${calls}`, "-o", log], turns);
  await ended(victim);
  const count = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => / = (?!\?)/.test(line)).length;
  rmSync(log);
  return count;
}

async function killAt(rivalsThere: Rivals, calls: string, at: number, turns = victimTurns): Promise<boolean> {
  const inject = `inject=${calls}:signal=KILL:when=${at}`;
  const victim = await attached(
    rivalsThere,
    ["-e", `trace=${calls}`, "-e", inject, "-o", "/dev/null"],
    turns,
  );
  await ended(victim);
  return victim.signalCode === "SIGKILL";
}

/** Starts a victim, and lets it go once strace has it: what Node does on its way up is not counted. */
async function attached(rivalsThere: Rivals, words: readonly string[], turns: number): Promise<ChildProcess> {
  const victim = rivalsThere.start(turns, "wait");
  await new Promise((resolve) => victim.stdout!.once("data", resolve));
  const strace = spawn("strace", ["-f", ...words, "-p", `${victim.pid}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    strace.stderr.once("data", () => resolve());
    strace.once("exit", () => reject(new Error("strace did not attach")));
  });
  victim.stdin!.write("g");
  await ended(strace);
  return victim;
}

const mayMount = full && process.getuid?.() === 0;
if (!mayMount) console.log("skipped: a full disk, which needs TRACECRAFT_FULL=1 and root");

describe.runIf(mayMount)("a full disk", () => {
  it("refuses each put, keeps what is there, and is as good as new when there is room", async () => {
    const root = mkdtempSync(join(tmpdir(), "tracecraft-full-"));
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", root]).status).toBe(0);
    try {
      const store = fileStore(root);
      const version = await write(store, "claim", "mine");
      const filler = Buffer.alloc(50_000, 1);
      const fillers: string[] = [];
      for (let n = 0; ; n++) {
        const put = await store.put(`filler/${n}`, filler, "fresh").catch((error: unknown) => error);
        if (!(typeof put === "object" && put !== null && "outcome" in put)) {
          expect(put).toMatchObject({ code: "disk_full" });
          break;
        }
        fillers.push(`filler/${n}`);
      }
      expect(fillers.length).toBeGreaterThan(5);
      for (const expected of ["nothing", "anything", "fresh", { version }] as const) {
        const key = typeof expected === "object" ? "claim" : `new-${expected}`;
        await expect(store.put(key, filler, expected)).rejects.toMatchObject({ code: "disk_full" });
      }
      expect(await read(store, "claim")).toMatchObject({ version, size: 4 });
      expect(await keysOf(store, "")).toEqual(["claim", ...fillers.toSorted()]);
      const left = readdirSync(root, { recursive: true, encoding: "utf8" });
      expect(left.filter((name) => /(^|\/)\.?t[0-9a-f.]{16,}/.test(name))).toHaveLength(1); // The claim's other name.

      await store.delete(fillers[0]!);
      await write(store, "claim", "still mine", { version });
    } finally {
      spawnSync("umount", [root]);
      rmdirSync(root);
    }
  });
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}
