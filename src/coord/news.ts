import { correctedNow } from "./clock.ts";
import { readLocal } from "./local.ts";
import type { Project } from "./project.ts";

/** What this machine last knew of an agent's unread mail: for the status line, which asks nobody. */
export interface News {
  readonly count: number;
  readonly urgent: number;
  /** When that was, by the store's clock, in ms. */
  readonly atMs: number;
}

export function rememberNews(project: Project, { count, urgent }: Pick<News, "count" | "urgent">): void {
  project.local.write(newsName(project.agent), { count, urgent, at_ms: correctedNow(project) });
}

export function knownNews({ agent, local }: Pick<Project, "agent" | "local">): News | undefined {
  const found = readLocal<{ count: number; urgent: number; at_ms: number }>(local, newsName(agent));
  if (typeof found?.count !== "number" || typeof found.at_ms !== "number") return undefined;
  return { count: found.count, urgent: found.urgent ?? 0, atMs: found.at_ms };
}

function newsName(agent: string): string {
  return `news/${agent}`;
}
