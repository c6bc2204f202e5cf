import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { claimKey } from "../src/format/keys.ts";
import type { ClaimRecord } from "../src/format/records.ts";
import { fileStore } from "../src/store/file.ts";
import { s3Store } from "../src/store/s3.ts";
import type { Store } from "../src/store/store.ts";
import { gate } from "./gate.ts";
import { s3Keys, workers, type Worker } from "./processes.ts";
import { startProxy, type Proxy } from "./proxy.ts";
import { cliWorld, type Ran } from "./run-cli.ts";
import { startS3Server } from "./s3-server.ts";

const full = process.env["TRACECRAFT_FULL"] === "1";
const rivals = Array.from({ length: 20 }, (_, at) => `agent-${at + 1}`);
const limitMs = 20 * 60_000;
const stepNames = (count: number) => Array.from({ length: count }, (_, at) => `step-${at + 1}`);

/** What is wrong with a race for one step, whose claim ended as it stands in the bucket. */
async function faultsOf(
  store: Store,
  step: string,
  all: readonly Worker[],
  ran: readonly Ran[],
): Promise<string[]> {
  const faults: string[] = [];
  const won = all.filter((_, at) => ran[at]!.status === 0).map(({ agent }) => agent);
  if (won.length !== 1) faults.push(`${step}: won by ${won.join(", ") || "nobody"}`);
  const [winner] = won;
  for (const [at, { status, stdout, stderr }] of ran.entries()) {
    const { agent } = all[at]!;
    const said = `${step}: ${agent} ended with ${status}: ${stdout}${stderr}`;
    if (agent === winner) {
      if (!stdout.startsWith(`Claimed step ${step} as ${agent}\n`) || !stdout.includes(", term 1"))
        faults.push(said);
    } else if (status !== 3 || !stderr.startsWith(`Error: Step ${step} already claimed by ${winner}\n`))
      faults.push(said);
  }
  const object = await store.get(claimKey(step), { limit: 1 << 20 });
  const claim = JSON.parse(Buffer.from(object?.body ?? []).toString() || "{}") as Partial<ClaimRecord>;
  const inBucket = [claim.agent, claim.term, claim.n, claim.log?.length, claim.state].join(" ");
  if (inBucket !== `${winner} 1 1 1 in_progress`) faults.push(`${step}: the claim says ${inBucket}`);
  return faults;
}

/** Holds the first put of each claim until all rivals have sent theirs, then lets them all go on at once. */
function letThemMeet(proxy: Proxy, count: number): void {
  const waiting = new Map<string, (() => void)[]>();
  proxy.watch = async ({ key, shape }, moment) => {
    if (moment !== "asked" || !/^PUT .*claim\.json new$/.test(shape)) return "on" as const;
    await new Promise<void>((resolve) => {
      const held = [...(waiting.get(key) ?? []), resolve];
      waiting.set(key, held);
      if (held.length === count) for (const go of held) go();
    });
    return "on" as const;
  };
}

describe("20 processes that race for each step", () => {
  const steps = stepNames(full ? 50 : 4);

  it(`on a directory: exactly one wins each of ${steps.length}`, { timeout: limitMs }, async () => {
    const folder = join(cliWorld().root, "bucket");
    const all = await workers(rivals, ["--store", `file://${folder}`]);
    const store = fileStore(folder, { prefix: "shop" });
    const faults: string[] = [];
    for (const [at, step] of steps.entries()) {
      // Every other race is held until all of them are about to publish their claim.
      const held = at % 2 === 0 ? gate(`${step}/.v/claim.json`) : undefined;
      const running = all.map((one) => one.run(["claim", step], held?.env));
      await held?.openFor(all.length);
      faults.push(...(await faultsOf(store, step, all, await Promise.all(running))));
      held?.remove();
    }
    expect(faults).toEqual([]);
  });

  it("on an S3 server that gets all claims at the same moment", { timeout: limitMs }, async () => {
    const server = await startS3Server();
    const proxy = await startProxy(server.endpoint, "shop/");
    const all = await workers(rivals, ["--bucket", "bucket", "--endpoint", proxy.endpoint], s3Keys);
    letThemMeet(proxy, all.length);
    const faults: string[] = [];
    for (const step of stepNames(full ? 10 : 2)) {
      const ran = await Promise.all(all.map((one) => one.run(["claim", step])));
      faults.push(...(await faultsOf(s3Store(server.options({ prefix: "shop" })), step, all, ran)));
    }
    await Promise.all([proxy.close(), server.close()]);
    expect(faults).toEqual([]);
  });
});

const ceph = process.env["TRACECRAFT_CEPH_ENDPOINT"];
if (ceph === undefined) {
  const line = 'No race on Ceph: run  eval "$(scripts/ceph-up.sh)"  first';
  console.log(`skipped: ${line}`);
  it.skip(line, () => {});
} else {
  const env = process.env;
  const keys = {
    AWS_ACCESS_KEY_ID: env["TRACECRAFT_CEPH_ACCESS_KEY_ID"] ?? env["AWS_ACCESS_KEY_ID"] ?? "",
    AWS_SECRET_ACCESS_KEY: env["TRACECRAFT_CEPH_SECRET_ACCESS_KEY"] ?? env["AWS_SECRET_ACCESS_KEY"] ?? "",
  };
  const steps = stepNames(full ? 50 : 3);
  it(
    `20 processes race for each of ${steps.length} steps on Ceph: exactly one wins each`,
    { timeout: limitMs },
    async () => {
      const bucket = `race-${randomBytes(6).toString("hex")}`;
      const proxy = await startProxy(ceph);
      const all = await workers(rivals, ["--bucket", bucket, "--endpoint", proxy.endpoint], keys);
      const credentials = async () => ({
        accessKeyId: keys.AWS_ACCESS_KEY_ID,
        secretAccessKey: keys.AWS_SECRET_ACCESS_KEY,
        source: "the test",
      });
      const store = s3Store({ endpoint: ceph, bucket, prefix: "shop", credentials });
      const faults: string[] = [];
      for (const [at, step] of steps.entries()) {
        if (at % 2 === 0) letThemMeet(proxy, all.length);
        else proxy.watch = () => "on";
        const ran = await Promise.all(all.map((one) => one.run(["claim", step])));
        faults.push(...(await faultsOf(store, step, all, ran)));
      }
      await proxy.close();
      expect(faults).toEqual([]);
    },
  );
}

/** An agent of its own project, in a directory. */
async function onlyAgent(): Promise<Worker> {
  const folder = join(cliWorld().root, "bucket");
  const [made] = await workers(["web-1"], ["--store", `file://${folder}`]);
  return made!;
}

const harnessSession = (at: number) => ({
  CLAUDE_CODE_SESSION_ID: `5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5${at}`,
});

describe("one agent in several places", () => {
  const rounds = stepNames(full ? 10 : 3);

  /** Two processes that are about to claim race for each step; how many of them hold it, and what the other was told. */
  async function race(one: Worker, way: (which: number) => [env: Record<string, string>, cwd?: string]) {
    const told: string[] = [];
    for (const step of rounds) {
      const held = gate(`${step}/.v/claim.json`);
      const running = [0, 1].map((which) => {
        const [env, cwd] = way(which);
        return one.run(["claim", step], { ...held.env, ...env }, cwd);
      });
      await held.openFor(2);
      const ran = await Promise.all(running);
      held.remove();
      const lost = ran.find(({ status }) => status !== 0);
      const holders = ran.filter(({ status }) => status === 0).length;
      told.push(`${holders} holds it; ${lost?.status}: ${lost?.stderr.split("\n")[2]}`);
    }
    return told;
  }

  const never = rounds.map((step) => `1 holds it; 3: Hint: tracecraft claim ${step} --mine`);

  it("two sessions of it never both hold a step", async () => {
    expect(await race(await onlyAgent(), (at) => [{ TRACECRAFT_SESSION: `session-${at}` }])).toEqual(never);
  });

  it("two harness sessions in one checkout never both hold a step", async () => {
    expect(
      await race(await onlyAgent(), (at) => [{ TRACECRAFT_SESSION: "", ...harnessSession(at) }]),
    ).toEqual(never);
  });

  it("two checkouts of it never both hold a step", async () => {
    const here = await onlyAgent();
    const folders = [0, 1].map((at) => join(here.world.root, `checkout-${at}`));
    const store = JSON.parse((await here.run(["whoami", "--json"])).stdout).data.store as string;
    const root = store.replace(/\/shop$/, "");
    for (const folder of folders) {
      mkdirSync(folder);
      const words = ["init", "--project", "shop", "--agent", "web-1", "--store", root];
      const { status, stderr } = await here.run(words, {}, folder);
      expect([status, stderr]).toEqual([0, expect.any(String)]);
    }
    expect(await race(here, (at) => [{}, folders[at]!])).toEqual(never);
  });

  it("two sub-agents with a session each never both hold a step, inside of one harness session", async () => {
    expect(
      await race(await onlyAgent(), (at) => [{ ...harnessSession(0), TRACECRAFT_SESSION: `sub-${at}` }]),
    ).toEqual(never);
  });

  it("two machines of it never both hold a step, and two shells of one checkout are one session", async () => {
    const folder = join(cliWorld().root, "bucket");
    const machines = await workers(["web-1", "web-1"], ["--store", `file://${folder}`]);
    for (const step of rounds) {
      const ran = await Promise.all(machines.map((machine) => machine.run(["claim", step])));
      expect(ran.map(({ status }) => status).toSorted()).toEqual([0, 3]);
    }
    const shells = await Promise.all([0, 1].map(() => machines[0]!.run(["claim", "shared-by-shells"])));
    expect(shells.map(({ status }) => status)).toEqual([0, 0]);
  });
});
