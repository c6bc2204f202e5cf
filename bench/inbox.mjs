// An inbox with 10 and with 1,000 unread messages: what it takes to read it, cold (a machine that knows nothing of it)
// and after `status` (which keeps bodies here), and when nothing is new. `node bench/inbox.mjs [rounds]`, after `npm run build`.
// On a directory, on the S3 server for tests (which counts requests and round trips), and on Ceph where it is up.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cephPlace, startServer } from "./s3-server.mjs";

const program = fileURLToPath(new URL("../dist/cli.cjs", import.meta.url));
const usage = fileURLToPath(new URL("usage.cjs", import.meta.url));
const rounds = Number(process.argv[2] ?? 5);
const sizes = [10, 1000];
/** So that requests which are sent at once are not taken for a row. */
const latencyMs = 20;

const place = mkdtempSync(join(tmpdir(), "tracecraft-inbox-"));
try {
  const load = loadavg()[0].toFixed(1);
  console.log(
    `# ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${rounds} rounds, medians, load ${load}\n`,
  );
  console.log(
    "| store | unread | reading | ms | of `node -e 0` | MiB | requests | round trips |\n|---|---|---|---|---|---|---|---|",
  );
  await measure("directory", { where: ["--store", `file://${place}/bucket`] });
  const server = await startServer();
  const where = ["--endpoint", server.endpoint, "--bucket", "inbox"];
  await measure("S3 server for tests", { where, env: server.env, control: server.control });
  server.end();
  const ceph = cephPlace();
  if (ceph) {
    const at = ["--endpoint", ceph.endpoint, "--bucket", `inbox-${process.pid}`];
    await measure("Ceph", { where: at, env: ceph.env });
  } else {
    console.log("\nskipped: Ceph (see scripts/ceph-up.sh)");
  }
} finally {
  rmSync(place, { recursive: true, force: true });
}

async function measure(name, { where, env = {}, control }) {
  for (const unread of sizes) {
    const folder = join(place, `${name.replaceAll(" ", "-")}-${unread}`);
    const at = (home) => ({
      cwd: folder,
      encoding: "utf8",
      env: { PATH: process.env.PATH, HOME: home, TRACECRAFT_SESSION: "bench", ...env },
    });
    const clean = join(folder, "clean");
    mkdirSync(clean, { recursive: true });
    const project = `inbox-${unread}`;
    must(at(clean), ["init", "--project", project, "--agent", "me", ...where]);
    fill(at(clean), unread);
    must(at(clean), ["--agent", "other", "memory", "list"]);
    const beside = (home, words) => [timed(at(home), ["-e", "0"]), timed(at(home), [program, ...words])];
    const spare = join(folder, "spare");
    const homes = Array.from({ length: rounds }, (_, round) => join(folder, `home-${round}`));
    // Each reading leaves all of it unread. `status` keeps the bodies of the first 64 here.
    const readings = [
      ["20 lines, cold", ["inbox", "--peek"], clean],
      ["20 lines, after `status`", ["inbox", "--peek"], undefined],
      ["all, cold", ["inbox", "--all", "--peek"], clean],
    ];
    for (const [label, words, from] of readings) {
      for (const home of [...homes, spare]) {
        if (from) rmSync(home, { recursive: true, force: true });
        if (from) cpSync(from, home, { recursive: true });
        else must(at(home), ["status"]);
      }
      const times = homes.map((home) => beside(home, words));
      await row({ name, unread, label, times, options: at(spare), words, control });
    }
    const done = at(homes[0]);
    must(done, ["inbox", "--all"]);
    const times = homes.map(() => beside(homes[0], ["inbox"]));
    await row({ name, unread, label: "nothing new", times, options: done, words: ["inbox"], control });
  }
}

/** Memory and requests come from a pass of their own. */
async function row({ name, unread, label, times, options, words, control }) {
  if (control) await control({ forget: true, quirks: { latencyMs } });
  const { output } = spawnSync(process.execPath, ["-r", usage, program, ...words], {
    ...options,
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const asked = control && (await control({ log: true, forget: true, quirks: {} }));
  const { rssMiB } = JSON.parse(output[3]);
  const ms = median(times.map(([, wall]) => wall));
  const ratio = median(times.map(([empty, wall]) => wall / empty));
  const cells = [name, unread, label, ms.toFixed(0), ratio.toFixed(1), rssMiB.toFixed(0)];
  console.log(`| ${[...cells, asked?.lines.length ?? "", asked?.roundTrips ?? ""].join(" | ")} |`);
}

/** Mail of another agent. On a directory and over HTTP alike, sixteen at a time, by the program's own `send`. */
function fill(options, count) {
  const script = `
    let next = 0;
    const { spawn } = require("node:child_process");
    const one = () => {
      if (next >= ${count}) return;
      const words = ["send", "me", "message " + next++ + " " + "x".repeat(200), "--agent", "other", "--quiet"];
      spawn(process.execPath, [${JSON.stringify(program)}, ...words], { stdio: "ignore" }).on("close", one);
    };
    for (let n = 0; n < 16; n++) one();`;
  const { status } = spawnSync(process.execPath, ["-e", script], options);
  if (status !== 0) throw new Error("the inbox could not be filled");
}

function must(options, words) {
  const { status, stderr } = spawnSync(process.execPath, [program, ...words], options);
  if (status !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
}

function timed(options, words) {
  const started = process.hrtime.bigint();
  const { status } = spawnSync(process.execPath, words, { ...options, stdio: "ignore" });
  if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}`);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
