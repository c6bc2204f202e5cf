import { request } from "node:http";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { PageBlocks } from "../src/replay/html.ts";
import { servePage, type Serving } from "../src/replay/serve.ts";

const secret = "0123456789abcdef0123456789abcdef";
const viewer = { script: "void 0", style: "body{}" };
const closed: string[] = [];
const built = (name: string) => ({
  blocks: {
    names: ["header", "ix.0"],
    read: async (block: string) => Buffer.from(`${name} ${block}`),
  } satisfies PageBlocks,
  close: async () => void closed.push(name),
});

let serving: Serving;
beforeAll(async () => void (serving = await servePage({ viewer, first: built("a"), port: 0, secret })));
afterAll(() => serving.close());

interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Answer> {
  const { port } = new URL(serving.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}
const at = (path: string) => `/${secret}/${path}`;

it("gives the page, without blocks in it, under a policy that also forbids to frame it", async () => {
  const { status, headers, body } = await ask(at(""));
  expect(status).toBe(200);
  expect(body).toContain('<meta name="tracecraft-blocks" content="blocks/">');
  expect(body).not.toContain('type="text/plain"');
  const policy = String(headers["content-security-policy"]);
  expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-/);
  expect(policy).toMatch(/connect-src 'self'.*frame-ancestors 'none'$/);
  expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
});

it("gives the blocks of the state that a reader began with, until three newer ones came", async () => {
  expect((await ask(at("blocks/current"))).body).toBe("1");
  expect((await ask(at("blocks/1/ix.0"))).body).toBe("a ix.0");
  await serving.show(built("b"));
  await serving.show(built("c"));
  expect((await ask(at("blocks/current"))).body).toBe("3");
  expect((await ask(at("blocks/1/ix.0"))).body).toBe("a ix.0");
  await serving.show(built("d"));
  expect((await ask(at("blocks/1/ix.0"))).status).toBe(404);
  expect((await ask(at("blocks/4/header"))).body).toBe("d header");
  expect(closed).toEqual(["a"]);
});

it.each([
  ["another host, as a page that rebinds its name sends it", "", { host: "evil.example" }, 403],
  ["a host of another port", "", { host: "127.0.0.1:1" }, 403],
  ["another origin", "", { origin: "http://evil.example" }, 403],
  ["the origin of a sandboxed frame", "", { origin: "null" }, 403],
  ["a page of another site", "", { "sec-fetch-site": "cross-site" }, 403],
  ["a name that is no block", "blocks/4/..%2f..%2fpackage.json", {}, 404],
  ["a path upwards", "../../etc/passwd", {}, 404],
  ["a block that is not there", "blocks/4/ix.9", {}, 404],
  ["a member of every object", "blocks/4/constructor", {}, 404],
])("refuses %s", async (_, path, headers, status) => {
  expect((await ask(at(path), headers)).status).toBe(status);
});

it("refuses whoever does not know the secret, and what changes something", async () => {
  expect((await ask("/")).status).toBe(404);
  expect((await ask(`/${"0".repeat(32)}/`)).status).toBe(404);
  expect((await ask(at(""), {}, "POST")).status).toBe(405);
});

it("tells whoever follows that there is more, and forgets who has left", async () => {
  const { port } = new URL(serving.url);
  const told = await new Promise<string>((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path: at("events") }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => {
        text += chunk.toString();
        if (text.includes("data:")) {
          sent.destroy();
          resolve(text);
        } else if (text.includes(": follows")) void serving.show(built("e"));
      });
    });
    sent.on("error", reject);
    sent.end();
  });
  expect(told).toContain("data: 5\n\n");
  await expect.poll(() => serving.followers()).toBe(0);
});

it("listens on the loopback interface alone", () => {
  expect(serving.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
});
