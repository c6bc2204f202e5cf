import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { planOf } from "../../test/s3-faults.ts";
import { startS3Server, type S3Server } from "../../test/s3-server.ts";
import { s3Store } from "./s3.ts";
import type { Page, Store } from "./store.ts";

let server: S3Server;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(() => {
  server.quirks = {};
  server.plan = () => undefined;
  (server.objects("bucket") as Map<string, unknown>).clear();
  server.forget();
});

function fill(keys: readonly string[]): void {
  const objects = server.objects("bucket") as Map<string, unknown>;
  for (const key of keys) objects.set(key, { body: Buffer.from("v"), etag: "e", writtenAt: 1000 });
}
async function all(store: Store, prefix: string, after?: string): Promise<{ pages: Page[]; keys: string[] }> {
  const pages: Page[] = [];
  for await (const page of store.list(prefix, after)) pages.push(page);
  return { pages, keys: pages.flatMap(({ objects }) => objects.map(({ key }) => key)) };
}

const page = (inner: string) => ({
  kind: "reply" as const,
  status: 200,
  body: `<ListBucketResult xmlns="x">${inner}</ListBucketResult>`,
});
const entry = (key: string) =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-22T14:05:00Z</LastModified><ETag>"e"</ETag><Size>1</Size></Contents>`;
const more = (token: string) =>
  `<IsTruncated>true</IsTruncated>${token && `<NextContinuationToken>${token}</NextContinuationToken>`}`;

it("list() gives 2,001 keys on three pages, under the store's prefix alone", async () => {
  const keys = Array.from({ length: 2001 }, (_, n) => `m/${String(n).padStart(5, "0")}`);
  fill([...keys.map((key) => `team/a/${key}`), "team/a", "team/ab/m/1", "other"]);
  const store = s3Store(server.options({ prefix: "/team/a/" }));
  expect((await all(store, "m/")).keys).toEqual(keys);
  expect(server.lines()).toEqual(Array.from({ length: 3 }, () => "LIST team/a/m/ 200"));
  expect(store.name).toBe("s3://bucket/team/a");
});

it("list() starts after a key, and asks the server to", async () => {
  fill(["a/1", "a/2", "a/3"]);
  const { pages, keys } = await all(s3Store(server.options()), "a/", "a/1");
  expect(keys).toEqual(["a/2", "a/3"]);
  expect(server.log[0]?.query["start-after"]).toBe("a/1");
  expect(pages[0]?.objects[0]).toEqual({ key: "a/2", size: 1, version: "e", writtenAt: 1000 });
  expect(pages[0]?.storeNow).toBeTypeOf("number");
});

it("list() has a first page when there is nothing", async () => {
  expect((await all(s3Store(server.options()), "none/")).pages).toHaveLength(1);
});

it("list() reads odd keys whole and in the order of their bytes", async () => {
  const keys = ["a b", "a%2Bc", "a&amp;", "a+b", "a<b>", "a\"'", "é", "\u{ffee}", "😀"];
  fill(keys);
  expect((await all(s3Store(server.options()), "")).keys).toEqual(
    keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
});

it("list() drops a key that is not under the prefix", async () => {
  server.plan = planOf([{ fault: page(entry("a/1") + entry("b/1")) }]);
  expect((await all(s3Store(server.options()), "a/")).keys).toEqual(["a/1"]);
});

it("list() goes on from the last key when a server gives no token", async () => {
  server.plan = planOf([{ fault: page(more("") + entry("a/1")) }, { fault: page(entry("a/2")) }]);
  expect((await all(s3Store(server.options()), "a/")).keys).toEqual(["a/1", "a/2"]);
  expect(server.log[1]?.query["start-after"]).toBe("a/1");
});

it.each([
  ["a token that comes again", [page(more("t") + entry("a/1")), page(more("t") + entry("a/2"))]],
  ["the same page again", [page(more("t") + entry("a/1")), page(more("u") + entry("a/1"))]],
  ["keys out of order", [page(entry("a/2") + entry("a/1"))]],
  ["no key and no token", [page(more(""))]],
  ["empty pages for ever", Array.from({ length: 12 }, (_, n) => page(more(`t${n}`)))],
  ["a listing cut short", [{ kind: "reply" as const, status: 200, body: "<ListBucketResult><Contents>" }]],
  ["a page over 16 MiB", [page(" ".repeat(17 << 20))]],
])("list() throws malformed on %s", async (_, replies) => {
  server.plan = planOf(replies.map((fault) => ({ fault })));
  await expect(all(s3Store(server.options()), "a/")).rejects.toMatchObject({ code: "malformed" });
  expect(server.log.length).toBeLessThanOrEqual(12);
});

it("list() throws config where a web page answers", async () => {
  server.plan = planOf([{ fault: { kind: "reply", status: 200, body: "<html>log in first</html>" } }]);
  await expect(all(s3Store(server.options()), "a/")).rejects.toMatchObject({
    code: "config",
    message: 'Cannot LIST "a/": the endpoint does not answer as S3 does',
  });
});

it("list() repeats a page that was not answered, and only that", async () => {
  fill(Array.from({ length: 1001 }, (_, n) => `a/${String(n).padStart(5, "0")}`));
  server.plan = planOf([
    { skip: 1, fault: { kind: "status", status: 503 } },
    { fault: { kind: "cut-body" } },
  ]);
  expect((await all(s3Store(server.options()), "a/")).keys).toHaveLength(1001);
  expect(server.log).toHaveLength(4);
});
