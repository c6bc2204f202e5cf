import type { Project } from "./project.ts";
import { byArrival, graceMs } from "./arrivals.ts";
import { correctedNow } from "./clock.ts";
import { hashOfKey, type HistoryMark } from "./cursor.ts";
import { openHistory, type HistoryEntry } from "./history-entries.ts";
import { listHistory } from "./history-list.ts";

export interface History {
  /** By arrival, the oldest first. */
  readonly entries: readonly HistoryEntry[];
  readonly problems: readonly { readonly key: string; readonly why: string }[];
}

/** The last `most` things that happened, and how many came before them. */
export async function readHistory(
  project: Project,
  most: number,
): Promise<History & { readonly earlier: number }> {
  const { objects } = await listHistory(project.store, 0);
  const last = objects.slice(Math.max(0, objects.length - most));
  const opened = await openHistory(project, last);
  return {
    entries: opened.flatMap(({ entry }) => entry ?? []),
    problems: opened.flatMap(({ problem }) => problem ?? []),
    earlier: objects.length - last.length,
  };
}

/** From this moment on: what arrives later is new, and so is what is on its way. */
export async function markNow(project: Project): Promise<HistoryMark> {
  const now = correctedNow(project);
  const { objects, storeNow } = await listHistory(project.store, now - graceMs);
  const mark = Math.floor((storeNow ?? now) - graceMs);
  return {
    mark,
    seen: objects.filter(({ writtenAt }) => writtenAt >= mark).map(({ key }) => hashOfKey(key)),
  };
}

export interface News extends History {
  /** Beside each entry, the mark to go on from after it. */
  readonly marks: readonly HistoryMark[];
  /** To go on from after all of them. */
  readonly mark: HistoryMark;
}

/**
 * What came since a mark. Objects arrive out of their names' order and a store may list one late, so what arrived up
 * to ten minutes before is looked at again and told apart by its key; folders are read from a day before the mark.
 */
export async function readNews(project: Project, since: HistoryMark): Promise<News> {
  const { objects, storeNow } = await listHistory(project.store, since.mark);
  const seen = new Set(since.seen);
  const recent = objects.filter(({ writtenAt }) => writtenAt >= since.mark);
  const fresh = recent.filter(({ key }) => !seen.has(hashOfKey(key)));
  const opened = await openHistory(project, fresh);

  const now = storeNow ?? recent.at(-1)?.writtenAt ?? 0;
  const known = recent.filter(({ key }) => seen.has(hashOfKey(key)));
  const markAfter = (count: number): HistoryMark => {
    const next = fresh[count]?.writtenAt ?? Number.POSITIVE_INFINITY;
    const mark = Math.max(since.mark, Math.floor(Math.min(now - graceMs, next)));
    const shown = [...known, ...fresh.slice(0, count)].filter(({ writtenAt }) => writtenAt >= mark);
    return { mark, seen: shown.toSorted(byArrival).map(({ key }) => hashOfKey(key)) };
  };
  const entries: HistoryEntry[] = [];
  const marks: HistoryMark[] = [];
  opened.forEach(({ entry }, index) => {
    if (!entry) return;
    entries.push(entry);
    marks.push(markAfter(index + 1));
  });
  const problems = opened.flatMap(({ problem }) => problem ?? []);
  return { entries, problems, marks, mark: markAfter(fresh.length) };
}
