import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { it } from "vitest";
import { startProxy } from "./proxy.ts";
import { startS3Server } from "./s3-server.ts";

it("settles, also when the client has left before it is told", { timeout: 5_000 }, async () => {
  const server = await startS3Server();
  const proxy = await startProxy(server.endpoint);
  const client = request(`${proxy.endpoint}/bucket/key`);
  client.on("error", () => undefined);
  proxy.watch = async (_, moment) => {
    if (moment === "applied") client.destroy();
    await sleep(50); // The proxy's own response has closed by then.
    return "on" as const;
  };
  client.end();
  await new Promise((left) => client.on("close", left));
  await proxy.settled();
  await Promise.all([proxy.close(), server.close()]);
});
