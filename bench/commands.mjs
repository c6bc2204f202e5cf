// What each command costs: wall time as a ratio to `node -e 0` in the same loop, CPU, memory, requests and round trips.
// `node bench/commands.mjs [rounds]`, after `npm run build`. On a directory, on the S3 server for tests (a process of
// its own), and on Ceph where TRACECRAFT_CEPH_ENDPOINT says where one is.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../dist/cli.cjs", import.meta.url));
const usage = fileURLToPath(new URL("usage.cjs", import.meta.url));
const rounds = Number(process.argv[2] ?? 20);
const latencyMs = 20;

/** `%` is the round: each is done to something new, or to what the one before it left. */
const commands = [
  ["--version", ["--version"]],
  ["claim, fresh", ["claim", "s%"]],
  ["claim, already ours", ["claim", "s%"]],
  ["claim, taken", ["claim", "s%", "--agent", "rival"]],
  ["step-status", ["step-status", "s%"]],
  ["complete", ["complete", "s%", "--note", "done"]],
  ["complete, repeated", ["complete", "s%"]],
  ["send", ["send", "rival", "hello"]],
  ["inbox, 1 unread", ["inbox", "--agent", "rival"]],
  ["inbox, nothing new", ["inbox", "--agent", "rival"]],
  ["memory set, new", ["memory", "set", "k%", "v"]],
  ["memory set, cached", ["memory", "set", "k%", "w"]],
  ["memory get", ["memory", "get", "k%"]],
  ["status", ["status"]],
];

const place = mkdtempSync(join(tmpdir(), "tracecraft-bench-"));
try {
  console.log(
    `# ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${rounds} rounds, medians`,
  );
  await measure("directory", { store: `file://${place}/bucket` });
  const server = await startServer();
  await measure("S3 server for tests", {
    endpoint: server.endpoint,
    env: server.env,
    control: server.control,
  });
  server.end();
  const ceph = process.env.TRACECRAFT_CEPH_ENDPOINT;
  if (ceph) {
    const { TRACECRAFT_CEPH_ACCESS_KEY_ID: id, TRACECRAFT_CEPH_SECRET_ACCESS_KEY: secret } = process.env;
    await measure("Ceph", { endpoint: ceph, env: { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } });
  } else console.log('\nskipped: Ceph (eval "$(scripts/ceph-up.sh)")');
} finally {
  rmSync(place, { recursive: true, force: true });
}

async function measure(name, { store, endpoint, env = {}, control }) {
  const cwd = join(place, name.replaceAll(" ", "-"));
  mkdirSync(join(cwd, "home"), { recursive: true });
  const bucket = `bench-${process.pid}`;
  const where = store ? ["--store", store] : ["--endpoint", endpoint, "--bucket", bucket];
  const options = { cwd, env: { PATH: process.env.PATH, HOME: join(cwd, "home"), ...env } };
  const init = spawnSync(
    process.execPath,
    [program, "init", "--project", "bench", "--agent", "me", ...where],
    { ...options, encoding: "utf8" },
  );
  if (init.status !== 0) throw new Error(init.stderr);

  const times = new Map(commands.map(([label]) => [label, []]));
  const empty = [];
  for (let round = 0; round < rounds; round++) {
    empty.push(timed(["-e", "0"], options).ms);
    for (const [label, words] of commands)
      times.get(label).push(timed([program, ...words.map((word) => word.replace("%", round))], options).ms);
  }
  const base = median(empty);
  console.log(`\n## ${name}: \`node -e 0\` ${base.toFixed(1)} ms\n`);
  console.log(
    "| command | ratio | ms | CPU ms | MiB | requests | round trips |\n|---|---|---|---|---|---|---|",
  );
  for (const [label, words] of commands) {
    const used = [];
    let asked;
    for (let round = 0; round < 3; round++) {
      const words2 = words.map((word) => word.replace("%", `x${round}`));
      if (control) await control({ forget: true, quirks: { latencyMs } });
      used.push(
        timed(["-r", usage, program, ...words2], {
          ...options,
          stdio: ["ignore", "ignore", "ignore", "pipe"],
        }).usage,
      );
      if (control) asked = await control({ log: true, forget: true, quirks: {} });
    }
    const ms = median(times.get(label));
    const cells = [
      label,
      (ms / base).toFixed(2),
      ms.toFixed(1),
      median(used.map(({ cpuMs }) => cpuMs)).toFixed(0),
      median(used.map(({ rssMiB }) => rssMiB)).toFixed(0),
      asked?.lines.length ?? "",
      asked?.roundTrips ?? "",
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
}

function timed(args, options) {
  const started = process.hrtime.bigint();
  const child = spawnSync(process.execPath, args, { stdio: "ignore", ...options });
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  return { ms, usage: child.output?.[3] ? JSON.parse(child.output[3].toString()) : undefined };
}

async function startServer() {
  const script = fileURLToPath(new URL("../scripts/s3-server.js", import.meta.url));
  const child = spawn(process.execPath, [script, "{}"], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => JSON.parse((await lines.next()).value);
  const { endpoint, accessKeyId, secretAccessKey } = await answer();
  return {
    endpoint,
    env: {
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_DEFAULT_REGION: "us-east-1",
    },
    control(asked) {
      child.stdin.write(`${JSON.stringify(asked)}\n`);
      return answer();
    },
    end: () => child.stdin.end(),
  };
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
