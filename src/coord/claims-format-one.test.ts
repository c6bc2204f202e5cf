import { describe, expect, it } from "vitest";
import { formatOneClaim, formatOneStatus, meeting } from "../../test/two-agents.ts";
import { claimStep } from "./claims.ts";

const step = "design";
const ttlS = 60;

describe("claimStep() beside format 1", () => {
  it("respects its claim, which never lapses", async () => {
    const at = meeting();
    await formatOneClaim(at, step, "old");
    at.pass(10_000_000);
    expect(await claimStep(at.agent("b"), step, {})).toMatchObject({
      claimed: false,
      why: "held",
      view: { agent: "old" },
    });
  });

  it("is a renewal for the same agent, and makes the claim one of ours", async () => {
    const at = meeting();
    await formatOneClaim(at, step, "a");
    expect(await claimStep(at.agent("a"), step, { ttlS })).toMatchObject({
      claimed: true,
      already: true,
      lease: { term: 1 },
    });
    expect(await at.claim(step)).toMatchObject({
      session: "session-of-a",
      ttl_s: ttlS,
      state: "in_progress",
    });
  });

  it("sees the complete that format 1 wrote beside our claim", async () => {
    const at = meeting();
    await claimStep(at.agent("a"), step, { ttlS });
    at.pass(5);
    await formatOneStatus(at, step, "a");
    expect(await claimStep(at.agent("a"), step, {})).toMatchObject({ claimed: false, why: "finished" });
    expect(await claimStep(at.agent("b"), step, {})).toMatchObject({ claimed: false, why: "finished" });
  });
});
