import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, truncateSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fileStore } from "../src/store/file.ts";
import { memoryStore } from "../src/store/memory.ts";
import { s3Store } from "../src/store/s3.ts";
import type { Store } from "../src/store/store.ts";
import { call, documented, type Call } from "./hostile-run.ts";
import { rawIn } from "./hostile-text.ts";
import { plant, storyTime, testProject } from "./project.ts";

const mib = 2 ** 20;
const gib = 2 ** 30;
const at = "2026-11-22T14:00:00.000+00:00";
const ns = `${BigInt(Date.parse(at)) * 1_000_000n}`;

/** Right objects of every kind under the name "good", and others under the name "huge". */
const objects: Readonly<Record<string, object>> = {
  "agents/NAME.json": { id: "a", status: "active", started_at: at, heartbeat: at },
  "steps/NAME/claim.json": { agent: "api-2", claimed_at: at },
  [`messages/web-1/${ns}_NAME_0000000a.json`]: { from: "good", to: "web-1", message: "hello", sent_at: at },
  "memory/NAME.json": { value: "v", set_by: "a", set_at: at },
  [`events/2026-11-22/${ns}_NAME_0000000b.json`]: {
    id: "0000000b",
    kind: "ack",
    at,
    client_at: at,
    clock_offset_ms: 0,
    agent: "good",
  },
};
const lists: readonly (readonly [Call, string])[] = [
  [["agents"], "good"],
  [["steps"], "good"],
  [["status"], "good"],
  [["inbox", { all: true, peek: true }], "good"],
  [["memory list", { values: true }], "good"],
  [["log", { all: true }], "good"],
  [["watch", { since: "AQAAAAAAAA", once: true }], "good"],
];
const alone: readonly Call[] = [
  ["step-status", { steps: ["huge"] }],
  ["claim", { step: "huge" }],
  ["complete", { step: "huge" }],
  ["memory get", { key: "huge" }],
  ["memory set", { key: "huge", value: "x" }],
];

async function plantBoth(store: Store): Promise<void> {
  for (const [key, record] of Object.entries(objects)) {
    await plant(store, key.replace("NAME", "good"), record);
    await plant(store, key.replace("NAME", "huge"), record);
  }
}

async function goesOn(store: Store): Promise<void> {
  const project = testProject({ store });
  const before = process.memoryUsage().rss;
  for (const [one, name] of lists) {
    const outcome = await call(project, one);
    expect([outcome.status, outcome.plain.includes(name)], `${one[0]}: ${outcome.stderr}`).toEqual([0, true]);
    if (one[0] !== "inbox" && one[0] !== "status")
      expect(outcome.stderr).toMatch(/malformed: .*huge.*over the limit/);
  }
  for (const one of alone) {
    const { status, stderr } = await call(project, one);
    expect(status, `${one[0]}: ${stderr}`).toBe(10);
    expect(stderr).toContain("over the limit of 4194304");
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * mib);
}

it("a directory: objects of 1 GiB hide no other, are status 10 alone, and are not read", async () => {
  const root = mkdtempSync(join(tmpdir(), "hostile-stores-"));
  try {
    const store = fileStore(root);
    await plantBoth(store);
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && path.includes("huge")) truncateSync(path, gib);
    }
    await goesOn(store);
  } finally {
    rmSync(root, { recursive: true });
  }
});

it("a store whose listing lies about sizes, either way: the same", async () => {
  for (const listed of [gib, 1]) {
    const inner = memoryStore(() => storyTime);
    await plantBoth(inner);
    const huge = Buffer.alloc(5 * mib, 0x20);
    for (const key of Object.keys(objects)) {
      if (listed === 1) await inner.put(key.replace("NAME", "huge"), huge, "anything");
    }
    const store: Store = {
      ...inner,
      get: ((key: string, options: { limit: number }) =>
        inner.get(key, { ...options, limit: options.limit })) as Store["get"],
      async *list(prefix, after) {
        for await (const page of inner.list(prefix, after)) {
          yield {
            ...page,
            objects: page.objects.map((one) => (one.key.includes("huge") ? { ...one, size: listed } : one)),
          };
        }
      },
    };
    const project = testProject({ store });
    for (const [one, name] of lists) {
      const outcome = await call(project, one);
      expect([outcome.status, outcome.plain.includes(name)], `${one[0]}: ${outcome.stderr}`).toEqual([
        0,
        true,
      ]);
    }
  }
});

/** The latest time that a driver lets through. */
const latest = Date.parse("9999-12-31T23:59:59.999Z");

it("a store whose clock and arrivals are absurd is told all the same", async () => {
  for (const writtenAt of [0, 1, Date.parse("2999-12-31"), latest]) {
    for (const storeNow of [undefined, 0, latest, storyTime]) {
      const inner = memoryStore(() => storyTime);
      await plantBoth(inner);
      await plant(inner, "steps/ours/claim.json", {
        agent: "api-2",
        session: "s",
        claimed_at: at,
        term: 1,
        n: 1,
        state: "in_progress",
        ttl_s: 366 * 86_400,
        nonce: "0",
        log: [],
      });
      await plant(inner, "artifacts/shared/x.txt", "x");
      const store: Store = {
        ...inner,
        get: (async (key: string, options: { limit: number }) => {
          const found = await inner.get(key, options);
          return found && { ...found, writtenAt, storeNow };
        }) as Store["get"],
        async *list(prefix, after) {
          for await (const { objects: listed } of inner.list(prefix, after))
            yield { storeNow, objects: listed.map((one) => ({ ...one, writtenAt })) };
        },
      };
      const project = testProject({ store });
      for (const one of [
        ...lists.map(([list]) => list),
        ["artifact list", { long: true }],
        ["step-status", { steps: ["ours"] }],
        ["wait-for", { steps: ["ours"], timeout: "0" }],
        ["claim", { step: "ours" }],
        ["inbox"],
      ] as Call[]) {
        const outcome = await call(project, one);
        expect(documented, `${one[0]} at ${writtenAt}, ${storeNow}: ${outcome.stderr}`).toContain(
          outcome.status,
        );
      }
    }
  }
});

const head =
  '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">';
const entry = (key: string, size = "1", modified = at) =>
  `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified><ETag>&quot;e&quot;</ETag><Size>${size}</Size></Contents>`;
const page = (inside: string, more: string) =>
  `${head}<IsTruncated>true</IsTruncated>${more}${inside}</ListBucketResult>`;
const token = (text: string) => `<NextContinuationToken>${text}</NextContinuationToken>`;
const gone = (n: number) => `steps/gone-${String(n).padStart(9, "0")}/handoff.json`;

/** What a hostile server says to the n-th listing. */
const listings: Readonly<Record<string, (n: number) => string>> = {
  "the same page for ever": () => page(entry(gone(1)), token("t")),
  "the same page, another token each time": (n) => page(entry(gone(1)), token(`t${n}`)),
  "two pages in turn": (n) => page(entry(gone(n % 2)), token(`t${n % 2}`)),
  "empty pages, another token each time": (n) => page("", token(`t${n}`)),
  "a full page that goes back": (n) => page(entry(gone(1000 - n)), token(`t${n}`)),
  "no token and no progress": () => page("", ""),
  "keys without order": () => page(entry(gone(9)) + entry(gone(3)), ""),
  "the same key twice": () => page(entry(gone(3)) + entry(gone(3)), ""),
  "an entry without an end": () => `${head}<Contents><Key>steps/a/claim.json</Key>`,
  "a size that is none": () => page(entry(gone(1), "9e99"), ""),
  "a negative size": () => page(entry(gone(1), "-1"), ""),
  "a time that is none": () => page(entry(gone(1), "1", "yesterday"), ""),
  "a time that no record could hold": () => page(entry(gone(1), "1", "+275760-09-13T00:00:00.000Z"), ""),
  "no XML": () => "gzip? json? no",
  "another document": () => "<html><body>Log in</body></html>",
  "a billion laughs": () =>
    `<!DOCTYPE l [<!ENTITY a "${"ha".repeat(50)}"><!ENTITY b "${"&a;".repeat(50)}"><!ENTITY c "${"&b;".repeat(50)}">]>${page(entry(`${gone(1)}&c;`), token("&c;"))}`,
  "an outer entity": () =>
    `<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]>${page(entry("&x;"), token("&x;"))}`,
  "a page of 64 MiB": () => page(entry("x".repeat(64 * mib)), ""),
  "deep elements": () => page(`${"<Contents>".repeat(100_000)}${entry(gone(1))}`, token("t")),
};

it.each(Object.entries(listings))("S3, %s: one error soon, in little memory", async (_, answer) => {
  let listed = 0;
  await withServer(
    (request, response) => {
      const isList = request.url?.includes("list-type=2");
      response.writeHead(isList ? 200 : 404, { "content-type": "application/xml", etag: '"e"' });
      response.end(isList ? answer(listed++) : "<Error><Code>NoSuchKey</Code></Error>");
    },
    async (store) => {
      const project = testProject({ store, clock: { now: Date.now() } });
      const before = process.memoryUsage().rss;
      const startedAt = Date.now();
      for (const one of [["steps"], ["artifact list"]] as Call[]) {
        const { status, stderr } = await call(project, one);
        expect([2, 7, 10], `${one[0]}: ${stderr}`).toContain(status);
        expect(rawIn(stderr)).toEqual([]);
        expect(stderr.length).toBeLessThan(3000);
      }
      expect(Date.now() - startedAt).toBeLessThan(15_000);
      expect(listed).toBeLessThan(60);
      expect(process.memoryUsage().rss - before).toBeLessThan(300 * mib);
    },
  );
});

it("S3: bodies that never end, announce 1 GB, or are cut, end with an error, and little of them is read", async () => {
  let sent = 0;
  const bodies: Readonly<Record<string, (response: ServerResponse) => void>> = {
    endless(response) {
      response.writeHead(200, { etag: '"e"', "last-modified": new Date().toUTCString() });
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(mib, 0x20))) sent += mib;
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    },
    announced(response) {
      response.writeHead(200, { etag: '"e"', "content-length": 1e9 });
      response.write("{");
    },
    cut(response) {
      response.writeHead(200, { etag: '"e"', "content-length": 1000 });
      response.write("{", () => response.destroy());
    },
    timeless(response) {
      const time = "Fri, 12 Sep 275760 00:00:00 GMT";
      response.writeHead(200, { etag: '"e"', date: time, "last-modified": time });
      response.end(
        JSON.stringify({
          ...objects["steps/NAME/claim.json"],
          ...objects["memory/NAME.json"],
          status: "in_progress",
          ttl_s: 60,
        }),
      );
    },
    untagged: (response) => void response.writeHead(200).end("{}"),
    teapot: (response) =>
      void response
        .writeHead(418, { etag: '"e"' })
        .end("\x1b[2J<Error><Code>\x1b]0;x\x07</Code><Message>&#27;[2J&#x202e;</Message></Error>"),
    forbidden: (response) =>
      void response
        .writeHead(403)
        .end("<Error><Code>AccessDenied</Code><Message>&#27;[2J&#10;Error: forged</Message></Error>"),
  };
  // What is too large is said to be so, and not waited for.
  const expected: Record<string, number[]> = { endless: [10], announced: [10], timeless: [0] };
  for (const [name, answer] of Object.entries(bodies)) {
    await withServer(
      (request, response) =>
        void (request.url?.includes("list-type=2") ? response.writeHead(404).end() : answer(response)),
      async (store) => {
        const project = testProject({ store, deadlineMs: 1000 });
        for (const one of [
          ["step-status", { steps: ["s"] }],
          ["memory get", { key: "k" }],
        ] as Call[]) {
          const { status, stderr } = await call(project, one);
          expect(expected[name] ?? [2, 4, 5, 7, 10], `${name}: ${stderr}`).toContain(status);
          expect(rawIn(stderr)).toEqual([]);
          expect(
            stderr === "" || stderr.split("\n").every((line) => /^(?:Error|Cause|Hint): /.test(line)),
            stderr,
          ).toBe(true);
        }
      },
    );
  }
  expect(sent).toBeLessThan(200 * mib);
});

async function withServer(
  serve: (request: IncomingMessage, response: ServerResponse) => void,
  use: (store: Store) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    request.resume();
    serve(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    await use(
      s3Store({
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        bucket: "bucket",
        credentials: async () => ({ accessKeyId: "a", secretAccessKey: "b", source: "the test" }),
        random: () => 0,
        timeouts: { connectMs: 1000, idleMs: 1000, totalMs: 2000 },
      }),
    );
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
