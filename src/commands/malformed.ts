import { shownLine } from "./text.ts";
import { count } from "./values.ts";

/** Malformed objects that one answer names; `--json` has all of them. */
const namedLimit = 20;

/** A warning for each object that is not what the format says, so that it hides no other; past twenty, their number. */
export function malformedWarnings(
  problems: readonly { readonly key: string; readonly why: string }[],
): string[] {
  const named = problems
    .slice(0, namedLimit)
    .map(({ key, why }) => `malformed: ${shownLine(key)} (${shownLine(why)})`);
  const more = problems.length - named.length;
  return more > 0 ? [...named, `malformed: ${count(more, "more object")}`] : named;
}
