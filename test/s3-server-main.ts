import { planOf, seededPlan, type FaultRule } from "./s3-faults.ts";
import type { Quirks } from "./s3-objects.ts";
import { startS3Server } from "./s3-server.ts";

// The server for tests as a process of its own: `node scripts/s3-server.js '{"port":9000,"quirks":{"latencyMs":5}}'`.
// It prints one line of JSON, {endpoint, accessKeyId, secretAccessKey}, and then answers lines on stdin, each a JSON
// object with some of: quirks, rules, seed and rate, forget, log. It ends when stdin does.

interface Control {
  readonly port?: number;
  readonly buckets?: readonly string[];
  readonly quirks?: Quirks;
  readonly rules?: readonly FaultRule[];
  readonly seed?: number;
  readonly rate?: number;
  readonly forget?: boolean;
  readonly log?: boolean;
}

const first = JSON.parse(process.argv[2] ?? "{}") as Control;
const server = await startS3Server({
  ...(first.port === undefined ? {} : { port: first.port }),
  ...(first.buckets === undefined ? {} : { buckets: first.buckets }),
});

function control(asked: Control): object {
  if (asked.quirks) server.quirks = asked.quirks;
  if (asked.rules) server.plan = planOf(asked.rules);
  if (asked.seed !== undefined) server.plan = seededPlan(asked.seed, asked.rate ?? 0.1);
  const log = asked.log ? { lines: server.lines(), roundTrips: server.roundTrips() } : {};
  if (asked.forget) server.forget();
  return log;
}

const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
control(first);
say({ endpoint: server.endpoint, ...server.keys });
let pending = "";
process.stdin.on("data", (chunk: Buffer) => {
  const lines = (pending + chunk.toString()).split("\n");
  pending = lines.pop() ?? "";
  for (const line of lines) if (line.trim()) say(control(JSON.parse(line) as Control));
});
process.stdin.on("end", () => void server.close());
