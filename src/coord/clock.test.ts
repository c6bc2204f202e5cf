import { describe, expect, it } from "vitest";
import { storyTime, testProject } from "../../test/project.ts";
import { memoryStore } from "../store/memory.ts";
import { clockOffset, correctedNow } from "./clock.ts";
import { memoryLocalState } from "./local.ts";

const limit = { limit: 1_000 };

function setUp(skewMs: number) {
  const clock = { now: storyTime };
  // As stores tell it: in whole seconds.
  const store = memoryStore(() => Math.floor(clock.now / 1000) * 1000);
  const local = memoryLocalState();
  const project = testProject({ clock, store, local, skewMs });
  return { clock, local, project };
}

describe("clockedStore()", () => {
  it.each([600_000, -600_000, 5_000])(
    "learns from a reply that this machine is %i ms ahead",
    async (skewMs) => {
      const { project } = setUp(skewMs);
      expect(clockOffset(project.local)).toBe(0);
      await project.store.put("a", Buffer.from("x"), "anything");
      expect(clockOffset(project.local)).toBe(-skewMs);
      expect(correctedNow(project)).toBe(storyTime);
    },
  );

  it("learns nothing from a difference that whole seconds explain", async () => {
    const { project } = setUp(1_400);
    await project.store.put("a", Buffer.from("x"), "anything");
    await project.store.get("a", limit);
    expect(clockOffset(project.local)).toBe(0);
  });

  it("keeps what it learned, so that one sender's messages keep their order within a second", async () => {
    const { clock, project } = setUp(600_000);
    await project.store.put("a", Buffer.from("x"), "anything");
    const offset = clockOffset(project.local);
    const times: number[] = [];
    for (let ms = 0; ms < 1_000; ms += 100) {
      clock.now = storyTime + ms;
      await project.store.get("a", limit);
      times.push(correctedNow(project));
    }
    expect(clockOffset(project.local)).toBe(offset);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it("learns anew when the clock of the machine was set", async () => {
    const { clock, local } = setUp(0);
    const store = memoryStore(() => clock.now);
    const ahead = testProject({ clock, store, local, skewMs: 60_000 });
    await ahead.store.put("a", Buffer.from("x"), "anything");
    expect(clockOffset(local)).toBe(-60_000);
    const right = testProject({ clock, store, local });
    await right.store.get("a", limit);
    expect(clockOffset(local)).toBe(0);
  });

  it("takes a slow reply for less: the store's time is of some moment within it", async () => {
    const { clock, local, project } = setUp(0);
    const slow = memoryStore(() => clock.now);
    const { put } = slow;
    const store = {
      ...slow,
      put: (async (...call: Parameters<typeof put>) => {
        const result = await put(...call);
        clock.now += 8_000; // The reply was on its way for so long.
        return result;
      }) as typeof put,
    };
    const patient = testProject({ clock, store, local });
    await patient.store.put("a", Buffer.from("x"), "anything");
    expect(clockOffset(project.local)).toBe(0);
  });

  it("learns nothing where the store does not tell its time, or finds nothing", async () => {
    const { project } = setUp(600_000);
    expect(await project.store.get("none", limit)).toBeUndefined();
    expect(clockOffset(project.local)).toBe(0);
    project.local.write("clock", { offset_ms: "damaged" });
    expect(correctedNow(project)).toBe(storyTime + 600_000);
  });
});
