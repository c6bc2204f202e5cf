import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** The S3 server for tests as a process of its own, so that it does not share anybody's time. `nodeOptions` come before its script. */
export async function startServer({ nodeOptions = [], env = process.env } = {}) {
  const script = fileURLToPath(new URL("../scripts/s3-server.js", import.meta.url));
  const child = spawn(process.execPath, [...nodeOptions, script, "{}"], {
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
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
    /** One control line of test/s3-server-main.ts, and its answer. */
    control(asked) {
      child.stdin.write(`${JSON.stringify(asked)}\n`);
      return answer();
    },
    end: () => child.stdin.end(),
  };
}

/** Where the Ceph of scripts/ceph-up.sh is, as its exports say; undefined when they are not set. */
export function cephPlace() {
  const { TRACECRAFT_CEPH_ENDPOINT: endpoint, TRACECRAFT_CEPH_ACCESS_KEY_ID: id } = process.env;
  if (!endpoint) return undefined;
  const secret = process.env.TRACECRAFT_CEPH_SECRET_ACCESS_KEY;
  const env = { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_DEFAULT_REGION: "us-east-1" };
  return { endpoint, env };
}
