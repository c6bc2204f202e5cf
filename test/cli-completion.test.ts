import { spawnSync } from "node:child_process";
import { beforeAll, describe, expect, it } from "vitest";
import { builtCli } from "./built-cli.ts";
import { cliWorld, type CliWorld } from "./run-cli.ts";
import { startS3Server, testKeys } from "./s3-server.ts";

let world: CliWorld;

beforeAll(async () => {
  world = cliWorld();
  await world.run(["init", "--project", "shop", "--agent", "web-1"]);
  await world.run(["claim", "design"]);
  await world.run(["claim", "deploy"], { env: { TRACECRAFT_AGENT: "api-2" } });
  await world.run(["memory", "set", "design.status", "x"]);
  await world.run(["status"]);
});

async function words(...line: string[]): Promise<string[]> {
  const { stdout, status } = await world.run(["completion", "words", "--", ...line]);
  expect(status).toBe(0);
  return stdout.split("\n").filter(Boolean);
}

describe("completion", () => {
  it.each([
    [["cla"], ["claim"]],
    [
      ["memory", ""],
      ["delete", "get", "history", "list", "set"],
    ],
    [["claim", "--m"], ["--mine"]],
    [
      ["claim", "de"],
      ["deploy", "design"],
    ],
    [
      ["complete", "design", "--to", ""],
      ["api-2", "web-1"],
    ],
    [["complete", "design", "--note", ""], []],
    [["send", "_"], ["_broadcast"]],
    [["memory", "get", "des"], ["design.status"]],
    [["completion", "z"], ["zsh"]],
    [
      ["help", "wa"],
      ["wait-for", "watch"],
    ],
    [["nonsense", ""], []],
  ])("%j may go on with %j", async (line, expected) => {
    expect(await words(...line)).toEqual(expected);
  });

  it("asks nobody, and says nothing where a configuration is broken or missing", async () => {
    const server = await startS3Server();
    const far = cliWorld();
    const keys = ["--access-key", testKeys.accessKeyId, "--secret-key", testKeys.secretAccessKey];
    await far.run([
      "init",
      "--bucket",
      "bucket",
      "--endpoint",
      server.endpoint,
      "--project",
      "shop",
      "--agent",
      "web-1",
      ...keys,
    ]);
    server.forget();
    expect((await far.run(["completion", "words", "--", "send", ""])).stdout).toContain("_broadcast\n");
    expect(server.lines()).toEqual([]);
    await server.close();
    expect(await cliWorld().run(["completion", "words", "--", "claim", ""])).toEqual({
      stdout: "",
      stderr: "",
      status: 0,
    });
  });

  it("works in a real bash", async () => {
    const script = (await world.run(["completion", "bash"])).stdout;
    const line = `tracecraft() { "${process.execPath}" "${await builtCli()}" "$@"; }
${script}
COMP_WORDS=(tracecraft claim de); COMP_CWORD=2; _tracecraft; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const ran = spawnSync("bash", ["--norc", "-c", line], {
      cwd: world.cwd,
      env: world.env,
      encoding: "utf8",
    });
    expect([ran.stderr, ran.stdout]).toEqual(["", "deploy\ndesign\n"]);
  });

  it("knows three shells and refuses others", async () => {
    for (const shell of ["zsh", "fish"])
      expect((await world.run(["completion", shell])).stdout).toContain("completion words --");
    expect(await world.said("completion csh")).toMatchInlineSnapshot(`
      "2> Error: Cannot complete for "csh": it is bash, zsh or fish
      # 2"
    `);
  });
});
