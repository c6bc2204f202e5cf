import { readLocal } from "./local.ts";
import type { Letter } from "./mail-folders.ts";
import type { Opened } from "./mailbox.ts";
import type { Project } from "./project.ts";

/** Bodies of up to this many bytes are kept, … */
const bodyLimit = 16 * 1024;
/** … and this many bytes of them in all. A larger mail is fetched again. */
const totalLimit = 256 * 1024;

interface Kept {
  readonly version: string;
  readonly body: string;
}

/**
 * Bodies that this machine fetched and has not shown yet, by key. Messages are immutable, so the same version of the
 * same key has the same body for ever.
 */
export function bodiesKept(project: Project): (letter: Letter) => Uint8Array | undefined {
  const kept = readLocal<Record<string, Kept>>(project.local, cacheName(project)) ?? {};
  return ({ key, version }) => {
    const found = Object.hasOwn(kept, key) ? kept[key] : undefined;
    return found?.version === version && typeof found.body === "string" ? Buffer.from(found.body) : undefined;
  };
}

/** Keeps these and nothing else: what was shown is not asked for again. */
export function keepBodies(project: Project, opened: readonly Opened[]): void {
  const kept: [string, Kept][] = [];
  let total = 0;
  for (const one of opened) {
    if (!("message" in one) || one.letter.size > bodyLimit) continue;
    const body = JSON.stringify(one.message.record);
    total += body.length;
    if (total > totalLimit) break;
    kept.push([one.letter.key, { version: one.letter.version, body }]);
  }
  const name = cacheName(project);
  if (kept.length > 0) project.local.write(name, Object.fromEntries(kept));
  else if (project.local.read(name) !== undefined) project.local.remove(name);
}

function cacheName({ agent }: Project): string {
  return `bodies/${agent}`;
}
