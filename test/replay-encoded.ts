import { deflateSync } from "node:zlib";
import { encodeEvents, encodePyramid, type PageEvent } from "../src/replay/encode.ts";
import type { PageBlocks } from "../src/replay/html.ts";
import { kinds, type Events, type Source } from "../src/replay/page.ts";

function eventsOf(columns: Events): PageEvent[] {
  return Array.from(columns.at, (at, place) => ({
    at,
    said: columns.said[place] ?? Number.NaN,
    lane: columns.lane[place] ?? 0,
    nth: columns.nth[place] ?? 0,
    kind: kinds[columns.kind[place] ?? 0] ?? "unknown",
    flags: columns.flags[place] ?? 0,
    tool: columns.tool[place] ?? 0,
    model: columns.model[place] ?? 0,
    pair: columns.pair[place] ?? -1,
    tokens: {
      input: columns.tokens.input[place] ?? 0,
      output: columns.tokens.output[place] ?? 0,
      cacheRead: columns.tokens.cacheRead[place] ?? 0,
      cacheWrite: columns.tokens.cacheWrite[place] ?? 0,
    },
  }));
}

const json = (value: unknown) => deflateSync(JSON.stringify(value));

/** A source as the blocks of a page, without bodies. */
export async function encodedBlocks(source: Source): Promise<PageBlocks> {
  const blocks = new Map<string, Uint8Array>();
  blocks.set("header", json(source.header));
  blocks.set("pyramid", deflateSync(encodePyramid(source.pyramid)));
  blocks.set("moments", json(source.moments));
  for (const block of source.header.index.keys()) {
    const events = await source.events(block);
    blocks.set(`ix.${block}`, deflateSync(encodeEvents(eventsOf(events), events.first)));
  }
  for (const block of source.header.index.keys())
    blocks.set(`pv.${block}`, json(await source.previews(block)));
  return {
    names: [...blocks.keys()],
    async read(name) {
      const found = blocks.get(name);
      if (!found) throw new Error(`no block ${name}`);
      return found;
    },
  };
}
