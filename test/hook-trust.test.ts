import { expect, it } from "vitest";
import { cliWorld } from "./run-cli.ts";
import { startS3Server } from "./s3-server.ts";

it(
  "what init was run with is what its file says afterwards, whatever it was told",
  { timeout: 60_000 },
  async () => {
    const server = await startS3Server();
    const { accessKeyId, secretAccessKey } = server.keys;
    const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    try {
      for (const words of [
        [],
        ["--store", "./folder"],
        ["--endpoint", server.endpoint, "--bucket", "bucket"],
        ["--endpoint", `${server.endpoint}/`, "--store", "s3://bucket", "--region", "eu-west-1"],
      ]) {
        const world = cliWorld();
        const trusted = async (): Promise<unknown> => {
          const { stdout } = await world.run(["doctor", "--hooks", "--json"], { env });
          return (JSON.parse(stdout) as { data: { hooks: { trusted: boolean } } }).data.hooks.trusted;
        };
        await world.run(["init", "--project", "shop", "--agent", "web-1", ...words], { env });
        expect([words, await trusted()]).toEqual([words, true]);
        await world.run(["init", "--project", "shop", "--agent", "web-1"], { env });
        expect([words, await trusted()]).toEqual([words, true]);
      }
    } finally {
      await server.close();
    }
  },
);
