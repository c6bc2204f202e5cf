// 2, 10 and 50 processes that want one step at once: exactly one gets it, in every round, and the others say who.
// `node bench/contention.mjs [rounds]`, after `npm run build`. On a directory, on the S3 server for tests (which also
// counts requests), and on Ceph where TRACECRAFT_CEPH_ENDPOINT says where one is.
import { execFile, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cephPlace, startServer } from "./s3-server.mjs";

const program = fileURLToPath(new URL("../dist/cli.cjs", import.meta.url));
const rounds = Number(process.argv[2] ?? 5);
const racers = [2, 10, 50];

const place = mkdtempSync(join(tmpdir(), "tracecraft-contention-"));
let faults = 0;
try {
  const load = loadavg()[0].toFixed(1);
  console.log(
    `# ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${rounds} rounds, medians, load ${load}\n`,
  );
  console.log(
    "| store | processes | winners a round | ms | `node -e 0`, as many at once | ratio | requests a loser |\n|---|---|---|---|---|---|---|",
  );
  await measure("directory", { where: ["--store", `file://${place}/bucket`] });
  const server = await startServer();
  const at = ["--endpoint", server.endpoint, "--bucket", "race"];
  await measure("S3 server for tests", { where: at, env: server.env, control: server.control });
  server.end();
  const ceph = cephPlace();
  if (ceph) {
    const where = ["--endpoint", ceph.endpoint, "--bucket", `race-${process.pid}`];
    await measure("Ceph", { where, env: ceph.env });
  } else {
    console.log("\nskipped: Ceph (see scripts/ceph-up.sh)");
  }
  if (faults > 0)
    console.log(`\n${faults} rounds had not exactly one winner, or a loser that did not name it`);
} finally {
  rmSync(place, { recursive: true, force: true });
}
process.exitCode = faults > 0 ? 1 : 0;

async function measure(name, { where, env = {}, control }) {
  const cwd = join(place, name.replaceAll(" ", "-"));
  mkdirSync(join(cwd, "home"), { recursive: true });
  const options = { cwd, env: { PATH: process.env.PATH, HOME: join(cwd, "home"), ...env } };
  const init = ["init", "--project", "race", "--agent", "me", ...where];
  const made = spawnSync(process.execPath, [program, ...init], { ...options, encoding: "utf8" });
  if (made.status !== 0) throw new Error(made.stderr);
  for (const count of racers) {
    const [walls, empties, asked, winners] = [[], [], [], []];
    for (let round = 0; round < rounds; round++) {
      empties.push((await together(count, () => ["-e", "0"], options)).ms);
      if (control) await control({ forget: true });
      const words = (n) => [program, "claim", `step-${count}-${round}`, "--agent", `agent-${n}`];
      const { ms, ends } = await together(count, words, options);
      walls.push(ms);
      if (control) asked.push((await control({ log: true, forget: true })).lines);
      winners.push(judge(ends));
    }
    const [wall, empty] = [median(walls), median(empties)];
    const ofLosers =
      asked.length === 0 ? "" : median(asked.map((lines) => perLoser(lines, count))).toFixed(2);
    const cells = [name, count, [...new Set(winners)].join(" "), wall.toFixed(0), empty.toFixed(0)];
    console.log(`| ${[...cells, (wall / empty).toFixed(2), ofLosers].join(" | ")} |`);
  }
}

/** How many won. A loser must end with 3 and name the winner. */
function judge(ends) {
  const won = ends.filter(({ status }) => status === 0);
  const [, winner] = /as (agent-\d+)\n/.exec(won[0]?.stdout ?? "") ?? [];
  const lost = ends.filter(
    ({ status, stderr }) => status === 3 && stderr.includes(`already claimed by ${winner}\n`),
  );
  if (won.length !== 1 || lost.length !== ends.length - 1) faults++;
  return won.length;
}

/** Requests for the step, less the winner's one, for each loser. The journal and the heartbeat are not in the race. */
function perLoser(lines, count) {
  const race = lines.filter((line) => line.includes("/steps/")).length;
  return (race - 1) / (count - 1);
}

async function together(count, wordsOf, options) {
  const started = process.hrtime.bigint();
  const ends = await Promise.all(Array.from({ length: count }, (_, n) => ended(wordsOf(n), options)));
  return { ms: Number(process.hrtime.bigint() - started) / 1e6, ends };
}

function ended(words, options) {
  return new Promise((resolve) => {
    execFile(process.execPath, words, options, (error, stdout, stderr) =>
      resolve({ status: error ? error.code : 0, stdout, stderr }),
    );
  });
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
