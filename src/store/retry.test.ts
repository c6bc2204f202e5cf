import { expect, it } from "vitest";
import { TracecraftError } from "../errors.ts";
import { retry } from "./retry.ts";

const busy = () => new TracecraftError("unreachable", "Cannot reach it: 503");

it("retry() stops after five attempts and throws the last error", async () => {
  let made = 0;
  const attempt = async () => {
    made++;
    throw busy();
  };
  await expect(retry(attempt, { withinMs: 10_000, random: () => 0 })).rejects.toThrow("503");
  expect(made).toBe(5);
});

it("retry() does not repeat what a repetition cannot cure", async () => {
  let made = 0;
  const attempt = async () => {
    made++;
    throw new TracecraftError("denied", "no");
  };
  await expect(retry(attempt, { withinMs: 10_000, random: () => 0 })).rejects.toThrow("no");
  expect(made).toBe(1);
});

it("retry() begins no attempt after its time", async () => {
  let made = 0;
  const attempt = async () => {
    made++;
    throw busy();
  };
  await expect(retry(attempt, { withinMs: 50, random: () => 1 })).rejects.toThrow("503");
  expect(made).toBe(1); // The first pause alone would be 100 ms.
});

it("retry() tells each attempt the time it has left", async () => {
  const left: number[] = [];
  const value = await retry(
    async (leftMs) => {
      left.push(leftMs);
      if (left.length < 3) throw busy();
      return "done";
    },
    { withinMs: 1000, random: () => 0.01 },
  );
  expect(value).toBe("done");
  expect(left).toEqual(left.toSorted((a, b) => b - a));
  expect(left[0]).toBeGreaterThan(left[2] ?? 0);
});
