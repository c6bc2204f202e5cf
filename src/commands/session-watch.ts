import { renewDue } from "../coord/leases.ts";
import { fingerprintOf } from "../sessions/fingerprint.ts";
import type { Choice, Chosen } from "../sessions/choose.ts";
import { mirrorAll, type MirrorAllOptions } from "../sessions/mirror-all.ts";
import type { Context } from "./command.ts";
import { partJson, partLine, stopped } from "./session-words.ts";

const pollMs = 2_000;
/** Sessions that began meanwhile are looked for after so many looks at those that are known. */
const looksPerSearch = 15;

export interface WatchOptions extends MirrorAllOptions {
  /** What goes on from here. */
  readonly command: string;
}

/**
 * Mirrors what is new until it is told to stop: a look is one stat of each source, and only what changed is read. When
 * told to stop it mirrors once more what is there by then.
 */
export async function followSessions(
  context: Context,
  choose: () => Promise<Choice>,
  { command, signal: _signal, ...options }: WatchOptions,
): Promise<never> {
  const { project, signal } = context;
  const seen = new Map<string, string | undefined>();
  const told = new Set<string>();
  // At once, and not at its end: nobody knows when that is.
  const tell = (warning: string): void => {
    context.progress({ plain: `warning: ${warning}`, urgent: true });
    context.emit({ warning }, "");
  };
  const warnOnce = (text: string): void => {
    if (!told.has(text)) tell(text);
    told.add(text);
  };
  let choice: Choice = { chosen: [], problems: [], warnings: [] };
  for (let look = 0; ; look++) {
    const last = signal.aborted;
    if (look % looksPerSearch === 0 || last) {
      choice = await choose();
      for (const text of [...choice.warnings, ...choice.problems.map(({ message }) => message)])
        warnOnce(text);
    }
    const changed = await changedSince(seen, choice.chosen, options);
    const outcomes = await mirrorAll(project, last ? choice.chosen : changed, {
      ...options,
      ...(last && { minBytes: 1 }),
      uploaded: ({ harness, session }, part) =>
        context.emit({ harness: harness.name, session: session.id, ...partJson(part) }, partLine(part)),
    });
    for (const one of outcomes) {
      if ("error" in one) seen.delete(nameOf(one)); // It is tried again at the next look.
      for (const text of "error" in one ? [one.error.message] : one.mirrored.warnings) warnOnce(text);
    }
    if (last) {
      const failed = outcomes.flatMap((one) => ("error" in one ? [one] : []));
      for (const one of failed) tell(`${nameOf(one)} is not mirrored to its end: ${one.error.message}`);
      throw stopped(command);
    }
    renewDue(project);
    await project.world.sleep(pollMs);
  }
}

/** Those whose source is not as it was at the last look. */
async function changedSince(
  seen: Map<string, string | undefined>,
  chosen: readonly Chosen[],
  { host }: Pick<MirrorAllOptions, "host">,
): Promise<Chosen[]> {
  const changed: Chosen[] = [];
  for (const one of chosen) {
    const { text } = await fingerprintOf(host, one.session);
    if (text === undefined || seen.get(nameOf(one)) !== text) changed.push(one);
    seen.set(nameOf(one), text);
  }
  return changed;
}

function nameOf({ harness, session }: Chosen): string {
  return `${harness.name}/${session.id}`;
}
