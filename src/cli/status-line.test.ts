import { describe, expect, it } from "vitest";
import { claimStep } from "../coord/claims.ts";
import { rememberNews } from "../coord/news.ts";
import { testProject, type TestProject } from "../../test/project.ts";
import { notices } from "./status-line.ts";

async function holding(
  project: TestProject,
  ...steps: (readonly [step: string, ttlS: number])[]
): Promise<void> {
  for (const [step, ttlS] of steps) await claimStep(project, step, { ttlS, takeOver: false });
  await project.settled();
}

describe("notices()", () => {
  it("are none when nothing is to be known", async () => {
    const project = testProject();
    rememberNews(project, { count: 0, urgent: 0 });
    expect(await notices(project)).toEqual([]);
  });

  it("name unread mail, the leases with least time left, and what lapsed", async () => {
    const project = testProject();
    await holding(project, ["a", 9_000], ["b", 60], ["c", 3_000], ["d", 1_000]);
    rememberNews(project, { count: 2, urgent: 1 });
    project.clock.now += 90_000;
    expect(await notices(project)).toEqual([
      "2 unread (1 urgent)",
      "lapsed: b",
      "d: 15m left",
      "c: 48m left",
      "+1",
    ]);
    const line = `-- ${(await notices(project)).slice(0, 2).join(" · ")}`;
    expect(Math.ceil(line.length / 4)).toBeLessThanOrEqual(15);
  });

  it("do not say again what the answer has just said", async () => {
    const project = testProject();
    await holding(project, ["a", 3_600], ["b", 3_600]);
    rememberNews(project, { count: 1, urgent: 0 });
    expect(await notices(project, { steps: ["a"], mail: true })).toEqual(["b: 60m left"]);
  });

  it("say of when they are once they are over five minutes old", async () => {
    const project = testProject();
    rememberNews(project, { count: 1, urgent: 0 });
    project.clock.now += 5 * 60_000;
    expect(await notices(project)).toEqual(["1 unread"]);
    project.clock.now += 1;
    expect(await notices(project)).toEqual(["1 unread as of 14:05Z"]);
  });

  it("say that claims are by best effort where conditions are ignored, and nothing of other agents' leases", async () => {
    const project = testProject();
    await holding(testProject({ local: project.local, agent: "api-2" }), ["theirs", 3_600]);
    project.store.traits.conditions = "ignored";
    expect(await notices(project)).toEqual(["best effort"]);
  });
});
