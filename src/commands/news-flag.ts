import { createHash } from "node:crypto";
import { readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../coord/project.ts";
import { makeFolder } from "../store/make-folder.ts";

/**
 * Below the folder of local state. The prompt hook is a line of shell that starts this program only when a file in
 * there begins with the name of its session, so each is gone once its session was told, or is over.
 */
export const flagFolder = "news-flag";
/** Of a session that is not named by its harness. */
const anySession = "any";
/** A flag that nobody has looked at for so long is of a session that nobody told us the end of. */
const forgottenMs = 3 * 86_400_000;

export interface FlaggedNews {
  readonly count: number;
  readonly urgent: number;
  readonly from: readonly string[];
}

/** The flag of this session of this agent in this project: there is mail that it has not been told of. */
export function newsFlag(stateFolder: string, { store, name, agent, session }: Project) {
  const words = [store.traits.endpoint, store.name, name, agent, session.id];
  const folder = join(stateFolder, flagFolder);
  const hash = createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 32);
  const own = session.harness !== undefined && session.id.startsWith(`${session.harness}:`);
  const path = join(folder, `${own ? session.id.slice(session.harness.length + 1) : anySession}.${hash}`);
  return {
    raise(news: FlaggedNews): void {
      makeFolder(folder, 0o700);
      const temporary = join(stateFolder, `.${flagFolder}-${hash}.tmp`);
      writeFileSync(temporary, JSON.stringify(news), { mode: 0o600 });
      renameSync(temporary, path);
      forgetOld(folder);
    },

    read(): FlaggedNews | undefined {
      try {
        const found = JSON.parse(readFileSync(path, "utf8")) as Partial<FlaggedNews>;
        if (typeof found.count !== "number" || !Array.isArray(found.from)) return undefined;
        return { count: found.count, urgent: found.urgent ?? 0, from: found.from.map(String) };
      } catch {
        return undefined;
      }
    },

    lower: () => rmSync(path, { force: true }),
  };
}

function forgetOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
    if (written < Date.now() - forgottenMs) rmSync(path, { force: true });
  }
}
