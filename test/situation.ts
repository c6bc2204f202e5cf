import type { ErrorCode } from "../src/errors.ts";
import type { PlaceName } from "./situation-places.ts";

/** A command line, where it is typed, and how it must end. No two touch the same thing, so that they can run at once. */
export interface Situation {
  readonly when: string;
  /** As it is typed, without `tracecraft`. `@api-2` before it: as that agent; `@web-1/two`: in that session of it. */
  readonly line: string;
  readonly ends: "done" | ErrorCode;
  readonly place: PlaceName;
  /** Lines that are typed before it, in the same place. */
  readonly first: readonly string[];
  readonly stdin?: string;
  /** Sent once it has said something, or asked the bucket for the step of its line. */
  readonly signal?: NodeJS.Signals;
}

export type More = Partial<Pick<Situation, "place" | "first" | "stdin" | "signal">>;

/** A situation in the shop, where nothing else is said. */
export const at = (
  when: string,
  line: string,
  ends: Situation["ends"] = "done",
  more: More = {},
): Situation => ({
  when,
  line,
  ends,
  place: "shop",
  first: [],
  ...more,
});
