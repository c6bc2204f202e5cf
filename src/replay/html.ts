import { createHash } from "node:crypto";

/** The data of a page as it is written: deflated blocks by name, in the order in which they are to stand. */
export interface PageBlocks {
  /** `header`, `pyramid`, `moments`, then `ix.N`, `pv.N` and `b.N`. */
  readonly names: readonly string[];
  read(name: string): Promise<Uint8Array>;
}

/** The built viewer: one classic script and its style sheet. Neither may hold the end of its own tag. */
export interface Viewer {
  readonly script: string;
  readonly style: string;
}

/** Where a page gets blocks that it does not hold, and the events of a bucket that grows: paths of its own server. */
export interface Served {
  readonly blocks: string;
  readonly events?: string;
}

/** The blocks that stand before the app, so that it can paint as soon as it runs. */
const early = /^(?:header|pyramid|moments|ix\.\d+)$/;

/**
 * A page in pieces: the index, the app, then previews and bodies as base64 in scripts that are none. Its policy allows
 * this script and this style by their hashes, pictures from data, and nothing else; no string can become HTML in it.
 * With `served` it holds no blocks, and may ask its own server for them.
 */
export async function* pageHtml(
  { script, style }: Viewer,
  blocks: PageBlocks,
  served?: Served,
): AsyncGenerator<string> {
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy(script, style, served)}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="referrer" content="no-referrer">
${served ? servedTags(served) : ""}<title>tracecraft replay</title>
<style>${style}</style>
</head>
<body>
<div id="app"></div>
`;
  const held = served ? [] : blocks.names;
  for (const name of held) if (early.test(name)) yield await tag(blocks, name);
  yield `<script>${script}</script>\n`;
  for (const name of held) if (!early.test(name)) yield await tag(blocks, name);
  yield "</body>\n</html>\n";
}

/** What the page may do; as a header it also forbids to be framed, which a tag can not. */
export function policy(script: string, style: string, served?: Served): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "img-src data:",
    ...(served ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

async function tag(blocks: PageBlocks, name: string): Promise<string> {
  const text = Buffer.from(await blocks.read(name)).toString("base64");
  return `<script type="text/plain" id="${name}">${text}</script>\n`;
}

function servedTags({ blocks, events }: Served): string {
  const followed = events === undefined ? "" : `<meta name="tracecraft-events" content="${events}">\n`;
  return `<meta name="tracecraft-blocks" content="${blocks}">\n${followed}`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
