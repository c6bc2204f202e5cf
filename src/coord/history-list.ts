import {
  eventsFrom,
  eventsPrefix,
  mailFrom,
  messagesPrefix,
  parseMessageKey,
  parseRecordName,
} from "../format/keys.ts";
import type { Listed, Store } from "../store/store.ts";
import { byArrival, dayMs } from "./arrivals.ts";

interface Listing {
  readonly objects: Listed[];
  /** The store's clock when the listing began, in ms. */
  readonly storeNow: number | undefined;
}

/** Events and messages whose names are at most a day older than `since`, by arrival. */
export async function listHistory(store: Store, since: number): Promise<Listing> {
  const from = since - dayMs;
  const [events, messages] = await Promise.all([listEvents(store, from), listMessages(store, from)]);
  const times = [events.storeNow, messages.storeNow].filter((time) => time !== undefined);
  const objects = [...events.objects, ...messages.objects].filter(({ key }) => parseRecordName(key));
  return {
    objects: objects.toSorted(byArrival),
    storeNow: times.length === 0 ? undefined : Math.min(...times),
  };
}

async function listEvents(store: Store, from: number): Promise<Listing> {
  const objects: Listed[] = [];
  let storeNow: number | undefined;
  for await (const page of store.list(eventsPrefix, from > 0 ? eventsFrom(from) : undefined)) {
    storeNow ??= page.storeNow;
    objects.push(...page.objects);
  }
  return { objects, storeNow };
}

/** One folder an agent, so old mail of each is skipped by listing anew from where its recent mail begins. */
async function listMessages(store: Store, from: number): Promise<Listing> {
  const objects: Listed[] = [];
  let storeNow: number | undefined;
  let after: string | undefined;
  for (;;) {
    let skipTo: string | undefined;
    for await (const page of store.list(messagesPrefix, after)) {
      storeNow ??= page.storeNow;
      const recent = page.objects.filter(({ key }) => key >= startIn(key, from));
      objects.push(...recent);
      const last = page.objects.at(-1)?.key;
      skipTo = last !== undefined && last < startIn(last, from) ? startIn(last, from) : undefined;
      if (skipTo !== undefined) break;
    }
    if (skipTo === undefined) return { objects, storeNow };
    after = skipTo;
  }
}

/** Where the recent mail of the folder of this key begins. */
function startIn(key: string, from: number): string {
  return mailFrom(parseMessageKey(key)?.to ?? "", from);
}
