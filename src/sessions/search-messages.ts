import type { Project } from "../coord/project.ts";
import { asTracecraftError } from "../errors.ts";
import { messagesPrefix, parseMessageKey } from "../format/keys.ts";
import { messageRecord, readRecord, recordReadLimit } from "../format/records.ts";
import type { Listed } from "../store/store.ts";
import type { Problem } from "./catalogue.ts";
import type { ObjectCache } from "./part-cache.ts";
import type { SearchOptions } from "./search.ts";

const readAtOnce = 32;

export interface MessageHit {
  readonly in: "message";
  readonly id: string;
  readonly agent: string;
  readonly to: string;
  /** Arrival, ms since the epoch. */
  readonly at: number;
  readonly text: string;
}

/** The messages that fit, of all agents, in the order of their keys. Those that were read before come from the cache. */
export async function* searchMessages(
  project: Project,
  { needle, agent, since, cache, signal }: Omit<SearchOptions, "harnesses">,
  problem: (problem: Problem) => void,
): AsyncGenerator<MessageHit> {
  for await (const { objects } of project.store.list(messagesPrefix)) {
    const wanted = objects.filter(({ key, writtenAt }) => {
      const name = parseMessageKey(key);
      return (
        name && (agent === undefined || name.by === agent) && (since === undefined || writtenAt >= since)
      );
    });
    for (let start = 0; start < wanted.length; start += readAtOnce) {
      if (signal?.aborted) return;
      const some = wanted.slice(start, start + readAtOnce);
      const texts = await Promise.all(some.map((listed) => textIn(project, listed, cache, problem)));
      for (const [at, { key, writtenAt }] of some.entries()) {
        const name = parseMessageKey(key)!;
        const place = texts[at] === undefined ? undefined : needle.find(texts[at]!);
        if (place !== undefined)
          yield { in: "message", id: name.id, agent: name.by, to: name.to, at: writtenAt, text: place };
      }
    }
  }
}

async function textIn(
  project: Project,
  { key, version, size }: Listed,
  cache: ObjectCache,
  problem: (problem: Problem) => void,
): Promise<string | undefined> {
  try {
    const { endpoint, bucket, prefix } = project.store.traits;
    const name = JSON.stringify([endpoint, bucket, prefix, key, version, size]);
    const kept = await cache.readNamed(name);
    const body = kept ?? (await project.store.get(key, { limit: recordReadLimit }))?.body;
    if (body === undefined) return undefined;
    if (!kept) await cache.keepNamed(name, body);
    const record = readRecord(messageRecord, key, body);
    if (record.from === parseMessageKey(key)?.by) return record.message;
    problem({ key, why: `says it is from ${JSON.stringify(record.from)}` });
  } catch (error) {
    const { code, message, details } = asTracecraftError(error);
    if (code !== "malformed") throw error;
    problem({ key, why: String(details["why"] ?? message) });
  }
  return undefined;
}
