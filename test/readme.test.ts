import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./run-cli.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const blocks = [...readme.matchAll(/^```\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);

interface Typed {
  readonly line: string;
  readonly comment: string;
  readonly says: string;
}

/** Each line of the session that is typed, what its comment says of it, and what it must answer. */
const session: readonly Typed[] = blocks
  .flatMap((block) => block.split(/^(?=\$ )/m))
  .filter((part) => part.startsWith("$ tracecraft "))
  .map((part) => {
    const [first = "", ...answer] = part.split("\n");
    const [, line = "", comment = ""] = /^\$ tracecraft (.*?)(?:\s+# (.*))?$/.exec(first) ?? [];
    return { line, comment, says: answer.join("\n") };
  });

let world: CliWorld;
beforeAll(() => void (world = cliWorld()));

describe("the sessions in README.md", () => {
  it("are there", () => {
    expect(session.length).toBeGreaterThanOrEqual(13);
    const mirroring = ["mirror", "list", "show", "search", "verify", "restore"];
    for (const verb of mirroring)
      expect(session.map(({ line }) => line).join("\n")).toContain(`session ${verb}`);
  });

  it.each(session)("$line  # $comment", async ({ line, comment, says }) => {
    const agent = /^as ([\w-]+)/.exec(comment)?.[1];
    const status = Number(/exit status (\d+)/.exec(comment)?.[1] ?? 0);
    const env = agent === undefined ? {} : { TRACECRAFT_AGENT: agent };
    if (comment.includes("lease had lapsed")) await lapse(line.split(" ")[1]!, agent!);
    if (comment.includes("pasted a token")) paste();
    const ran = await world.run(wordsOf(line), { env });
    const errors = ran.stderr.split("\n").filter((text) => /^(?:Error|Cause|Hint): /.test(text));
    expect(anyTime([ran.stdout, ...errors.map((text) => `${text}\n`)].join(""))).toBe(anyTime(says));
    expect(ran.status).toBe(status);
  });
});

it("README.md is short, and the commands that it begins with are scripts of this package", () => {
  expect(readme.split("\n").length).toBeLessThan(200);
  const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  const named = [...blocks[0]!.matchAll(/^npm ci && npm (?:run )?([\w:]+) /gm)].map(([, name]) => name);
  expect(named).toEqual(["demo", "test"]);
  for (const [, name] of readme.matchAll(/`?npm run (?:--silent )?([\w:-]+)/g))
    expect(Object.keys(scripts)).toContain(name);
  expect(Object.keys(scripts)).toContain("test");
});

it("README.md links to nothing that is not there", () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path!);
  expect(links.length).toBeGreaterThan(8);
  for (const path of links)
    expect(() => readFileSync(new URL(`../${path}`, import.meta.url)), path).not.toThrow();
});

/** The step is taken by `agent` for a second, and by web-1 once it is free. */
async function lapse(step: string, agent: string): Promise<void> {
  const claimed = await world.run(["claim", step, "--ttl", "1s", "--agent", agent]);
  expect(claimed.status).toBe(0);
  for (let looks = 0; looks < 100; looks++) {
    const { status } = await world.run(["claim", step]);
    if (status === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${step} did not lapse`);
}

/** A Claude Code session of this folder, in which somebody has pasted a token: made up here, so that no file has one. */
function paste(): void {
  const sessionId = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
  const folder = world.cwd.replaceAll(/[^A-Za-z0-9]/g, "-");
  const file = join(world.home, ".claude", "projects", folder, `${sessionId}.jsonl`);
  const said = (type: string, at: string, content: unknown): string =>
    JSON.stringify({ type, sessionId, cwd: world.cwd, timestamp: at, message: { role: type, content } });
  const text = "Pushed. The API has a rate limit of 60 a minute.";
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(
    file,
    `${said("user", "2026-11-25T00:36:02.000Z", `push the mockup, the token is ghp_${randomBytes(18).toString("hex")}`)}\n` +
      `${said("assistant", "2026-11-25T00:36:20.000Z", [{ type: "text", text }])}\n`,
  );
}

/** What differs from one run to the next: times and what is left of them, revisions, marks, sizes of lines with a path. */
function anyTime(text: string): string {
  return text
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME")
    .replaceAll(/\(\d+m left\)/g, "(LEFT)")
    .replaceAll(/(revision|handoff|found|end) [0-9a-f]{8}/g, "$1 HEX")
    .replaceAll(/part-(\d{5})-[0-9a-f]{8}/g, "part-$1-HEX")
    .replaceAll(/\b\d+( ?B)\b/g, "N$1");
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
}
