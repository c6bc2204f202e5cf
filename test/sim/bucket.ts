import type { Expect, Listed } from "../../src/store/store.ts";
import type { Timeline } from "./timeline.ts";

/** One state that an object had, in the order in which the store took them. */
export interface Applied {
  readonly key: string;
  /** Undefined: deleted. */
  readonly body: Uint8Array | undefined;
  readonly version: string;
  /** When it took effect, to the ms. */
  readonly at: number;
  readonly stamp: number;
  /** `LastModified`: in whole seconds. */
  readonly writtenAt: number;
  /** The call whose request it was; -1 for what lay there from the beginning. */
  readonly call: number;
}

export interface BucketTraits {
  /** Whether a version is a hash of the body, as most ETags are: the same body has the same version again. */
  readonly hashes: boolean;
  /** Whether replies say `Date` and `Last-Modified`. Listings always say when an object was written. */
  readonly tellsTime: boolean;
  readonly pageSize: number;
}

/** What a bucket holds and held. Each member is one atomic step of the store. */
export interface Bucket {
  readonly traits: BucketTraits;
  readonly history: ReadonlyMap<string, readonly Applied[]>;
  current(key: string): Applied | undefined;
  put(key: string, body: Uint8Array, expect: Expect, call: number, writtenAt?: number): Applied | undefined;
  remove(key: string, call: number): void;
  page(prefix: string, after: string): readonly Listed[];
}

export function bucket(time: Timeline, traits: BucketTraits): Bucket {
  const history = new Map<string, Applied[]>();
  const versions = new Map<string, string>();
  let writes = 0;

  function current(key: string): Applied | undefined {
    const last = history.get(key)?.at(-1);
    return last?.body && last;
  }

  function add(applied: Applied): Applied {
    const states = history.get(applied.key);
    if (states) states.push(applied);
    else history.set(applied.key, [applied]);
    return applied;
  }

  function versionOf(body: Uint8Array): string {
    if (!traits.hashes) return `v${++writes}`;
    const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
    const known = versions.get(text);
    if (known !== undefined) return known;
    versions.set(text, `h${versions.size}`);
    return `h${versions.size - 1}`;
  }

  return {
    traits,
    history,
    current,

    put(key, body, expect, call, writtenAt = time.now) {
      const found = current(key)?.version;
      if (expect === "fresh" && found !== undefined) return current(key);
      const holds =
        expect === "anything" || expect === "fresh"
          ? true
          : expect === "nothing"
            ? found === undefined
            : found === expect.version;
      if (!holds) return undefined;
      return add({
        key,
        body,
        version: versionOf(body),
        at: time.now,
        stamp: time.stamp(),
        writtenAt: wholeSecond(writtenAt),
        call,
      });
    },

    remove(key, call) {
      if (!current(key)) return;
      add({
        key,
        body: undefined,
        version: "",
        at: time.now,
        stamp: time.stamp(),
        writtenAt: wholeSecond(time.now),
        call,
      });
    },

    page(prefix, after) {
      const listed: Listed[] = [];
      for (const key of history.keys()) {
        const found = key.startsWith(prefix) && key > after ? current(key) : undefined;
        if (found)
          listed.push({ key, size: found.body!.length, version: found.version, writtenAt: found.writtenAt });
      }
      // Names in a history are ASCII, so this is the order of bytes.
      return listed.toSorted((a, b) => (a.key < b.key ? -1 : 1)).slice(0, traits.pageSize);
    },
  };
}

export function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}

export function textOf({ body }: Applied): string {
  return Buffer.from(body!.buffer, body!.byteOffset, body!.byteLength).toString();
}
