import { expect, it } from "vitest";
import { all, commandNames, loadCommand } from "../src/commands/all.ts";
import type { Command } from "../src/commands/command.ts";
import { commandHelp, overview } from "../src/commands/help-text.ts";
import { parse } from "../src/cli/parse.ts";
import { exitStatus } from "../src/errors.ts";
import { referencePage } from "./cli-docs.ts";

it("docs/cli.md says what the definitions say", async () => {
  await expect(await referencePage()).toMatchFileSnapshot("../docs/cli.md");
});

it.each(commandNames)("%s is defined as the rules have it", async (name) => {
  const command: Command = await loadCommand(name);
  expect(command.name).toBe(name);
  expect(command.summary).toMatch(/^[A-Z][^\n]*[^.\n]$/);
  expect(overview()).toContain(name.split(" ").at(-1));
  expect(commandHelp(command).split("\n").length).toBeLessThanOrEqual(40);
  const many = Object.values(command.positionals).findIndex((place) => place.many);
  expect([-1, Object.keys(command.positionals).length - 1]).toContain(many);
  for (const code of Object.keys(command.exits)) expect(["done", ...Object.keys(exitStatus)]).toContain(code);
  expect(command.examples.length).toBeGreaterThanOrEqual(1);
});

it.each(commandNames)("the examples of %s are understood", async (name) => {
  for (const example of (await loadCommand(name)).examples) {
    const words = [...example.replace(/ [<>].*$/, "").matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
      ([, double, single, bare]) => double ?? single ?? bare!,
    );
    // Another program may be told to run ours: `… -- tracecraft mcp`.
    const ours = words[0] === "tracecraft" ? words : words.slice(words.indexOf("--") + 1);
    expect(ours[0]).toBe("tracecraft");
    expect((await parse(ours.slice(1))).command?.name).toBe(name);
  }
});

it("names in the list are those of the definitions, once", () => {
  expect(new Set(Object.keys(all)).size).toBe(commandNames.length);
});
