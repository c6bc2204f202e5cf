import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cliWorld } from "./run-cli.ts";

const tokens = (text: string) => Math.ceil(text.length / 4);

describe("outside of a project", () => {
  it("a bare call says what this is and what to type", async () => {
    expect(await cliWorld().said("")).toMatchInlineSnapshot(`
      "tracecraft: coding agents meet in a bucket: claims, mail, memory, handoffs, transcripts
      No project here yet.
      2> next: tracecraft init --project NAME --agent NAME
      # 0"
    `);
  });

  it("a command that needs one says where it looked", async () => {
    expect(await cliWorld().said("status")).toMatchInlineSnapshot(`
      "2> Error: No project here: no .tracecraft.json in this folder or above, none in the home folder
      2> Hint: tracecraft init --project NAME --agent NAME
      # 2"
    `);
  });

  it("an unknown command is told which one was meant", async () => {
    expect(await cliWorld().said("clam design")).toMatchInlineSnapshot(`
      "2> Error: Unknown command "clam"
      2> Hint: tracecraft claim design
      # 2"
    `);
    expect(await cliWorld().said("memory gte a.b")).toMatchInlineSnapshot(`
      "2> Error: Unknown command "memory gte"
      2> Hint: tracecraft memory get a.b
      # 2"
    `);
    expect(await cliWorld().said("memory")).toMatchInlineSnapshot(`
      "2> Error: Missing verb: memory set|get|list|delete|history
      2> Hint: tracecraft help memory
      # 2"
    `);
    expect(await cliWorld().said("frobnicate")).toMatchInlineSnapshot(`
      "2> Error: Unknown command "frobnicate"
      2> Hint: tracecraft help
      # 2"
    `);
  });

  it("--version and help need nothing", async () => {
    const world = cliWorld();
    const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
    expect(await world.said("--version")).toBe(`${version}\n# 0`);
    expect(await world.said("help claim")).toMatchInlineSnapshot(`
      "Take a step, so that no other agent works on it
      Usage: tracecraft claim STEP [options]

        STEP             the step to take, such as design
        --ttl 60m        give the step up unless renewed by then (default 60m)
        --mine           take it over from another session of this agent
        --best-effort    go on in a bucket that cannot promise one winner
        --deadline 10s   how long to try (default 10s)

      Exit statuses: 0 yours, or already yours · 3 another has it, or it is finished
        7 try again, outcome unknown · 9 this bucket cannot promise it · common: tracecraft help statuses
      Examples:
        tracecraft claim design
        tracecraft claim design --ttl 2h --json
      # 0"
    `);
    expect(await world.said("claim --help")).toBe(await world.said("help claim"));
  });

  it("help stays within its budgets", async () => {
    const world = cliWorld();
    const help = (await world.run(["help"])).stdout;
    expect(help.split("\n").length - 1).toBeLessThanOrEqual(30);
    expect(tokens(help)).toBeLessThanOrEqual(265);
    expect(tokens((await world.run(["help", "claim"])).stdout)).toBeLessThanOrEqual(175);
    const { data } = JSON.parse((await world.run(["help", "--json"])).stdout);
    for (const { name } of data.commands) {
      const { stdout, status } = await world.run(["help", ...name.split(" ")]);
      expect([name, status, stdout.split("\n").length - 1 <= 40]).toEqual([name, 0, true]);
    }
  });
});

describe("init", () => {
  it("works at once in a folder of this machine, and again", async () => {
    const world = cliWorld();
    expect(await world.said("init --project shop --agent web-1")).toMatchInlineSnapshot(`
      "Initialized project 'shop' as agent 'web-1'
      Backend: file  Path: ~/.local/share/tracecraft/shop
      2> next: tracecraft claim STEP
      # 0"
    `);
    expect(readFileSync(join(world.cwd, ".tracecraft.json"), "utf8")).toMatchInlineSnapshot(`
      "{
        "schema": 3,
        "store": "file:",
        "project": "shop"
      }
      "
    `);
    expect(await world.said("init --project shop --agent web-1")).toMatchInlineSnapshot(`
      "Initialized project 'shop' as agent 'web-1'
      Backend: file  Path: ~/.local/share/tracecraft/shop
      joined: 1 agent, 0 steps
      2> next: tracecraft status
      # 0"
    `);
    expect((await world.run([])).stdout).toMatch(/^shop as web-1: 1 agent/);
  });

  it("moves no other agent in silence", async () => {
    const world = cliWorld();
    await world.run(["init", "--project", "shop", "--agent", "web-1"]);
    await world.run(["claim", "design"]);
    expect((await world.said("init --project shop --agent api-2")).replace(/\d+m left/, "41m left"))
      .toMatchInlineSnapshot(`
      "2> Error: Cannot make this checkout "api-2": it is web-1's, which holds design (41m left)
      2> Cause: TRACECRAFT_AGENT=api-2 would leave it as it is
      2> Hint: tracecraft init --project shop --agent api-2 --move
      # 3"
    `);
    expect((await world.run(["whoami"])).stdout).toMatch(/^web-1 in shop\n/);
    expect(await world.said("init --project shop --agent api-2 --move")).toMatch(
      /^Initialized .* 'api-2'\n.*\njoined: 2 agents, 1 step\n/,
    );
    expect((await world.run(["whoami"])).stdout).toMatch(/^api-2 in shop\n/);
  });

  it("binds only the session inside of a harness", async () => {
    const world = cliWorld();
    await world.run(["init", "--project", "shop", "--agent", "web-1"]);
    const env = {
      CLAUDE_CODE_SESSION_ID: "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a",
      TRACECRAFT_SESSION: undefined,
    };
    expect(await world.said("init --project shop --agent api-2", { env })).toMatchInlineSnapshot(`
      "Initialized project 'shop' as agent 'api-2'
      Backend: file  Path: ~/.local/share/tracecraft/shop
      this session only; the checkout stays web-1's
      2> next: tracecraft status
      # 0"
    `);
    expect(await world.said("whoami", { env })).toMatch(
      /^api-2 in shop\nagent: api-2 \(bound to this harness session\)\nsession: claude-code 5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a\n/,
    );
    expect((await world.run(["whoami"])).stdout).toMatch(
      /^web-1 in shop\nagent: web-1 \(of this checkout\)\nsession: checkout /,
    );
  });

  it("joins the project of a folder above, and of a worktree's main checkout", async () => {
    const world = cliWorld();
    await world.run(["init", "--project", "shop", "--agent", "web-1"]);
    const inner = join(world.cwd, "a", "b");
    mkdirSync(inner, { recursive: true });
    expect(await world.said("init --agent api-2 --move", { cwd: inner })).toMatchInlineSnapshot(`
      "Initialized project 'shop' as agent 'api-2'
      Backend: file  Path: ~/.local/share/tracecraft/shop
      joined: 2 agents, 0 steps
      2> next: tracecraft status
      # 0"
    `);
    expect(() => statSync(join(inner, ".tracecraft.json"))).toThrow("ENOENT");
  });

  it("refuses another project in the same folder, until it is said", async () => {
    const world = cliWorld();
    await world.run(["init", "--project", "shop", "--agent", "web-1"]);
    expect(await world.said("init --project other --agent web-1")).toMatchInlineSnapshot(`
      "2> Error: Cannot make this folder "other": .tracecraft.json says "shop"
      2> Hint: tracecraft init --project other --agent web-1 --move
      # 3"
    `);
    expect((await world.run(["init", "--project", "other", "--agent", "web-1", "--move"])).status).toBe(0);
    expect((await world.run(["whoami"])).stdout).toMatch(/^web-1 in other\n/);
  });

  it("leaves no configuration behind when keys are missing", async () => {
    const world = cliWorld();
    const env = { AWS_EC2_METADATA_DISABLED: "true" };
    const line = "init --bucket acme-agents --endpoint http://127.0.0.1:9 --project shop --agent web-1";
    expect(await world.said(line, { env })).toMatchInlineSnapshot(`
      "2> Error: S3 credentials required: none in the environment, ~/.aws or an instance role
      2> Hint: export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…
      # 2"
    `);
    expect(() => statSync(join(world.cwd, ".tracecraft.json"))).toThrow("ENOENT");
  });

  it("refuses what it does not understand, each with one line", async () => {
    const world = cliWorld();
    expect(await world.said("init")).toMatchInlineSnapshot(`
      "2> Error: Missing option --project NAME
      2> Hint: tracecraft init --project NAME --agent NAME
      # 2"
    `);
    expect(await world.said("init --project a/b --agent x")).toMatchInlineSnapshot(`
      "2> Error: Cannot use "a/b": a project is 1 to 128 of letters, digits, ".", "_", "-", and starts with a letter or digit
      # 2"
    `);
    expect(await world.said("init --project shop --agent _broadcast")).toMatchInlineSnapshot(`
      "2> Error: Cannot use "_broadcast": an agent is 1 to 128 of letters, digits, ".", "_", "-", and starts with a letter or digit
      # 2"
    `);
    expect(await world.said("init --project shop --agent a --endpoint http://h")).toMatchInlineSnapshot(`
      "2> Error: Missing option --bucket NAME
      2> Hint: tracecraft help init
      # 2"
    `);
    expect(await world.said("init --project shop --agent a --bucket b --access-key x"))
      .toMatchInlineSnapshot(`
      "2> Error: Use --access-key and --secret-key together
      2> Hint: tracecraft help init
      # 2"
    `);
    expect(await world.said("init --project shop --agent a --backend hf --bucket u/b --hf-token t"))
      .toMatchInlineSnapshot(`
      "2> Error: Cannot use --hf-token: HuggingFace's S3 gateway wants S3 keys
      2> Hint: export HF_S3_ACCESS_KEY_ID=… HF_S3_SECRET_ACCESS_KEY=…
      # 2"
    `);
    writeFileSync(join(world.cwd, ".tracecraft.json"), "{");
    expect(await world.said("init --project shop --agent a")).toMatch(
      /^2> Error: Cannot read ".tracecraft.json": not JSON\n2> Cause: .*\n2> Hint: tracecraft init .*\n# 2$/,
    );
  });
});
