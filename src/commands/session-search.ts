import { isAbsolute, join } from "node:path";
import { correctedNow } from "../coord/clock.ts";
import { harnesses } from "../harness/all.ts";
import { formatTime } from "../format/records.ts";
import type { Problem } from "../sessions/catalogue.ts";
import { needleFor } from "../sessions/needle.ts";
import { objectCache } from "../sessions/part-cache.ts";
import { searchMessages, type MessageHit } from "../sessions/search-messages.ts";
import { searchSessions, type SessionHit } from "../sessions/search.ts";
import { defineCommand, type Context } from "./command.ts";
import { frame } from "./frame.ts";
import { timeWords } from "./session-show.ts";
import { malformedWords, stopped } from "./session-words.ts";
import { parseSpan, plainTime, shortId, typed } from "./values.ts";

const shownHits = 20;
/** Also with --all, so that what is held has a limit. */
const mostHits = 10_000;

type Hit = SessionHit | MessageHit;

export const sessionSearch = defineCommand({
  name: "session search",
  summary: "Search mirrored sessions and messages for a text, in any case",
  positionals: { pattern: { help: "the text" } },
  options: {
    harness: { placeholder: "H", help: "only sessions of this harness, no messages" },
    agent: { placeholder: "A", help: "only what this agent mirrored or wrote" },
    since: { placeholder: "2d", help: "only what is not older" },
    regex: { help: "the text is a pattern (JavaScript's, case counts)" },
    all: { help: "all places, not only 20" },
  },
  exits: {},
  examples: [
    'tracecraft session search "rate limit" --since 2d',
    "tracecraft session search 'HTTP 5\\d\\d' --regex --json",
  ],
  needs: "project",

  async run(context, { pattern, harness, agent, since, regex, all }) {
    const { project, signal } = context;
    const cache = objectCache(cacheFolder(context));
    const problems: Problem[] = [];
    const problem = (one: Problem): void => void problems.push(one);
    const from = since === undefined ? undefined : correctedNow(project) - parseSpan(since) * 1000;
    const options = {
      needle: needleFor(pattern, regex),
      harnesses,
      harness,
      agent,
      since: from,
      cache,
      signal,
    };
    const hits: Hit[] = [];
    let more = 0;
    const most = all ? mostHits : shownHits;
    const take = (hit: Hit): void => {
      if (hits.length < most) hits.push(hit);
      else more++;
    };
    for await (const hit of searchSessions(project, options, problem)) take(hit);
    if (harness === undefined) for await (const hit of searchMessages(project, options, problem)) take(hit);
    await cache.trim();
    const flags = [
      ...(harness === undefined ? [] : [`--harness ${typed(harness)}`]),
      ...(agent === undefined ? [] : [`--agent ${typed(agent)}`]),
      ...(since === undefined ? [] : [`--since ${typed(since)}`]),
      ...(regex ? ["--regex"] : []),
    ];
    const command = ["tracecraft session search", quoted(pattern), ...flags].join(" ");
    if (signal.aborted) throw stopped(command);

    const nonce = project.world.randomHex(4);
    const lines = hits.map((hit) => ({ label: labelOf(hit), body: hit.text }));
    const agents = [...new Set(hits.map((hit) => hit.agent))];
    return {
      data: { hits: hits.map(hitJson), more, untrusted: true, problems },
      text: (view) => {
        if (hits.length === 0) return "No matches.";
        const framed = frame({ kind: "found", nonce, from: agents, lines }, view);
        return more === 0 ? framed : `${framed}\n… ${more} more: ${command} --all`;
      },
      warnings: problems.map(malformedWords),
    };
  },
});

function labelOf(hit: Hit): string {
  if (hit.in === "message") return `message ${hit.id} ${plainTime(hit.at)}  ${hit.agent}: `;
  return `${hit.harness} ${shortId(hit.session)} ${hit.record} ${timeWords(hit.at)}  ${hit.kind}: `;
}

function hitJson(hit: Hit) {
  if (hit.in === "message") return { ...hit, at: formatTime(hit.at) };
  return { ...hit, at: hit.at ?? null };
}

function quoted(pattern: string): string {
  return /^[\w .,:;-]+$/.test(pattern) ? `"${pattern}"` : typed(pattern);
}

/** Of this user: what is in it is named by its hash or its whole address, so all projects share it. */
function cacheFolder({ env, home }: Context): string {
  const given = env["XDG_STATE_HOME"];
  return join(given && isAbsolute(given) ? given : join(home, ".local", "state"), "tracecraft", "objects");
}
