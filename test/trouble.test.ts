import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exitStatus, type ErrorCode } from "../src/errors.ts";
import { s3Keys, worker, type Worker } from "./processes.ts";
import { cliWorld, type Ran } from "./run-cli.ts";
import { startS3Server, type S3Server } from "./s3-server.ts";
import { all, commands, refusal, troubles, type Name, type Trouble } from "./trouble-kinds.ts";
import { removed } from "./removed.ts";

const full = process.env["TRACECRAFT_FULL"] === "1";
/** What a command may take by default, and what a process on a busy machine takes to start and to end. */
const byDefaultMs = 10_000 + 6_000;
const limitMs = 5 * 60_000;

/** What is wrong with what a command in trouble has said. */
function faultsOf(
  name: Name,
  ran: Ran,
  tookMs: number,
  { statuses, says, withinMs = byDefaultMs }: Trouble,
  json: boolean,
): string[] {
  const faults: string[] = [];
  const wanted = statuses[name];
  const fault = (what: string) => faults.push(`${commands[name]}: ${what}: ${ran.stdout}${ran.stderr}`);
  if (ran.status !== wanted) fault(`status ${ran.status}, not ${wanted}`);
  if (tookMs > withinMs) fault(`it took ${Math.round(tookMs)} ms`);
  if (json) {
    const document = JSON.parse(ran.stdout) as { ok: boolean; error?: { code: ErrorCode; message: string } };
    if (document.ok !== (wanted === 0)) fault("the document says otherwise");
    if (document.error && exitStatus[document.error.code] !== wanted) fault("its code has another status");
    if (document.error && ran.stderr !== `Error: ${document.error.message}\n`) fault("stderr says otherwise");
    return faults;
  }
  if (wanted === 0) return faults;
  const lines = ran.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("-- "));
  if (!/^Error: .+[^.]$/.test(lines[0] ?? "")) fault("it does not begin with an error");
  if (lines.length > 3 || lines.slice(1).some((line) => !/^(?:Cause|Hint): /.test(line)))
    fault("too much talk");
  if (!says.test(ran.stderr)) fault("it does not say why");
  if (ran.stdout !== "") fault("an answer beside the error");
  if (/test-secret|wrong\b/.test(ran.stderr)) fault("a secret");
  return faults;
}

async function runAll(mine: Worker, trouble: Trouble): Promise<string[]> {
  const faults: string[] = [];
  const each = Object.entries(commands) as [Name, string][];
  const runs = each.flatMap(([name, line]) => [false, true].map((json) => ({ name, line, json })));
  await Promise.all(
    runs.map(async ({ name, line, json }) => {
      const startedAt = performance.now();
      const words = line.replace("MODE", json ? "json" : "text").split(" ");
      const ran = await mine.run([...words, ...(json ? ["--json"] : [])], trouble.env);
      faults.push(...faultsOf(name, ran, performance.now() - startedAt, trouble, json));
    }),
  );
  return faults;
}

let server: S3Server;
let mine: Worker;
let before: ReadonlyMap<string, { readonly body: Buffer; readonly etag: string }>;
type Objects = Map<string, { readonly body: Buffer; readonly etag: string }>;
const objects = () => server.objects("bucket") as Objects;
let machine: string;

async function prepare(one: Worker): Promise<void> {
  writeFileSync(join(one.world.cwd, "file.txt"), "hello\n");
  for (const line of ["claim held-text", "claim held-json", "memory set key first"])
    await one.run(line.split(" "));
}

beforeAll(async () => {
  server = await startS3Server();
  const init = ["--bucket", "bucket", "--endpoint", server.endpoint];
  mine = await worker("web-1", init, s3Keys);
  const other = await worker("api-2", init, s3Keys);
  await prepare(mine);
  await other.run(["send", "web-1", "read me"]);
  before = new Map(objects());
  machine = join(cliWorld().root, "machine");
  cpSync(mine.world.root, machine, { recursive: true });
});
afterAll(() => server.close());

/** Puts the bucket and the machine back as they were. */
function calm(): void {
  removed(mine.world.root);
  cpSync(machine, mine.world.root, { recursive: true });
  server.quirks = {};
  server.plan = () => undefined;
  objects().clear();
  for (const [key, object] of before) objects().set(key, object);
}

describe("what a command says in trouble, and what it leaves behind", () => {
  for (const [name, trouble] of Object.entries(troubles)) {
    it(name, { timeout: limitMs }, async () => {
      calm();
      server.quirks = trouble.quirks ?? {};
      server.plan = trouble.plan ?? (() => undefined);
      expect(await runAll(mine, trouble)).toEqual([]);
      // Where anything may be written at all, some of the commands did it.
      const nothing = trouble.statuses.claim !== 0;
      if (nothing) expect([...objects()]).toEqual([...before]);
    });
  }

  it("an endpoint where nobody listens", { timeout: limitMs }, async () => {
    const closed = await startS3Server();
    const lost = await worker("web-1", ["--bucket", "bucket", "--endpoint", closed.endpoint], s3Keys);
    await prepare(lost);
    await closed.close();
    const says = /^Error: Cannot reach "s3:\/\/bucket\/shop": connection refused\n/; // Known, and not after 10 s.
    expect(await runAll(lost, { statuses: all(7), says, withinMs: 9_000 })).toEqual([]);
  });

  it(
    "a wait outlives a store that does not answer for a while, and says so",
    { timeout: limitMs },
    async () => {
      calm();
      let refused = 0;
      server.plan = () => (refused++ < 20 ? refusal(503, "SlowDown") : undefined); // More than one look's repetitions.
      const waited = await mine.run(["inbox", "--wait", "30s"]);
      expect([waited.status, waited.stdout]).toEqual([0, expect.stringContaining("read me")]);
      expect(waited.stderr).toContain(", the store does not answer)");
      server.plan = () => refusal(503, "SlowDown");
      expect((await mine.run(["inbox", "--wait", "1s"])).status).toBe(7);
    },
  );

  it("a wait for a store that never answers ends at once with Ctrl-C", { timeout: limitMs }, async () => {
    calm();
    server.plan = () => refusal(503, "SlowDown");
    for (const words of [
      ["wait-for", "never"],
      ["inbox", "--wait", "60s"],
    ]) {
      const { child, ended } = mine.start(words);
      setTimeout(() => child.kill("SIGINT"), 1_500);
      const startedAt = performance.now();
      expect((await ended).status).toBe(130);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    }
  });

  it("a clock 20 minutes off is corrected by the store's, once, and kept", { timeout: limitMs }, async () => {
    calm();
    server.quirks = { skewMs: 20 * 60_000 };
    expect((await mine.run(["memory", "set", "key", "second"])).status).toBe(0);
    server.forget();
    const statuses = all(0);
    expect(await runAll(mine, { statuses, says: /^/ })).toEqual([]);
    expect(server.log.filter(({ status }) => status === 403)).toEqual([]); // The correction is known by now.
  });
});

const root = process.getuid?.() === 0;
if (!full || !root) {
  const line = "No full disk: needs root and TRACECRAFT_FULL=1, to mount a tmpfs of 1 MiB";
  console.log(`skipped: ${line}`);
  it.skip(line, () => {});
} else {
  describe("a full disk of 1 MiB", () => {
    const place = join(cliWorld().root, "disk");
    beforeAll(() => {
      mkdirSync(place);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=777", "tmpfs", place]);
    });
    afterAll(() => void execFileSync("umount", ["-l", place]));

    const fill = (): void => {
      const block = Buffer.alloc(4096);
      for (let n = 0; ; n++) {
        try {
          writeFileSync(join(place, `filler-${n}`), block);
          if (statSync(join(place, `filler-${n}`)).size < block.length) return;
        } catch {
          return;
        }
      }
    };
    const there = (): string[] =>
      readdirSync(join(place, "bucket"), { recursive: true, encoding: "utf8" }).filter((name) =>
        statSync(join(place, "bucket", name)).isFile(),
      );

    it("says so with status 2, and leaves nothing half-written", { timeout: limitMs }, async () => {
      const one = await worker("web-1", ["--store", `file://${join(place, "bucket")}`]);
      const other = await worker("api-2", ["--store", `file://${join(place, "bucket")}`]);
      await prepare(one);
      await other.run(["send", "web-1", "read me"]);
      const earlier = new Map(
        there().map((name) => [name, readFileSync(join(place, "bucket", name), "utf8")]),
      );
      fill();
      const statuses = all(2, { inbox: 0, get: 0, status: 0 });
      expect(await runAll(one, { statuses, says: /no space left/ })).toEqual([]);
      const now = there();
      expect(now.filter((name) => !earlier.has(name))).toEqual([]);
      for (const [name, text] of earlier)
        expect(readFileSync(join(place, "bucket", name), "utf8")).toBe(text);
    });
  });
}
