import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../coord/project.ts";

/**
 * Below the folder of local state. The prompt hook is a line of shell that starts this program only when a file is in
 * there, so each is gone once its session was told.
 */
export const flagFolder = "news-flag";

export interface FlaggedNews {
  readonly count: number;
  readonly urgent: number;
  readonly from: readonly string[];
}

/** The flag of this session of this agent in this project: there is mail that it has not been told of. */
export function newsFlag(stateFolder: string, { store, name, agent, session }: Project) {
  const words = [store.traits.endpoint, store.name, name, agent, session.id];
  const folder = join(stateFolder, flagFolder);
  const path = join(folder, createHash("sha256").update(words.join("\n")).digest("hex").slice(0, 32));
  return {
    raise(news: FlaggedNews): void {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const temporary = join(stateFolder, `.${flagFolder}-${path.slice(-32)}.tmp`);
      writeFileSync(temporary, JSON.stringify(news), { mode: 0o600 });
      renameSync(temporary, path);
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
