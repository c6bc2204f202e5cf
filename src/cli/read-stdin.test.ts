import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { readStdin } from "./read-stdin.ts";

const input = () => new PassThrough() as unknown as NodeJS.ReadStream & PassThrough;

it("reads all of it, up to a limit", async () => {
  const [stdin, long] = [input(), input()];
  stdin.end("all of it");
  expect(Buffer.from(await readStdin(stdin, new AbortController().signal)).toString()).toBe("all of it");
  long.end("x".repeat(11));
  await expect(readStdin(long, new AbortController().signal, 10)).rejects.toMatchObject({ code: "usage" });
});

it(
  "ends at once when the process is told to stop, before or while it waits",
  { timeout: 1_000 },
  async () => {
    const stop = new AbortController();
    const waits = readStdin(input(), stop.signal);
    stop.abort();
    await expect(waits).rejects.toMatchObject({ code: "interrupted" });
    await expect(readStdin(input(), stop.signal)).rejects.toMatchObject({ code: "interrupted" });
  },
);
