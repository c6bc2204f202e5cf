import { span } from "../commands/values.ts";
import { correctedNow } from "../coord/clock.ts";
import { stepsNotedHere } from "../coord/lease-names.ts";
import { knownNews } from "../coord/news.ts";
import type { Project } from "../coord/project.ts";

const leasesNamed = 3;
const oldAfterMs = 5 * 60_000;

/**
 * What an agent may have to act on, from what this machine knows already: unread mail, leases held, those that
 * lapsed. Not what the answer has just said. Empty when there is nothing.
 */
export async function notices(
  project: Project,
  told: { readonly steps?: readonly string[]; readonly mail?: boolean } = {},
): Promise<string[]> {
  const said: string[] = [];
  const news = told.mail ? undefined : knownNews(project);
  if (news && news.count > 0) {
    const urgent = news.urgent > 0 ? ` (${news.urgent} urgent)` : "";
    const old = correctedNow(project) - news.atMs > oldAfterMs;
    said.push(`${news.count} unread${urgent}${old ? ` as of ${hourOf(news.atMs)}` : ""}`);
  }
  if (stepsNotedHere(project).length > 0) {
    // Loaded only for those who hold something.
    const { knownLeases } = await import("../coord/leases.ts");
    const leases = knownLeases(project).filter(({ step, ttlS }) => ttlS > 0 && !told.steps?.includes(step));
    for (const { step, remainingS } of leases.slice(0, leasesNamed))
      said.push(remainingS > 0 ? `${step}: ${span(remainingS)} left` : `lapsed: ${step}`);
    if (leases.length > leasesNamed) said.push(`+${leases.length - leasesNamed}`);
  }
  if (project.store.traits.conditions === "ignored") said.push("best effort");
  return said;
}

function hourOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(11, 16)}Z`;
}
