import { markNow, readNews } from "../coord/history.ts";
import type { HistoryMark } from "../coord/cursor.ts";
import type { Project } from "../coord/project.ts";
import { listedSessions } from "../sessions/catalogue.ts";

/**
 * A question to ask again and again: did anything happen since it was asked before? The first answer is true. It costs
 * the listings of the journal's last days and of the sessions, and reads what is new in the journal.
 */
export function changesOf(project: Project): () => Promise<boolean> {
  let mark: HistoryMark | undefined;
  let sessions = "";
  return async () => {
    const first = mark === undefined;
    const [news, listed] = await Promise.all([
      mark === undefined ? undefined : readNews(project, mark),
      listedSessions(project),
    ]);
    mark = news?.mark ?? (await markNow(project));
    const now = listed.map(({ key, version }) => `${key} ${version}`).join("\n");
    const changed = now !== sessions;
    sessions = now;
    return first || changed || news!.entries.length > 0 || news!.problems.length > 0;
  };
}
