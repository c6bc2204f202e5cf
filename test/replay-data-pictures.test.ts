import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { harnesses } from "../src/harness/all.ts";
import { createRedactor } from "../src/redact/redact.ts";
import type { Bodies } from "../src/replay/bodies.ts";
import { flag } from "../src/replay/page.ts";
import { readRow, rowBytes, rowsInto } from "../src/replay/rows.ts";
import { names, transcriptReader } from "../src/replay/transcript.ts";

const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
const url = `data:image/png;base64,${png}`;
const redactor = createRedactor();

async function read(harness: string, lines: readonly unknown[], withBodies = true) {
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-pictures-"));
  const file = openSync(join(folder, "rows"), "w+");
  const rows = rowsInto(file, 0);
  const texts: string[] = [];
  const previews: string[] = [];
  const bodies: Bodies = {
    add: async (text) => ({
      place: { block: 0, start: texts.push(text) - 1, length: text.length },
      cut: false,
    }),
    done: async () => [],
  };
  const reader = transcriptReader({
    rows,
    harness: harnesses.find(({ name }) => name === harness),
    redactor,
    bodies: withBodies ? bodies : undefined,
    tools: names(),
    models: names(),
    addMs: () => 0,
    begin: 1_000,
    latest: () => Number.POSITIVE_INFINITY,
    preview: async (bytes) => void previews.push(Buffer.from(bytes).toString()),
    redacted: () => undefined,
  });
  const bytesOf = async function* () {
    for (const line of lines) yield Buffer.from(JSON.stringify(line));
  };
  await reader.read(bytesOf());
  reader.settle();
  closeSync(file);
  const bytes = readFileSync(join(folder, "rows"));
  rmSync(folder, { recursive: true });
  return Array.from({ length: rows.count() }, (_, nth) => {
    const { kind, pair, flags, block, start } = readRow(bytes, nth * rowBytes);
    const preview = previews[nth]!;
    return {
      kind,
      pair,
      image: (flags & flag.image) !== 0,
      text: block < 0 ? preview : texts[start]!,
      preview,
    };
  });
}

const image = (data = png, type = "image/png") => ({
  type: "image",
  source: { type: "base64", media_type: type, data },
});
const user = (n: number, content: unknown) => ({
  type: "user",
  uuid: `u${n}`,
  timestamp: `2026-11-20T10:00:0${n}.000Z`,
  message: { role: "user", content },
});
const call = {
  type: "assistant",
  uuid: "u0",
  timestamp: "2026-11-20T10:00:00.000Z",
  message: {
    id: "m",
    role: "assistant",
    content: [{ type: "tool_use", id: "t", name: "Read", input: { path: "a.png" } }],
  },
};
const resultWith = (...content: unknown[]) => user(1, [{ type: "tool_result", tool_use_id: "t", content }]);

const item = (n: number, payload: object) => ({
  timestamp: `2026-11-20T10:00:0${n}.000Z`,
  type: "response_item",
  payload,
});

test("a result that is a picture has it as a body, paired with its call, and not the harness's second copy", async () => {
  const line = { ...resultWith(image()), toolUseResult: { content: [image()] } };
  const rows = await read("claude-code", [call, line]);
  expect(rows.map(({ kind, pair, image: shown }) => [kind, pair, shown])).toEqual([
    ["call", 1, false],
    ["result", 0, true],
  ]);
  expect(rows[1]).toMatchObject({ text: url, preview: "picture, png, 1 KiB" });
});

test("pictures beside words are events of their own, with or without bodies, so that no name depends on them", async () => {
  const lines = [
    call,
    resultWith({ type: "text", text: "two of them" }, image(), image()),
    user(2, [{ type: "text", text: "look" }, image()]),
  ];
  const rows = await read("claude-code", lines);
  expect(rows.map(({ kind, image: shown }) => `${kind}${shown ? " picture" : ""}`)).toEqual([
    "call",
    "result",
    "result picture",
    "result picture",
    "prompt",
    "prompt picture",
  ]);
  expect(rows[1]!.text).toBe("two of them");
  const bare = await read("claude-code", lines, false);
  expect(bare.map(({ kind }) => kind)).toEqual(rows.map(({ kind }) => kind));
  expect(bare.some(({ image: shown }) => shown)).toBe(false);
});

test("Codex's data: URLs are pictures, in prompts and in outputs", async () => {
  const rows = await read("codex", [
    item(1, { type: "message", role: "user", content: [{ type: "input_image", image_url: url }] }),
    item(2, { type: "function_call", call_id: "c", name: "view_image", arguments: "{}" }),
    item(3, {
      type: "function_call_output",
      call_id: "c",
      output: [{ type: "input_image", image_url: url }],
    }),
  ]);
  expect(rows.map(({ kind, image: shown, text }) => [kind, shown, shown && text])).toEqual([
    ["prompt", true, url],
    ["call", false, false],
    ["result", true, url],
  ]);
});

test("an address, a script, SVG, broken base64 and a redacted one are no pictures; one too large is told", async () => {
  const hostile = [
    { type: "image", source: { type: "url", url: "https://example.org/base64.png" } },
    { type: "input_image", image_url: "https://example.org/a.png" },
    { type: "input_image", image_url: "data:text/html;base64,PGI+" },
    image(png, "image/svg+xml"),
    image(`${png}" onerror="x`),
    image("[REDACTED:random]"),
    { type: "image", source: 5, data: { type: "base64" } },
  ];
  for (const block of hostile) {
    const rows = await read("claude-code", [user(1, [{ type: "text", text: "look" }, block])]);
    expect([block, rows.some(({ image: shown }) => shown), rows.length]).toEqual([block, false, 1]);
  }
  const large = await read("claude-code", [
    user(1, [image(Buffer.alloc(4 * 1024 * 1024, "picture").toString("base64"))]),
  ]);
  expect(large).toMatchObject([{ kind: "prompt", image: false }]);
  expect(large[0]!.preview).toMatch(/^picture, png, 409[67] KiB: too large for a page$/);
});
