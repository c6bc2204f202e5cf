import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { fileStore } from "../src/store/file.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";
import { call, documented, projectCommands, type Call } from "./hostile-run.ts";
import { rawIn } from "./hostile-text.ts";
import { storyTime, testProject } from "./project.ts";

const tokens = [
  ..."..|../|/..|../..|/|//|./|/.|\\|..\\|:|*|?|<|>|'|`|$(id)|;|&&|#|~|@|!|=|,|+|%2e%2e%2f|%00|%".split("|"),
  ..."\0|\n|\r|\r\n|\t|\v|\f|\b|\x07|\x1b[2J|\x1b]0;t\x07|\x7f|\x80|\x85|\x9b2J|\xa0|\xad".split("|"),
  ..."\u202e|\u2066|\u200b|\u200d|\u2028|\u2029|\ufeff|\u{e0041}|\ud800|\udfff|\ufffd".split("|"),
  ..."\u0430|\u03bf|\uff0e\uff0e\uff0f|\u2215|\u2044|\u29f8|\u2024\u2024|\u212a|\u0130|\u017f|\ufb01|\u00e9|e\u0301|\u00df|\u2160|\u{1d41a}".split(
    "|",
  ),
  ..."C:\\x|C:/x|\\\\host\\share|a.txt::$DATA|\\\\.\\pipe\\x|\\\\?\\C:\\x|file:///etc/passwd|http://x/|s3://b/k".split(
    "|",
  ),
  ...Array.of(
    "|",
    '"',
    "x".repeat(1000),
    "../".repeat(300),
    "\u00e9".repeat(500),
    "a/".repeat(500),
    ".".repeat(999),
    "-".repeat(129),
  ),
  ..."_broadcast|__proto__|.git|.v|.tracecraft.json|-rf|--help|-o|/etc/passwd|/dev/null|~/.ssh/id|../bucket/x".split(
    "|",
  ),
];
/** More than a thousand names, none of them a name. */
const names = [
  "",
  " ",
  ...tokens,
  ...tokens.flatMap((token) => [
    `a${token}`,
    `${token}a`,
    `a${token}b`,
    `${token}/x`,
    `x/${token}`,
    `${token}${token}`,
  ]),
  ...tokens.flatMap((token) => [`x/${token}/y`, `.${token}`, ` ${token} `, `a.${token}.b`, `_${token}`]),
];

/** A third of them, for what costs more; the plain tokens are all there. */
const some = new Set(names.filter((_, at) => at % 3 === 0 || at < tokens.length));

// The rules of docs/format.md, written down again.
const name = (text: string) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(text);
const memory = (text: string) => /^[A-Za-z0-9_-]{1,128}(?:[./][A-Za-z0-9_-]{1,128}){0,15}$/.test(text);
const segment = "[A-Za-z0-9_ -][A-Za-z0-9._ -]{0,127}";
const artifact = (text: string) => new RegExp(`^${segment}(?:/${segment}){0,7}$`).test(text);
const step = (text: string) => name(text) && text.toLowerCase() !== "shared";
const recipient = (text: string) => text === "_broadcast" || name(text);

/** Where a name is written into a key: it must be refused, whatever it is not. */
const writers: Readonly<
  Record<string, readonly [rule: (text: string) => boolean, call: (text: string) => Call]>
> = {
  "claim STEP": [step, (text) => ["claim", { step: text }]],
  "complete STEP": [step, (text) => ["complete", { step: text }]],
  "complete --force STEP": [step, (text) => ["complete", { step: text, force: true, blocked: true }]],
  "complete --to": [name, (text) => ["complete", { step: "s", to: text }]],
  "release STEP": [step, (text) => ["release", { step: text }]],
  "renew STEP": [step, (text) => ["renew", { step: text }]],
  "reopen STEP": [step, (text) => ["reopen", { step: text }]],
  "send TO": [recipient, (text) => ["send", { to: text, text: "hello" }]],
  "send --thread": [name, (text) => ["send", { to: "b", text: "hello", thread: text }]],
  "memory set KEY": [memory, (text) => ["memory set", { key: text, value: "v" }]],
  "memory delete KEY": [memory, (text) => ["memory delete", { key: text }]],
  "reserve --step": [step, (text) => ["reserve", { pattern: "src/**", step: text }]],
  "artifact upload --step": [step, (text) => ["artifact upload", { paths: ["a.txt"], step: text }]],
  "artifact upload --name": [artifact, (text) => ["artifact upload", { paths: ["a.txt"], name: text }]],
};

/** Where a name is only looked up: format 1 has odd ones, so some are looked for, and none of these is there. */
const readers: Readonly<Record<string, (text: string) => Call>> = {
  "step-status STEP": (text) => ["step-status", { steps: [text] }],
  "handoff STEP": (text) => ["handoff", { step: text }],
  "wait-for STEP": (text) => ["wait-for", { steps: [text], timeout: "0" }],
  "memory get KEY": (text) => ["memory get", { key: text }],
  "memory history KEY": (text) => ["memory history", { key: text }],
  "memory list PREFIX": (text) => ["memory list", { prefix: text }],
  "artifact list --step": (text) => ["artifact list", { step: text }],
  "artifact download NAME": (text) => ["artifact download", { name: text }],
  "artifact download NAME -o": (text) => ["artifact download", { name: text, output: "out/" }],
  "artifact download --step": (text) => ["artifact download", { name: "a.txt", step: text }],
  "inbox --show": (text) => ["inbox", { show: text }],
  "ack ID": (text) => ["ack", { ids: [text] }],
  "session show": (text) => ["session show", { id: text, tail: "1" }],
  "session verify": (text) => ["session verify", { id: text }],
  "session stop": (text) => ["session stop", { id: text }],
  "session restore": (text) => ["session restore", { id: text }],
  "session list --harness": (text) => ["session list", { harness: text }],
  "session search --harness": (text) => ["session search", { pattern: "x", harness: text }],
  "session search --agent": (text) => ["session search", { pattern: "x", agent: text }],
  "unreserve PATTERN": (text) => ["unreserve", { pattern: text }],
  "send --reply-to": (text) => ["send", { to: "b", text: "hello", replyTo: text, noRedact: true }],
};

/** What is no name anywhere, also of format 1: it could not even be a key. */
const impossible = (text: string) =>
  /[\0-\x1f\x7f\\]/.test(text) || !text.isWellFormed() || Buffer.byteLength(text) > 900;

const words: Readonly<Record<string, (text: string) => Call>> = {
  "claim --ttl": (text) => ["claim", { step: "s", ttl: text }],
  "wait-for --timeout": (text) => ["wait-for", { steps: ["s"], timeout: text }],
  "inbox --wait": (text) => ["inbox", { wait: text }],
  "reserve --ttl": (text) => ["reserve", { pattern: "src/**", ttl: text }],
  "session list --limit": (text) => ["session list", { limit: text }],
  "session list --sort-by": (text) => ["session list", { sortBy: text }],
  "session search --since": (text) => ["session search", { pattern: "x", since: text }],
  "watch --since": (text) => ["watch", { since: text, once: true }],
};

it("there are more than a thousand names", () => {
  expect(new Set(names).size).toBeGreaterThan(1000);
});

it.each(Object.entries(writers))(
  "%s refuses each of them with status 2 and sends nothing",
  async (_, [rule, make]) => {
    const { project, keys } = watched();
    for (const text of new Set(names)) {
      if (rule(text)) continue;
      const { status, stderr } = await call(project, make(text), { cwd: folder });
      expect(status, `${JSON.stringify(text)}: ${stderr}`).toBe(2);
      expect(stderr.split("\n").length).toBeLessThan(4);
      expect(stderr.length, stderr).toBeLessThan(1500);
      expect(rawIn(stderr)).toEqual([]);
    }
    expect(keys.put).toEqual([]);
    expect(keys.got).toEqual([]);
  },
);

it.each(Object.entries(readers))(
  "%s finds nothing under any of them, and asks for no key out of its place",
  async (slot, make) => {
    const { project, keys } = watched();
    for (const text of some) {
      const { status, stderr, plain } = await call(project, make(text), { cwd: folder });
      const about = `${JSON.stringify(text)}: ${stderr}${plain}`;
      if (impossible(text) && /STEP|KEY|NAME|--step/.test(slot)) expect(status, about).toBe(2);
      else expect([0, 2, 5, 8], about).toContain(status);
    }
    expect(keys.put).toEqual([]);
    for (const key of keys.got) {
      expect(
        key
          .split("/")
          .slice(0, -1)
          .filter((one) => one === "" || one === "." || one === ".."),
        key,
      ).toEqual([]);
    }
  },
);

it.each(Object.entries(words))("%s takes none of them", async (_, make) => {
  const { project, keys } = watched();
  for (const text of new Set(names)) {
    const { status, stderr } = await call(project, make(text), { cwd: folder });
    expect([0, 2], `${JSON.stringify(text)}: ${stderr}`).toContain(status);
    if (text !== "") expect(status, `${JSON.stringify(text)}: ${stderr}`).toBe(2);
  }
  expect(keys.put).toEqual([]);
});

it("in a bucket that is a directory, none of them leaves a trace on the disk, inside or outside of it", async () => {
  const root = join(around, "bucket");
  const clock = { now: Date.now() };
  const project = testProject({ store: fileStore(root), clock });
  await call(project, ["memory set", { key: "there", value: "x" }]);
  await call(project, ["claim", { step: "there" }]);
  await call(project, ["status"]); // What the store keeps for itself is there from now on.
  const before = snapshot(around);
  for (const text of names.filter((_, at) => at % 17 === 0)) {
    for (const [rule, make] of Object.values(writers)) {
      if (!rule(text)) expect((await call(project, make(text), { cwd: folder })).status).toBe(2);
    }
    for (const make of Object.values(readers)) {
      const { status, stderr } = await call(project, make(text), { cwd: folder });
      expect(documented, `${JSON.stringify(text)}: ${stderr}`).toContain(status);
    }
  }
  expect(snapshot(around)).toEqual(before);
});

it("every argument of every command that takes words is tried here, or is free text", async () => {
  const tried = new Set(
    [
      ...Object.values(writers).map(([, make]) => make),
      ...Object.values(readers),
      ...Object.values(words),
    ].flatMap((make) => {
      const [command, args = {}] = make("?");
      return Object.entries(args).flatMap(([arg, value]) =>
        JSON.stringify(value).includes("?") ? `${command}.${arg}` : [],
      );
    }),
  );
  const free = [
    "complete.note complete.nextAction send.text send.subject send.file memory set.value memory set.file memory set.ifRevision",
    "memory delete.ifRevision artifact upload.paths artifact download.output session search.pattern session show.tail",
    // Paths, patterns and sources of this machine, whose rules have tests of their own.
    "reserve.pattern session mirror.harness session mirror.sessionId session mirror.cwd session mirror.minBytes",
    "session restore.to session restore.cwd session restore.generation replay.out replay.split replay.bodies",
    "replay.since replay.until replay.maxSize replay.agent view.port view.since view.agent",
  ];
  const { loadCommand } = await import("../src/commands/all.ts");
  for (const command of await projectCommands()) {
    const { positionals, options } = await loadCommand(command);
    const taking = Object.entries(options).flatMap(([option, { placeholder }]) =>
      placeholder ? option : [],
    );
    for (const arg of [...Object.keys(positionals), ...taking]) {
      const known = tried.has(`${command}.${arg}`) || free.join(" ").includes(`${command}.${arg}`);
      expect(known, `${command} ${arg}`).toBe(true);
    }
  }
});

const around = mkdtempSync(join(tmpdir(), "hostile-names-"));
const folder = join(around, "work", "inner");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "a.txt"), "a");
writeFileSync(join(around, "secret"), "secret");
afterAll(() => rmSync(around, { recursive: true }));

/** A project whose requests are noted. */
function watched() {
  const keys = { put: [] as string[], got: [] as string[] };
  const inner = memoryStore(() => storyTime);
  const store: Store = {
    ...inner,
    get: ((key: string, options: never) => {
      keys.got.push(key);
      return inner.get(key, options);
    }) as Store["get"],
    put(key, body, expected) {
      keys.put.push(key);
      return inner.put(key, body, expected);
    },
  };
  return { project: testProject({ store }), keys };
}

/** All that is on the disk there: kind, mode and content by path. */
function snapshot(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    const at = join(root, path);
    const stat = lstatSync(at);
    const content = stat.isFile() ? readFileSync(at) : stat.isSymbolicLink() ? readlinkSync(at) : "";
    found[path] = `${stat.mode} ${createHash("sha256").update(content).digest("hex")}`;
  }
  return found;
}
