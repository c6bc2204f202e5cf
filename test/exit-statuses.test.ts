import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandNames } from "../src/commands/all.ts";
import { exitStatus } from "../src/errors.ts";
import { enact } from "./enact.ts";
import { openPlaces } from "./situation-places.ts";
import type { Situation } from "./situation.ts";
import { situations } from "./situations.ts";

let open: Awaited<ReturnType<typeof openPlaces>>;
beforeAll(async () => void (open = await openPlaces()));
afterAll(() => open?.close());

/** Each command that is done, and three for each error; the others end the same way with `--json`, in the test of its shapes. */
const ways = new Map(
  situations.map((situation, at) => {
    const { ends } = situation;
    return [ends === "done" ? commandOf(situation) : `${ends} ${at % 3}`, situation];
  }),
);
const full = process.env["TRACECRAFT_FULL"] === "1";

describe.concurrent("exit statuses", { timeout: 120_000 }, () => {
  it.for(full ? situations : [...ways.values()])("$line: $when ($ends)", async (situation) => {
    const { ran } = await enact(situation, open.places);
    const status = situation.ends === "done" ? 0 : exitStatus[situation.ends];
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([status, expect.anything(), expect.anything()]);
    // An error is at most three lines, and every status but 0 comes with one.
    const lines = ran.stderr
      .split("\n")
      .filter((line) => !/^(?:warning: |Waiting\.\.\. |measuring |-- |next: )/.test(line));
    if (situation.ends === "done") expect(ran.stderr).not.toMatch(/^Error: /m);
    else expect(lines.slice(0, -1)).toEqual(expect.toSatisfy(isError));
  });
});

function commandOf({ line }: Situation): string | undefined {
  return commandNames.find((name) => `${line.replace(/^@\S+ /, "")} `.startsWith(`${name} `));
}

function isError(lines: readonly string[]): boolean {
  return /^Error: .*\n(?:Cause: .*\n)?(?:Hint: (?:tracecraft|export|docs\/).*\n)?$/.test(
    `${lines.join("\n")}\n`,
  );
}

it("the frozen statuses", () => {
  expect(exitStatus).toMatchInlineSnapshot(`
    {
      "blocked": 11,
      "changed": 3,
      "claimed": 3,
      "clock": 2,
      "config": 2,
      "denied": 4,
      "disk_full": 2,
      "exists": 3,
      "fenced": 6,
      "finished": 3,
      "internal": 1,
      "interrupted": 130,
      "malformed": 10,
      "not_found": 5,
      "nothing_came": 8,
      "other_session": 3,
      "outcome_unknown": 7,
      "reserved": 3,
      "terminated": 143,
      "timeout": 8,
      "unfit_store": 9,
      "unreachable": 7,
      "usage": 2,
    }
  `);
});

it("every command is there, and every status but that of a bug", () => {
  expect(situations.length).toBeGreaterThanOrEqual(60);
  expect(new Set(situations.map(commandOf))).toEqual(new Set([...commandNames, undefined])); // And one that is none.
  const reached = new Set(situations.map(({ ends }) => (ends === "done" ? 0 : exitStatus[ends])));
  expect([...reached].toSorted((a, b) => a - b)).toEqual([0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143]);
});
