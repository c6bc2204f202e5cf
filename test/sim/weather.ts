import type { Dice } from "./dice.ts";

/** How bad a history is: chances for each request, reply or process. */
export interface Weather {
  readonly faults: number;
  /** That a process stops for longer than a lease when a reply reaches it. */
  readonly pauses: number;
  /** That a process dies in the middle. */
  readonly crashes: number;
}

export const calm: Weather = { faults: 0, pauses: 0, crashes: 0 };

export function isCalm({ faults, pauses, crashes }: Weather): boolean {
  return faults === 0 && pauses === 0 && crashes === 0;
}

/** What becomes of one request. Times in ms after it was sent; absent: never. */
export interface Fate {
  readonly kind: string;
  /** When it takes effect. */
  readonly appliedIn?: number;
  /** When the same request takes effect once more. */
  readonly againIn?: number;
  /** When the store notes its time, where it takes effect later than that. */
  readonly notedIn?: number;
  readonly answeredIn: number;
  /** `reply`: what the store said. `conflict`: a 409. `doubt`: nothing that says anything. */
  readonly answer: "reply" | "conflict" | "doubt";
  readonly httpStatus?: number;
}

const longTimeoutMs = 4_000;

export function putFate(dice: Dice, { faults }: Weather, visibleLateMs: number): Fate {
  const appliedIn = dice.between(2, 60);
  const answeredIn = appliedIn + dice.between(1, 60);
  if (!dice.chance(faults)) return { kind: "", appliedIn, answeredIn, answer: "reply" };

  const giveUp = dice.chance(0.5) ? dice.between(5, 80) : dice.between(500, longTimeoutMs);
  const doubt = { answeredIn: giveUp, answer: "doubt" } as const;
  const later = dice.chance(0.8) ? dice.between(10, 8_000) : dice.between(8_000, 200_000);
  switch (
    dice.weighted({
      request: 2,
      reply: 4,
      late: 2,
      duplicate: 2,
      conflict: 2,
      before: 1,
      after: 2,
      throttled: 1,
      slow: 2,
      unseen: 2,
    })
  ) {
    case "request":
      return { kind: "request lost", ...doubt };
    case "reply":
      return { kind: "reply lost", appliedIn: Math.min(appliedIn, giveUp), ...doubt };
    case "late":
      return { kind: "lands late", appliedIn: giveUp + later, ...doubt };
    case "duplicate":
      return { kind: "twice", appliedIn, againIn: appliedIn + later, answeredIn, answer: "reply" };
    case "conflict":
      return { kind: "409", answeredIn, answer: "conflict" };
    case "before":
      return { kind: "503 before", ...doubt, answeredIn, httpStatus: 503 };
    case "after":
      return { kind: "500 after", appliedIn, ...doubt, answeredIn, httpStatus: 500 };
    case "throttled":
      return { kind: "429", ...doubt, answeredIn, httpStatus: 429 };
    case "slow":
      return {
        kind: "slow",
        appliedIn: appliedIn + later / 4,
        answeredIn: answeredIn + later / 2,
        answer: "reply",
      };
    case "unseen": {
      if (visibleLateMs === 0) return { kind: "reply lost", appliedIn, ...doubt };
      // The store notes its time when a large or slow put begins, and lists the object when it is whole.
      const whole = appliedIn + dice.below(visibleLateMs);
      return {
        kind: "listed late",
        notedIn: appliedIn,
        appliedIn: whole,
        answeredIn: whole + 5,
        answer: "reply",
      };
    }
  }
}

/** Of a request that reads, or that deletes. */
export function readFate(dice: Dice, { faults }: Weather): Fate {
  const appliedIn = dice.between(2, 60);
  const answeredIn = appliedIn + dice.between(1, 60);
  if (!dice.chance(faults / 2)) return { kind: "", appliedIn, answeredIn, answer: "reply" };
  switch (dice.weighted({ lost: 2, slow: 2, after: 1 })) {
    case "lost":
      return { kind: "request lost", answeredIn: dice.between(5, longTimeoutMs), answer: "doubt" };
    case "after":
      return { kind: "reply lost", appliedIn, answeredIn: dice.between(60, longTimeoutMs), answer: "doubt" };
    case "slow":
      return {
        kind: "slow",
        appliedIn: appliedIn + dice.below(3_000),
        answeredIn: answeredIn + 3_000 + dice.below(3_000),
        answer: "reply",
      };
  }
}
