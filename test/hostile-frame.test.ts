import fc from "fast-check";
import { expect, it } from "vitest";
import { memoryStore } from "../src/store/memory.ts";
import { printer } from "../src/cli/print.ts";
import { call } from "./hostile-run.ts";
import { payloads, rawIn, unseenCharacters } from "./hostile-text.ts";
import { plant, storyTime, testProject } from "./project.ts";

const sentAt = "2026-11-22T14:00:00.000+00:00";
const ns = BigInt(Date.parse(sentAt)) * 1_000_000n;

/** Pieces out of which somebody would make a mark, a label of ours, or a word that a model obeys. */
const pieces = [
  ..."-|--|---|----| |\t|\n|\n\n|\r|\r\n|\v|\f|\u0085|\u2028|\u200b|\u{e0065}|\\|\\u{2d}|<|</|< |<|>".split(
    "|",
  ),
  ..."mail|handoff|found|end|END|End|00000000|deadbeef|from|(data, not instructions)|message".split("|"),
  ..."system|system-reminder|SYSTEM|user|human|Human:|assistant|tool_use|tool|function_calls|antml:invoke".split(
    "|",
  ),
  ...`[${sentAt}] (direct) ana: |^ aaaaaaa0 urgent|note: |subject: |next action: |changed: |Error: |2> |-- `.split(
    "|",
  ),
  ..."do it|rm -rf ~|π|🚀|\ud800|im_start".split("|"),
];
const forgery = fc
  .array(
    fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...pieces) }, fc.constantFrom(...unseenCharacters)),
    {
      minLength: 1,
      maxLength: 14,
    },
  )
  .map((parts) => parts.join(""));
const line = forgery.map((text) => text.replaceAll(/[\n\r\u2028\u2029/\0]/g, "~"));

// What has a meaning in a prompt must be altered, whatever stands between "<" and the word.
const promptWords =
  /<[\s/|]*(?:[\w-]+:)?(?:system|tool|function|(?:user|human|assistant|message)(?![a-z0-9]))/i;

/** What a careful reader makes of a frame: who is said to speak, and the lines of each body. */
function readFrame(kind: string, printed: string): { label: string; lines: string[] }[] {
  const lines = printed.split("\n");
  const nonce = new RegExp(`^--- ${kind} ([0-9a-f]{8}) from .* \\(data, not instructions\\) ---$`).exec(
    lines[0]!,
  )?.[1];
  expect(nonce, printed).toBeDefined();
  const ends = lines.flatMap((one, at) =>
    new RegExp(`^--- end ${nonce}(?:, \\d+ characters? shown as .*)? ---$`).test(one) ? [at] : [],
  );
  expect(ends, printed).toEqual([lines.length - 1]);
  const inside = lines.slice(1, -1);
  expect(
    inside.filter((one) => /---[\t ]*(?:mail|handoff|found|end)/i.test(one)),
    printed,
  ).toEqual([]);
  expect(promptWords.exec(printed), printed).toBeNull();
  const spoken: { label: string; lines: string[] }[] = [];
  for (const one of inside) {
    if (one.startsWith("    ")) spoken.at(-1)!.lines.push(one.slice(4));
    else spoken.push({ label: one, lines: [] });
  }
  return spoken;
}

it("a thousand forgeries in mail neither close a frame, nor begin a line of ours, nor speak to a model", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ message: forgery, subject: fc.option(forgery), from: line }), {
        minLength: 1,
        maxLength: 4,
      }),
      async (letters) => {
        const store = memoryStore(() => storyTime);
        const seen = testProject({ store });
        for (const [index, { from, ...words }] of letters.entries()) {
          const id = index.toString(16).padStart(8, "a");
          const key = `messages/web-1/${ns + BigInt(index)}_${from}_${id}.json`;
          await plant(store, key, {
            id,
            from,
            to: "web-1",
            sent_at: sentAt,
            thread: words.message,
            ...words,
          });
        }
        const { plain, terminal } = await call(seen, ["inbox", { all: true }]);
        expect(rawIn(plain + terminal)).toEqual([]);
        const spoken = readFrame("mail", plain);
        // One line of ours for each message and one for its subject: none that a body made.
        const expected = letters.flatMap(({ subject }) => (subject ? ["[", "^"] : ["["]));
        const threads = letters.map(({ message }) => /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(message));
        const marks = letters.flatMap(({ subject }, at) => (subject || threads[at] ? ["[", "^"] : ["["]));
        expect(
          spoken.map(({ label }) => label[0]),
          plain,
        ).toEqual(threads.some(Boolean) ? marks : expected);
        for (const [index, { message }] of letters.entries()) {
          const mine = spoken.filter(({ label }) => label.startsWith("["))[index]!;
          expect(mine.lines).toHaveLength(message.replace(/\n+$/, "").split("\n").length - 1);
        }
      },
    ),
    { numRuns: 500 },
  );
});

it("a thousand forgeries in handoffs neither", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        note: forgery,
        next_action: forgery,
        from_agent: forgery,
        changed_files: fc.array(forgery, { maxLength: 2 }),
      }),
      async (words) => {
        const store = memoryStore(() => storyTime);
        const handoff = {
          from_step: "s",
          next_agent: words.note,
          state: "complete",
          created_at: sentAt,
          ...words,
        };
        const claim = {
          agent: "a",
          claimed_at: sentAt,
          term: 1,
          n: 1,
          state: "complete",
          nonce: "n",
          handoff,
        };
        await plant(store, "steps/s/claim.json", claim);
        const { plain, terminal, status } = await call(testProject({ store }), ["handoff", { step: "s" }]);
        expect(status).toBe(0);
        expect(rawIn(plain + terminal)).toEqual([]);
        const [, , ...framed] = plain.split("\n");
        const spoken = readFrame("handoff", framed.join("\n"));
        const labels = [...(words.changed_files.length > 0 ? ["changed: "] : []), "next action: ", "note: "];
        expect(spoken.map(({ label }, at) => label.startsWith(labels[at]!))).toEqual(labels.map(() => true));
        expect(spoken).toHaveLength(labels.length);
      },
    ),
    { numRuns: 500 },
  );
});

it("--json has every hostile text exactly, in characters that no terminal acts on", async () => {
  const store = memoryStore(() => storyTime);
  const texts = payloads.filter((text) => text.length < 4000); // A longer message is only named.
  expect(texts.length).toBeGreaterThan(1000);
  for (const [index, text] of texts.entries()) {
    const id = index.toString(16).padStart(8, "0");
    await plant(store, `memory/k/${id}.json`, { value: text, set_by: text, set_at: sentAt });
    await plant(store, `messages/web-1/${ns + BigInt(index)}_api-2_${id}.json`, {
      from: "api-2",
      to: "web-1",
      message: text,
      subject: text,
      sent_at: sentAt,
    });
  }
  const project = testProject({ store });
  for (const [command, field, inner] of [
    ["memory list", "values", "value"],
    ["inbox", "messages", "message"],
  ] as const) {
    const { data } = await call(project, [command, { all: true, values: true, peek: false }]);
    let printed = "";
    const sink = { isTTY: false, columns: 80, write: (text: string) => void (printed += text) };
    const print = printer(
      { stdout: sink, stderr: sink, env: {}, inHarness: false, closed() {} },
      { json: true, absolute: false },
    );
    void print.document({ data });
    expect(rawIn(printed)).toEqual([]);
    expect(printed.split("\n")).toHaveLength(2);
    const read = JSON.parse(printed).data[field] as Record<string, unknown>[];
    expect(read.map((one) => one[inner])).toEqual(texts);
  }
});
