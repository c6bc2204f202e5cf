import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld } from "./run-cli.ts";

const escapes = /[\0-\x08\x0b-\x1f\x7f-\x9f]/;
let world: CliWorld;

beforeAll(async () => {
  world = cliWorld();
  expect((await world.run(["init", "--project", "shop", "--agent", "web-1"])).status).toBe(0);
  expect((await world.run(["claim", "design"])).status).toBe(0);
  expect((await world.run(["memory", "set", "a.b", "draft"])).status).toBe(0);
});

describe("streams", () => {
  it("the status line is the last line on stderr, never on stdout", async () => {
    expect(await world.run(["memory", "get", "a.b"])).toEqual({
      stdout: "draft\n",
      stderr: expect.stringMatching(/^-- design: \d\dm left\n$/),
      status: 0,
    });
  });

  it("the status line does not say again what the answer has just said", async () => {
    expect((await world.run(["claim", "design"])).stderr).toBe("");
  });

  it("the status line names unread mail from what is known here, and when that was", async () => {
    const own = cliWorld();
    await own.run(["init", "--project", "shop", "--agent", "web-1"]);
    await own.run(["send", "web-1", "read me", "--urgent"], { env: { TRACECRAFT_AGENT: "api-2" } });
    expect((await own.run(["inbox", "--peek"])).status).toBe(0);
    const { stderr } = await own.run(["agents"]);
    expect(stderr).toBe("-- 1 unread (1 urgent)\n");
    expect(Math.ceil(stderr.length / 4)).toBeLessThanOrEqual(15);
  });

  it("--quiet leaves stdout and the lines of an error", async () => {
    expect(await world.said("memory get a.b --quiet")).toBe("draft\n# 0");
    expect(await world.said("claim new --quiet")).not.toContain("2>");
    expect(await world.said("memory get a.c --quiet")).toBe(
      '2> Error: Cannot get memory "a.c": not set\n2> Hint: tracecraft memory list a\n# 5',
    );
  });

  it("a reader that has seen enough ends the program quietly", async () => {
    const { stdout, stderr } = await runShell(
      `tracecraft help --json | head -c 10; tracecraft log | head -c 0`,
    );
    expect(stdout).toBe('{"schema_v');
    expect(stderr).not.toMatch(/EPIPE|Internal/);
  });

  it("a full disk under stdout is an error with status 2", async () => {
    const { stdout, stderr } = await runShell(`tracecraft help > /dev/full; echo $?`);
    expect(stderr).toBe("Error: Cannot write the answer: no space left\n");
    expect(stdout).toBe("2\n");
  });

  it("mail that stdout did not take stays unread", async () => {
    const mail = { env: { TRACECRAFT_AGENT: "api-2" } };
    expect((await world.run(["send", "web-1", "read me"], mail)).status).toBe(0);
    await runShell(`{ sleep 0.3; tracecraft inbox; } | true`);
    expect((await runShell(`tracecraft inbox > /dev/full; echo $?`)).stdout).toBe("2\n");
    expect((await world.run(["inbox"])).stdout).toContain("(direct) api-2: read me\n");
    expect((await world.run(["inbox"])).stdout).toBe("No messages.\n");
  });
});

describe("--json", () => {
  it("is one document, with what is to be noticed, and nothing on stderr", async () => {
    const { stdout, stderr, status } = await world.run(["memory", "get", "a.b", "--json"]);
    expect([stderr, status, stdout.endsWith("}\n")]).toEqual(["", 0, true]);
    expect(JSON.parse(stdout)).toMatchObject({
      schema_version: 1,
      ok: true,
      data: {
        key: "a.b",
        value: "draft",
        untrusted: true,
        notices: expect.arrayContaining([expect.stringMatching(/^design: \d\dm left$/)]),
      },
      next: [],
    });
  });

  it("is one document also for an error, and stderr has its first line", async () => {
    const { stdout, stderr, status } = await world.run(["claim", "design", "--json"], {
      env: { TRACECRAFT_AGENT: "api-2" },
    });
    expect(status).toBe(3);
    expect(stderr).toBe("Error: Step design already claimed by web-1\n");
    expect(JSON.parse(stdout)).toMatchObject({
      schema_version: 1,
      ok: false,
      error: {
        code: "claimed",
        message: "Step design already claimed by web-1",
        fix: "tracecraft wait-for design",
        retryable: true,
        details: { step: "design", agent: "web-1", state: "in_progress", term: 1 },
      },
    });
    const line = await world.run(["--json", "claim"]);
    expect([JSON.parse(line.stdout).error.code, line.stderr]).toEqual([
      "usage",
      "Error: Missing argument STEP\n",
    ]);
  });

  it("has the exact value in characters that no terminal acts on", async () => {
    const value = "\x1b[2J\x9b31m\u202e\u200b\ud83d\ude42 \\u{1b}\n\t";
    await world.run(["memory", "set", "hostile", "--", value]);
    const { stdout } = await world.run(["memory", "get", "hostile", "--json"]);
    expect(JSON.parse(stdout).data.value).toBe(value);
    expect(stdout.slice(0, -1)).not.toMatch(/[\0-\x1f\x7f-\x9f\u202e\u200b]/);
    const text = (await world.run(["memory", "get", "hostile"])).stdout;
    expect(text).toBe("\\u{1b}[2J\\u{9b}31m\\u{202e}\\u{200b}🙂 \\\\u{1b}\n\t\n");
  });
});

describe("colour and layout", () => {
  it.each([
    [{}, false],
    [{ FORCE_COLOR: "1" }, true],
    [{ FORCE_COLOR: "0" }, false],
    [{ NO_COLOR: "1" }, false],
    [{ TERM: "xterm" }, false],
  ])("without a terminal and with %j, colour is %s and the layout plain", async (env, coloured) => {
    const { stdout, stderr } = await world.run(["claim", "design"], {
      env: { ...env, TRACECRAFT_AGENT: "api-2" },
    });
    expect([stdout, escapes.test(stderr)]).toEqual(["", coloured]);
    expect(stderr.replaceAll(/\x1b\[\d+m/g, "")).toMatch(
      /^Error: Step design already claimed by web-1\nCause: /,
    );
  });

  it.each([
    [{}, true, "terminal"],
    [{ NO_COLOR: "1" }, false, "terminal"],
    [{ TERM: "dumb" }, false, "terminal"],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, true, "terminal"],
    [{ CLAUDECODE: "1" }, false, "plain"],
  ])("in a terminal with %j, colour is %s and the layout %s", async (env, coloured, layout) => {
    const { stdout } = await world.runInTerminal(["steps"], { env });
    expect(/\x1b\[\d+m/.test(stdout)).toBe(coloured);
    expect(stdout.includes("──")).toBe(layout === "terminal");
    expect(stdout.replaceAll(/\x1b\[\d+m/g, "").replaceAll("\n", "")).not.toMatch(escapes);
  });

  it("prints no control character of a record, wherever it stands", async () => {
    const own = cliWorld();
    await own.run(["init", "--project", "shop", "--agent", "web-1"]);
    const hostile = "x\x1b[31m\x07\x9b2J\u202e";
    for (const words of [
      ["send", "web-1", hostile, "--subject", hostile],
      ["memory", "set", "k", hostile],
      ["complete", "s", "--note", hostile, "--next-action", hostile],
    ])
      expect((await own.run(words, { env: { TRACECRAFT_AGENT: "api-2" } })).status).toBe(0);
    for (const words of [
      ["inbox"],
      ["memory", "get", "k"],
      ["memory", "list", "--values"],
      ["handoff", "s"],
      ["log"],
    ]) {
      const { stdout, stderr } = await own.run(words);
      expect([words, (stdout + stderr).replaceAll("\n", "").match(escapes)]).toEqual([words, null]);
      const seen = await own.runInTerminal(words, { env: { NO_COLOR: "1" } });
      expect([words, seen.stdout.replaceAll("\n", "").match(escapes)]).toEqual([words, null]);
    }
    const words = await own.run(["claim", hostile]);
    expect([words.status, words.stderr.replaceAll("\n", "").match(escapes)]).toEqual([2, null]);
  });
});

describe("signals", () => {
  it.each([
    ["SIGINT", 130, "Error: Interrupted"],
    ["SIGTERM", 143, "Error: Terminated"],
  ] as const)("%s ends a waiting command with %i and how to go on", async (signal, status, first) => {
    let sent = false;
    const ran = await world.run(["wait-for", "never"], {
      during(child, soFar) {
        if (!sent && soFar.includes("Waiting...")) sent = Boolean(child.kill(signal));
      },
    });
    expect(ran.stderr).toMatch(/^Waiting\.\.\. \(300s remaining\)\n/);
    expect(ran.stderr).toContain(`\n${first}\nHint: tracecraft wait-for never\n`);
    expect([ran.status, ran.stdout]).toEqual([status, ""]);
  });
});

it("a wait with nothing to say speaks when it begins, not at every look", async () => {
  const { stderr, status } = await world.run(["wait-for", "never-there", "--timeout", "4"]);
  expect(stderr.split("\n").filter((line) => line.startsWith("Waiting..."))).toEqual([
    "Waiting... (4s remaining)",
  ]);
  expect(status).toBe(8);
});

it("a step that another session of the same agent took is not said to have lapsed", async () => {
  const own = cliWorld();
  await own.run(["init", "--project", "shop", "--agent", "web-1"]);
  const as = (session: string, ...words: string[]) =>
    own.run(words, { env: { TRACECRAFT_SESSION: session } });
  expect((await as("one", "claim", "design")).status).toBe(0);
  expect((await as("two", "claim", "design", "--mine")).status).toBe(0);
  const late = await as("one", "complete", "design");
  expect([late.status, late.stderr]).toEqual([
    6,
    expect.stringContaining("another session of web-1 took it over"),
  ]);
});

it("a project's local state and data are this user's own", () => {
  const state = join(world.home, ".local", "state", "tracecraft");
  const entries = readdirSync(state, { recursive: true, encoding: "utf8" });
  expect(entries.length).toBeGreaterThan(3);
  expect(entries.filter((name) => name.endsWith("tmp"))).toEqual([]);
  expect(readFileSync(join(world.cwd, ".tracecraft.json"), "utf8")).not.toContain("web-1");
});

/** A line of bash in which `tracecraft` is the real program. */
async function runShell(line: string) {
  const { builtCli } = await import("./built-cli.ts");
  const { spawnSync } = await import("node:child_process");
  const program = await builtCli();
  const ran = spawnSync(
    "bash",
    ["-c", `tracecraft() { "${process.execPath}" "${program}" "$@"; }\n${line}`],
    {
      cwd: world.cwd,
      env: world.env,
      encoding: "utf8",
    },
  );
  return { stdout: ran.stdout, stderr: ran.stderr };
}
