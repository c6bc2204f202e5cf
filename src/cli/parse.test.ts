import { describe, expect, it } from "vitest";
import { TracecraftError } from "../errors.ts";
import { parse } from "./parse.ts";
import { nearest, shellWords } from "./suggest.ts";

async function refusal(...words: string[]): Promise<string> {
  try {
    await parse(words);
  } catch (error) {
    if (error instanceof TracecraftError) return `${error.code}: ${error.message} -> ${error.hint}`;
    throw error;
  }
  throw new Error(`understood: ${words.join(" ")}`);
}

describe("parse()", () => {
  it("finds the command past general options, one word or two", async () => {
    const first = await parse(["--json", "--agent", "send", "claim", "design", "--ttl=2h", "--mine"]);
    expect(first.command?.name).toBe("claim");
    expect(first.args).toMatchObject({ step: "design", ttl: "2h", mine: true, bestEffort: false });
    expect(first.general).toMatchObject({ json: true, agent: "send", quiet: false });
    const second = await parse(["memory", "get", "a.b", "--quiet"]);
    expect([second.command?.name, second.args["key"], second.general.quiet]).toEqual([
      "memory get",
      "a.b",
      true,
    ]);
    expect((await parse([])).command).toBeUndefined();
  });

  it("keeps an option of the command's own from the general one of that name", async () => {
    const search = await parse(["session", "search", "x", "--agent", "api-2"]);
    expect([search.args["agent"], search.general.agent]).toEqual(["api-2", undefined]);
    const replay = await parse(["replay", "--agent", "a", "--agent", "b"]);
    expect([replay.args["agent"], replay.general.agent]).toEqual([["a", "b"], undefined]);
  });

  it("takes what stands behind -- as it is, and texts that begin with - as values of options", async () => {
    const { args } = await parse(["send", "b", "--subject", "- a list", "--", "--not an option"]);
    expect(args).toMatchObject({ to: "b", text: "--not an option", subject: "- a list" });
    expect((await parse(["memory", "set", "k", "-"])).args["value"]).toBe("-");
    expect((await parse(["complete", "s", "--note=--force"])).args).toMatchObject({
      note: "--force",
      force: false,
    });
  });

  it("takes several for an argument that takes many, and none only where it may", async () => {
    expect((await parse(["step-status", "a", "b"])).args["steps"]).toEqual(["a", "b"]);
    expect((await parse(["renew"])).args["step"]).toBeUndefined();
    expect((await parse(["wait-for", "a"])).args["timeout"]).toBe("300");
  });

  it.each([
    [["clam", "x y"], 'usage: Unknown command "clam" -> tracecraft claim "x y"'],
    [["memory", "gte", "a"], 'usage: Unknown command "memory gte" -> tracecraft memory get a'],
    [["artifact"], "usage: Missing verb: artifact upload|download|list -> tracecraft help artifact"],
    [
      ["broadcast", "cut at 3pm", "--urgent"],
      'usage: Unknown command "broadcast" -> tracecraft send _broadcast "cut at 3pm" --urgent',
    ],
    [["get", "k"], 'usage: Unknown command "get" -> tracecraft memory get k'],
    [["zzz"], 'usage: Unknown command "zzz" -> tracecraft help'],
    [["claim"], "usage: Missing argument STEP -> tracecraft help claim"],
    [["wait-for"], "usage: Missing argument STEP... -> tracecraft help wait-for"],
    [["claim", "a", "b"], 'usage: Unexpected argument "b" -> tracecraft help claim'],
    [["claim", "a", "--tll", "2h"], 'usage: Unknown option "--tll" -> tracecraft claim a --ttl 2h'],
    [["claim", "a", "--tll=2h"], 'usage: Unknown option "--tll" -> tracecraft claim a --ttl=2h'],
    [["claim", "a", "--zzzzzz"], 'usage: Unknown option "--zzzzzz" -> tracecraft help claim'],
    [["claim", "a", "--ttl"], "usage: Option --ttl needs a value: --ttl 60m -> tracecraft help claim"],
    [
      ["complete", "a", "--note", "--force"],
      "usage: Option --note needs a value: --note TEXT -> tracecraft help complete",
    ],
    [
      ["complete", "a", "--note", "--", "x"],
      "usage: Option --note needs a value: --note TEXT -> tracecraft help complete",
    ],
    [["claim", "a", "--mine=yes"], "usage: Option --mine takes no value -> tracecraft help claim"],
    [
      ["claim", "a", "--ttl", "1h", "--ttl", "2h"],
      "usage: Option --ttl stands twice on the line -> tracecraft help claim",
    ],
    [
      ["send", "b", "- done: it's $5"],
      `usage: Unknown option "- done: it's $5" -> tracecraft send b -- '- done: it'\\''s $5'`,
    ],
    [["send", "b", "-5"], 'usage: Unknown option "-5" -> tracecraft send b -- -5'],
  ])("%j is refused: %s", async (words, expected) => {
    expect(await refusal(...words)).toBe(expected);
  });
});

it("nearest() takes a slip for a slip and no more", () => {
  const names = ["claim", "complete", "release", "renew", "step-status"];
  expect(
    ["clami", "lcaim", "relase", "comp", "stepstatus", "xyz", "q"].map((typed) => nearest(typed, names)),
  ).toEqual(["claim", "claim", "release", "complete", "step-status", undefined, undefined]);
});

it("shellWords() writes words as a shell reads them back", () => {
  expect(shellWords(["a", "b c", 'say "hi"', "it's $5", ""])).toBe(`a "b c" 'say "hi"' 'it'\\''s $5' ""`);
});
