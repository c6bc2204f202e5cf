import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface S3ServerProcess {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** One control line, as test/s3-server-main.ts describes it, and its answer. */
  readonly control: (asked: object) => Promise<{ lines?: string[]; roundTrips?: number }>;
  readonly close: () => Promise<void>;
}

/** The server for tests in a process of its own, so that it does not share this one's time: for benchmarks. */
export async function startS3ServerProcess(first: object = {}): Promise<S3ServerProcess> {
  const script = fileURLToPath(new URL("../scripts/s3-server.js", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(first)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error("the S3 server for tests ended");
    return JSON.parse(value) as never;
  };
  const keys: Pick<S3ServerProcess, "endpoint" | "accessKeyId" | "secretAccessKey"> = await answer();
  return {
    ...keys,
    control(asked) {
      child.stdin.write(`${JSON.stringify(asked)}\n`);
      return answer();
    },
    async close() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.stdin.end();
      await ended;
    },
  };
}
