import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fileStore } from "../src/store/file.ts";
import { s3Store } from "../src/store/s3.ts";
import type { Measured } from "../src/store/probe.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installed, measure, start, type Running } from "./probe-worlds.ts";
import { realS3 } from "./real-s3.ts";
import type { Quirks } from "./s3-objects.ts";
import { startS3Server, type S3Server } from "./s3-server.ts";

const forms = ["short", "long"] as const;

function trouble({ checks }: Measured): string[] {
  return checks.filter(({ result }) => result !== "ok").map(({ name, detail }) => `${name}: ${detail}`);
}

describe("a directory", () => {
  it.each(forms)("is fit, in the %s form", async (form) => {
    const folder = mkdtempSync(join(tmpdir(), "tracecraft-probe-"));
    try {
      const found = await measure(fileStore(folder), form);
      expect(trouble(found)).toEqual([]);
      expect(found.fit).toBe(true);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("the S3 driver on a server in this process", () => {
  let server: S3Server;
  beforeAll(async () => {
    server = await startS3Server();
  });
  afterAll(() => server.close());

  function open(quirks: Quirks) {
    server.quirks = quirks;
    server.forget();
    return s3Store(server.options());
  }

  it.each([
    ["right", {}, "quoted"],
    ["that refuses the quoted ETag", { bareEtags: true }, "bare"],
    ["that answers 304 to a put", { put304: true }, "quoted"],
    ["that answers 412 where the key is missing", { missingIs412: true }, "quoted"],
    ["that never answers 304 to a get", { never304: true }, "quoted"],
    ["that sends gets elsewhere", { redirectGets: true }, "quoted"],
    ["whose clock is 10 minutes ahead", { skewMs: 600_000 }, "quoted"],
  ] as const)("is fit with one %s", async (_, quirks, quoting) => {
    for (const form of forms) {
      const found = await measure(open(quirks), form);
      expect(trouble(found)).toEqual([]);
      expect(found).toMatchObject({ fit: true, etagQuoting: quoting, server: "tracecraft-test" });
    }
  });

  it.each([
    ["ignores If-None-Match", { ignoreIfNoneMatch: true }, "ignores If-None-Match"],
    ["ignores If-Match", { ignoreIfMatch: true }, "ignores If-Match"],
    ["answers 501 to conditions", { noConditions: true }, "does not do conditional writes"],
  ] as const)("is unfit with one that %s", async (_, quirks, fault) => {
    for (const form of forms) expect(await measure(open(quirks), form)).toMatchObject({ fit: false, fault });
  });

  it("holds the last byte so that one which looks at the headers lets all four in, every time", async () => {
    for (let run = 0; run < 5; run++) {
      expect(await measure(open({ racy: true }), "short")).toMatchObject({
        fit: false,
        fault: "checks the condition before it has the body",
        evidence: "4 of 4 racers won",
      });
    }
    expect(await measure(open({ racy: true }), "long")).toMatchObject({ fit: false });
  });

  it("has every held request on its way before the first of them is answered", async () => {
    const store = open({});
    const answered: number[] = [];
    server.plan = (seen) => {
      if (seen.method === "PUT" && seen.key.endsWith("/held-0")) {
        answered.push(server.log.filter(({ key, status }) => key === seen.key && status !== 0).length);
      }
      return undefined;
    };
    try {
      await measure(store, "long");
    } finally {
      server.plan = () => undefined;
    }
    expect(answered).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it("makes ten requests in the short form, and leaves nothing", async () => {
    const found = await measure(open({ latencyMs: 30 }), "short");
    expect(found.requests).toBe(10);
    expect(server.log).toHaveLength(10);
    expect(server.roundTrips()).toBe(5);
    expect([...server.objects("bucket").keys()]).toEqual([]);
  });

  it.each(forms)("tells a denied write from a broken promise, in the %s form", async (form) => {
    const store = open({ denies: ({ method }) => method === "PUT" });
    await expect(measure(store, form)).rejects.toMatchObject({ code: "denied" });
  });

  it("names the right to list, which the verdict does not need", async () => {
    const found = await measure(open({ denies: ({ query }) => "list-type" in query }), "long");
    expect(found).toMatchObject({ fit: true, denied: { code: "denied" } });
    expect(trouble(found)).toEqual(["list: access denied", "rights: get, put, delete; not list"]);
  });

  it("says within a moment that nobody answers", async () => {
    const store = s3Store(server.options({ endpoint: "http://127.0.0.1:1" }));
    await expect(measure(store, "short")).rejects.toMatchObject({ code: "unreachable" });
  });
});

/** A server that is not there is skipped in sight. */
function serverSuite(
  name: string,
  why: string | undefined,
  begin: () => Promise<Running>,
  keys: { accessKeyId: string; secretAccessKey: string },
  check: (found: Measured) => void,
): void {
  const credentials = async () => ({ ...keys, source: "the test" });
  if (why !== undefined) return void it.skip(`${name} is not tried: ${why}`, () => {});
  describe(name, () => {
    let running: Running;
    beforeAll(async () => {
      running = await begin();
    });
    afterAll(() => running?.stop());
    it.each(forms)("is called what it is, in the %s form", async (form) => {
      const store = await realS3({ endpoint: running.endpoint, credentials }).open();
      check(await measure(store, form));
    });
  });
}

const any = { accessKeyId: "any", secretAccessKey: "any" };

function isUnfit(found: Measured): void {
  expect(found).toMatchObject({ fit: false, fault: "ignores If-None-Match" });
  expect(found.evidence).toMatch(/^(?:4 of 4|16 of 16) racers won$/);
}

function isFit(found: Measured): void {
  expect(trouble(found)).toEqual([]);
  expect(found.fit).toBe(true);
}

serverSuite(
  "s3rver",
  undefined,
  () =>
    start((port, folder) => [
      process.execPath,
      installed("s3rver/bin/s3rver.js"),
      "--silent",
      "-d",
      folder,
      "-a",
      "127.0.0.1",
      "-p",
      String(port),
    ]),
  { accessKeyId: "S3RVER", secretAccessKey: "S3RVER" },
  isUnfit,
);

serverSuite(
  "fauxqs",
  undefined,
  () => start(() => [process.execPath, installed("fauxqs/dist/server.js")], { FAUXQS_LOGGER: "false" }),
  any,
  isUnfit,
);

const hasMoto = spawnSync("python3", ["-c", "import moto.server"]).status === 0;
serverSuite(
  "moto_server",
  hasMoto ? undefined : "pip install 'moto[server]' first",
  () => start((port) => ["python3", "-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)]),
  any,
  isFit,
);

const ceph = process.env["TRACECRAFT_CEPH_ENDPOINT"];
serverSuite(
  "Ceph",
  ceph === undefined ? 'run  eval "$(scripts/ceph-up.sh)"  first' : undefined,
  async () => ({ endpoint: ceph!, stop: () => {} }),
  {
    accessKeyId: process.env["TRACECRAFT_CEPH_ACCESS_KEY_ID"] ?? "",
    secretAccessKey: process.env["TRACECRAFT_CEPH_SECRET_ACCESS_KEY"] ?? "",
  },
  isFit,
);
