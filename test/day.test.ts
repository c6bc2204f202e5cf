import { readFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import { startProxy, type Proxy } from "./proxy.ts";
import { cliWorld, type CliWorld } from "./run-cli.ts";
import { startS3Server, type S3Server } from "./s3-server.ts";
import { followersOf, startHarness, until, type ScriptedHarness } from "./scripted-harness.ts";

interface Worker {
  readonly agent: string;
  readonly harness: "claude-code" | "codex";
  readonly world: CliWorld;
  readonly proxy: Proxy;
  readonly run: ScriptedHarness;
}

const sessions = {
  "web-1": "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a",
  "api-2": "01994a10-0000-7000-8000-0000000000a1",
  "test-3": "6d1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5b",
};

/** A machine of its own with its own way to the one bucket, and a harness set up on it. */
async function worker(
  server: S3Server,
  agent: keyof typeof sessions,
  harness: Worker["harness"],
): Promise<Worker> {
  const proxy = await startProxy(server.endpoint);
  onTestFinished(() => proxy.close());
  const made = cliWorld();
  const { accessKeyId, secretAccessKey } = server.keys;
  const { TRACECRAFT_SESSION: _none, ...rest } = made.env;
  const env = { ...rest, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  const run: CliWorld["run"] = (words, options) =>
    made.run(words, { ...options, env: { ...env, TRACECRAFT_SESSION: undefined, ...options?.env } });
  const world = { ...made, env, run };
  const init = [
    "init",
    "--endpoint",
    proxy.endpoint,
    "--bucket",
    "bucket",
    "--project",
    "shop",
    "--agent",
    agent,
  ];
  expect((await run(init)).stderr).not.toContain("Error");
  expect((await run(["setup", harness])).status).toBe(0);
  const started = await startHarness(harness, world, sessions[agent]);
  onTestFinished(() => started.kill());
  expect(await started.fire("SessionStart", { source: "startup" })).toContain(`This is agent ${agent}`);
  return { agent, harness, world, proxy, run: started };
}

const lastsS = 4;
const claim = async ({ run }: Worker, step: string): Promise<number | null> =>
  (await run.types(`tracecraft claim ${step} --ttl ${lastsS}s`)).status;
const complete = async ({ run }: Worker, step: string): Promise<number | null> =>
  (await run.types(`tracecraft complete ${step} --note "done by hand"`)).status;

/** What is said while a turn goes on: the line, and the end of the turn. */
async function turn({ run }: Worker, text: string): Promise<void> {
  run.says(text);
  await run.fire("Stop");
}

/** News are out once a turn has ended: the first prompt after that tells them, and reading them is what it asks for. */
async function isTold({ run, proxy }: Worker, from: string): Promise<void> {
  proxy.forget();
  await run.fire("Stop");
  const inbox = /^LIST .*messages/;
  await until(`${from}'s mail is looked for`, () => proxy.passed.some(({ shape }) => inbox.test(shape)));
  await until(
    "the look is over",
    async () => {
      await proxy.settled();
      return (await run.fire("UserPromptSubmit", { prompt: "go on" })).includes(`from ${from}`);
    },
    5_000,
  );
  expect((await run.types("tracecraft inbox")).stdout).toContain(`from ${from}`);
}

/** Whether the bucket has every line of the transcript, byte for byte. */
async function isWhole(one: Worker): Promise<boolean> {
  const { stdout } = await one.world.run(["session", "show", one.run.session, "--tail", "1000", "--json"]);
  const { data } = JSON.parse(stdout) as { data?: { tail: string[] } };
  const tail = (data?.tail ?? []).map((line) => `${line}\n`).join("");
  return tail === readFileSync(one.run.transcript, "utf8");
}

it(
  "a whole day: nobody works on the same step, every message is told, every transcript is whole",
  { timeout: 180_000 },
  async () => {
    const server = await startS3Server();
    onTestFinished(() => server.close());
    const web = await worker(server, "web-1", "claude-code");
    const api = await worker(server, "api-2", "codex");
    const test = await worker(server, "test-3", "claude-code");
    const all = [web, api, test];
    // Somebody in a plain shell, who takes what is free: no command of web-1 renews what it holds.
    const env = { TRACECRAFT_AGENT: "ops-4", TRACECRAFT_SESSION: "shell-of-ops-4" };
    const fourth = async (verb: string, step: string) => (await web.world.run([verb, step], { env })).status;

    // Morning: all want the same step.
    const race = await Promise.all(all.map((one) => claim(one, "design")));
    expect(race.toSorted()).toEqual([0, 3, 3]);
    const winner = all[race.indexOf(0)]!;
    expect(await complete(winner, "design")).toBe(0);
    expect(await Promise.all([claim(web, "page"), claim(api, "server"), claim(test, "tests")])).toEqual([
      0, 0, 0,
    ]);
    await Promise.all(all.map((one) => turn(one, "I have a step")));
    expect((await web.run.types('tracecraft send api-2 "the contract is in memory"')).status).toBe(0);
    await isTold(api, "web-1");

    // Noon: one is killed, one is offline; both lose what they hold, and not before.
    test.run.says("my last words");
    await test.run.kill();
    api.proxy.watch = () => "cut";
    await turn(api, "nobody hears me");
    expect(await api.run.fire("UserPromptSubmit", { prompt: "go on" })).toBe("");
    expect(await fourth("claim", "server")).toBe(3);
    expect((await web.run.types('tracecraft send api-2 "where are you?"')).status).toBe(0);
    await until("the dead one's step is free", async () => (await fourth("claim", "tests")) === 0);
    await until("the absent one's step is free", async () => (await fourth("claim", "server")) === 0);
    const freeAt = Date.now();
    await until("a lease longer", async () => {
      expect(await fourth("claim", "page")).toBe(3); // Renewed all the while, though its agent does nothing.
      return Date.now() - freeAt > lastsS * 1_000;
    });
    await until("nobody follows the dead", () => followersOf(test.world).length === 0);

    // Afternoon: it is back, too late for its step, and told what was written meanwhile.
    api.proxy.watch = () => "on";
    expect(await complete(api, "server")).toBe(6);
    await isTold(api, "web-1");
    expect(await complete(web, "page")).toBe(0);
    for (const step of ["tests", "server"]) expect(await fourth("complete", step)).toBe(0);
    expect(await claim(api, "server")).toBe(3);
    await Promise.all([web, api].map((one) => turn(one, "good night")));

    // Evening.
    await Promise.all([web.run.quit(), api.run.quit()]);
    for (const one of all) {
      await until(`nobody follows ${one.agent}`, () => followersOf(one.world).length === 0, 30_000);
      await until(`${one.agent}'s transcript is whole`, () => isWhole(one));
    }
    const { stdout } = await web.world.run(["log", "--all"]);
    const won = stdout.split("\n").filter((line) => /complete +\w+ won/.test(line));
    expect(won.map((line) => /complete +(\w+) won/.exec(line)?.[1]).toSorted()).toEqual([
      "design",
      "page",
      "server",
      "tests",
    ]);
  },
);
