import { beforeAll, describe, expect, it } from "vitest";
import { cliWorld, type CliWorld, type Ran } from "./run-cli.ts";

// What an agent pays for an answer: characters of stdout and stderr, four to a token. The answers are those of the
// output book's story; the budgets are its section 11's.
const budget = {
  claim: 40,
  "claim, already ours": 40,
  "claim, taken": 40,
  "inbox of 3 messages": 150,
  "status of 5 agents and 6 steps": 220,
  "prime of 5 agents and 6 steps": 400,
  help: 265,
  "help claim": 175,
  complete: 16,
  "wait-for that ended": 20,
};
const errorBudget = 60;
const statusLineBudget = 15;

let world: CliWorld;
const as = (agent: string, words: readonly string[]) =>
  world.run(words, { env: { TRACECRAFT_AGENT: agent } });

beforeAll(async () => {
  world = cliWorld();
  await world.run(["init", "--project", "shop", "--agent", "web-1"]);
  for (const agent of ["api-2", "test-3", "docs-4", "ana"])
    await as(agent, ["init", "--agent", agent, "--move"]);
  await world.run(["init", "--agent", "web-1", "--move"]);
});

describe("answers stay within their tokens", () => {
  it("of steps", async () => {
    within("claim", await world.run(["claim", "design"]));
    within("claim, already ours", await world.run(["claim", "design"]));
    await as("api-2", ["claim", "api"]);
    within("claim, taken", withoutStatusLine(await world.run(["claim", "api"])));
    await as("api-2", ["complete", "spec"]);
    within("wait-for that ended", withoutStatusLine(await world.run(["wait-for", "spec"])));
    await world.run(["claim", "short"]);
    within("complete", withoutStatusLine(await world.run(["complete", "short"])));
  });

  it("of mail and status", async () => {
    await as("ana", ["complete", "deploy", "--blocked"]);
    await as("test-3", ["claim", "tests"]);
    await as("docs-4", ["complete", "review", "--needs-review"]);
    await as("docs-4", ["claim", "docs"]);
    await as("api-2", ["send", "web-1", "contract is in memory key design.contract"]);
    const more = [
      "--subject",
      "which status",
      "--thread",
      "api-v1",
      "--reply-to",
      "220db54c",
      "--urgent",
      "--ack",
    ];
    await as("api-2", ["send", "web-1", "POST returns 201, is that right?\nsecond line", ...more]);
    await as("ana", ["send", "_broadcast", "v1 cut at 3pm, wrap your tasks"]);

    within("prime of 5 agents and 6 steps", await world.run(["prime"]));
    const status = await world.run(["status"]);
    expect(status.stdout).toMatch(/^shop as web-1: 5 agents, 8 steps \(2 complete\), 3 unread \(1 urgent\)/);
    within("status of 5 agents and 6 steps", status);
    const { stderr } = await world.run(["memory", "list"]);
    expect(stderr).toMatch(/^-- 3 unread \(1 urgent\) · design: \d+m left\n$/);
    expect(tokens(stderr)).toBeLessThanOrEqual(statusLineBudget);
    within("inbox of 3 messages", withoutStatusLine(await world.run(["inbox"])));
  });

  it("of help", async () => {
    within("help", await world.run(["help"]));
    within("help claim", await world.run(["help", "claim"]));
  });

  it("of every kind of error", async () => {
    const errors: [string, string[]][] = [
      ["web-1", ["claim", "api"]],
      ["web-1", ["claim", "deploy"]],
      ["web-1", ["claim", "../x"]],
      ["web-1", ["claim", "design", "--tll", "2h"]],
      ["web-1", ["complete", "api"]],
      ["web-1", ["complete", "spec", "--note", "another text"]],
      ["web-1", ["release", "api"]],
      ["web-1", ["renew", "deploy"]],
      ["web-1", ["reopen", "nothing"]],
      ["web-1", ["handoff", "nothing"]],
      ["web-1", ["wait-for", "deploy"]],
      ["web-1", ["wait-for", "api", "review", "--timeout", "0"]],
      ["web-1", ["send", "a/b", "hello"]],
      ["web-1", ["inbox", "--peek", "--delete"]],
      ["web-1", ["ack", "ffff"]],
      ["web-1", ["memory", "get", "design.nothing"]],
      ["web-1", ["memory", "set", "k", "{", "--json-value"]],
      ["web-1", ["artifact", "download", "mockup.html", "--step", "design"]],
      ["web-1", ["session", "show", "ffff"]],
      ["web-1", ["clam", "design"]],
      ["api-2", ["init", "--project", "shop", "--agent", "api-2"]],
      ["web-1", ["init", "--project", "other", "--agent", "web-1"]],
    ];
    const costs = await Promise.all(
      errors.map(async ([agent, words]) => {
        const ran = withoutStatusLine(await as(agent, words));
        expect([words, ran.status === 0, ran.stderr.includes("Error: ")]).toEqual([words, false, true]);
        return [words.join(" "), tokens(errorOf(ran))] as const;
      }),
    );
    expect(costs.filter(([, cost]) => cost > errorBudget)).toEqual([]);
  });
});

function within(what: keyof typeof budget, { stdout, stderr, status }: Ran): void {
  expect([status === 0 || what === "claim, taken", what]).toEqual([true, what]);
  expect(tokens(stdout + stderr), `${what}:\n${stdout}${stderr}`).toBeLessThanOrEqual(budget[what]);
}

function tokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** It is paid for by itself. */
function withoutStatusLine(ran: Ran): Ran {
  return { ...ran, stderr: ran.stderr.replace(/^-- .*\n/m, "") };
}

function errorOf({ stderr }: Ran): string {
  return stderr.replaceAll(/^(?!Error: |Cause: |Hint: ).*\n/gm, "");
}
