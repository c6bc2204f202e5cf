import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, it } from "vitest";
import { realS3 } from "./real-s3.ts";
import { storeContract } from "./store-contract.ts";

const python = ["python3", "-c", "import moto.server"] as const;
const isThere = spawnSync(python[0], python.slice(1)).status === 0;

// Its keys are not checked.
const credentials = async () => ({ accessKeyId: "any", secretAccessKey: "any", source: "the test" });

if (!isThere) {
  const line = "moto_server is not tried: pip install 'moto[server]' first";
  console.log(`skipped: ${line}`); // The reporter does not name what a whole file skips.
  it.skip(line, () => {});
} else {
  let moto: ChildProcess;
  let endpoint = "";
  beforeAll(async () => {
    const port = await freePort();
    endpoint = `http://127.0.0.1:${port}`;
    moto = spawn("python3", ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
      stdio: "ignore",
    });
    await answering(endpoint);
  });
  afterAll(() => void moto.kill());

  let server: ReturnType<typeof realS3> | undefined;
  const real = () => (server ??= realS3({ endpoint, credentials }));
  storeContract("s3Store() on moto_server", () => real().open(), {
    missingBucket: () => real().missingBucket(),
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const up = await fetch(url).then(
      () => true,
      () => false,
    );
    if (up) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("moto_server did not come up");
}
