import { hash } from "node:crypto";
import type { Usage, HarnessEvent } from "../harness/events.ts";
import type { Harness } from "../harness/harness.ts";
import type { Redactor } from "../redact/redact.ts";
import { isTooLong, type TooLong } from "../sessions/content.ts";
import type { Bodies } from "./bodies.ts";
import { flag, type Kind, type Tokens } from "./page.ts";
import { eventOfPicture, picturesIn, takePicture, type Picture } from "./pictures.ts";
import { recent, recentNumbers } from "./recent.ts";
import type { Rows } from "./rows.ts";
import type { Sink } from "./sub-agents.ts";

/** The first words of a text, for lists. */
const previewChars = 120;

/**
 * How far back something is remembered, for a session of millions has a limit: the requests whose tokens are told again,
 * the calls that wait for their result, and the lines that may come once more.
 */
const requestsKnown = 100_000;
const callsKnown = 100_000;
const linesKnown = 1_000_000;

/** Names by their number from 1; what comes after the 65,535th has none. */
export interface Names {
  numberOf(name: string): number;
  readonly all: readonly string[];
}

export interface TranscriptOptions {
  readonly harness: Harness | undefined;
  readonly redactor: Redactor;
  readonly bodies: Bodies | undefined;
  /** Where its rows go. */
  readonly rows: Rows;
  /** Where those of a sub-agent go that the file tells of; with the session's own where there is nothing. */
  readonly subAgent?: (agent: string) => Promise<Sink | undefined>;
  readonly tools: Names;
  readonly models: Names;
  /** What is to be added to a time as it was written, in ms. */
  readonly addMs: (said: number) => number;
  /** When it began, by its manifest: for a session whose lines tell no time. */
  readonly begin: number;
  /** A time after this one is a clock that was wrong: it is taken for none. */
  readonly latest: () => number;
  readonly preview: (bytes: Uint8Array) => Promise<void>;
  readonly redacted: (counts: Readonly<Record<string, number>>) => void;
}

const noTokens: Tokens = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

/** Reads a session, and goes on with it when it has grown. */
export interface TranscriptReader {
  /** The next lines. Answers how many of them were there before, byte for byte: they are shown once. */
  read(lines: AsyncIterable<Uint8Array | TooLong>): Promise<number>;
  /** Makes the rows whole, as if nothing came behind them. */
  settle(): void;
}

/**
 * Puts the events of one session into rows, in the order of its file: `at` never goes back along them, whatever was
 * written. A call and its result know each other, and a request's tokens stand on one event, however often they were
 * written.
 */
export function transcriptReader(options: TranscriptOptions): TranscriptReader {
  const makers = rowMakers(options);
  const memory = new Map<string, unknown>();
  const seen = recentNumbers(linesKnown);
  return {
    read: (lines) => readLines(lines, options, { add: makers.add, memory, seen }),
    settle: makers.settle,
  };
}

interface Known {
  readonly add: ReturnType<typeof rowMakers>["add"];
  readonly memory: Map<string, unknown>;
  readonly seen: ReturnType<typeof recentNumbers>;
}

async function readLines(
  lines: AsyncIterable<Uint8Array | TooLong>,
  options: TranscriptOptions,
  { add, memory, seen }: Known,
): Promise<number> {
  const { harness, redactor } = options;
  let repeated = 0;
  for await (const line of lines) {
    if (isTooLong(line)) {
      await add({ type: "unknown", what: "a long line" }, `${line.tooLong} bytes`, false);
      continue;
    }
    const name = hashOf(line);
    if (seen.has(name)) {
      repeated++;
      continue;
    }
    const { bytes, counts } = redactor.line(line);
    const redacted = Object.keys(counts).length > 0;
    const events = harness?.events(bytes, memory) ?? [{ type: "unknown", what: "line" } as const];
    // Without a time and an id two equal lines may well be two things.
    if (events.some(({ at, id }) => at !== undefined || id !== undefined)) seen.add(name);
    if (redacted) options.redacted(counts);
    const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const pictures = picturesIn(raw);
    for (const event of events) {
      const picture = takePicture(event, pictures);
      await add(event, event.type === "unknown" ? raw.toString() : undefined, redacted, picture);
    }
    for (const picture of pictures)
      await add(eventOfPicture(picture, events[0]), undefined, redacted, picture);
  }
  return repeated;
}

/** The model is that of the whole file, as its harness tells it: only when it changes. */
interface Shared {
  model: number;
}

/** Gives each event to the one who did it: the session, or a sub-agent that is written into its file. */
function rowMakers(options: TranscriptOptions) {
  const shared: Shared = { model: 0 };
  const own = rowMaker(options, options, shared);
  const others = new Map<string, ReturnType<typeof rowMaker>>();
  const makerOf = async (agent: string) => {
    const known = others.get(agent);
    const sink = known ? undefined : await options.subAgent?.(agent);
    if (!sink) return known ?? own;
    const made = rowMaker(options, sink, shared);
    others.set(agent, made);
    return made;
  };
  return {
    async add(event: HarnessEvent, ...rest: [string | undefined, boolean, Picture?]): Promise<void> {
      await (event.agent === undefined ? own : await makerOf(event.agent)).add(event, ...rest);
    },
    settle: () => [own, ...others.values()].forEach(({ settle }) => settle()),
  };
}

/** Makes rows of the events of one writer, one after the other. */
function rowMaker(options: TranscriptOptions, { rows: found, preview: keep }: Sink, shared: Shared) {
  const { models } = options;
  const calls = recent<number>(callsKnown);
  const carriers = recent<number>(requestsKnown); // On which event the tokens of a request stand.
  let last = Number.NEGATIVE_INFINITY;
  let timeless = 0;

  const add = async (
    event: HarnessEvent,
    raw: string | undefined,
    redacted: boolean,
    picture?: Picture,
  ): Promise<void> => {
    const said = timeOf(event.at, options.latest());
    if (!Number.isNaN(said)) last = Math.max(last, said + options.addMs(said));
    // What comes before the first time has that one.
    if (last > Number.NEGATIVE_INFINITY) while (timeless > 0) found.setTime(--timeless, last);
    if (event.type === "usage") {
      const carrier = carriers.get(event.key) ?? Math.max(0, found.count() - 1);
      if (found.count() === 0) await add({ ...event, type: "note", what: "usage" }, undefined, false);
      carriers.set(event.key, carrier);
      found.setTokens(carrier, tokensOf(event.usage));
      return;
    }
    if (event.type === "model") shared.model = models.numberOf(event.model);
    const pair = event.type === "result" ? (calls.get(event.call) ?? -1) : -1;
    if (pair >= 0) {
      calls.delete(event.type === "result" ? event.call : "");
      found.setPair(pair, found.count());
    }
    if (event.type === "call") calls.set(event.call, found.count());
    const { text, preview, json } = picture ? wordsOfPicture(picture) : wordsOf(event, raw);
    const kept = text === preview || !options.bodies ? undefined : await options.bodies.add(text);
    const shown = Buffer.from(preview);
    if (last === Number.NEGATIVE_INFINITY) timeless = found.count() + 1;
    await keep(shown);
    found.add({
      at: last,
      said,
      kind: event.type satisfies Kind,
      flags:
        (isFailed(event) ? flag.failed : 0) |
        (redacted || text.includes("[REDACTED:") ? flag.redacted : 0) |
        (kept?.cut ? flag.cut : 0) |
        (kept && picture?.url ? flag.image : 0) |
        (json ? flag.json : 0),
      tool: event.type === "call" ? options.tools.numberOf(event.tool) : 0,
      model: shared.model,
      pair,
      block: kept?.place.block ?? -1,
      start: kept?.place.start ?? 0,
      length: kept?.place.length ?? 0,
      tokens: noTokens,
      preview: shown.length,
    });
  };
  const settle = (): void => {
    for (let nth = 0; nth < timeless; nth++) found.setTime(nth, options.begin); // Until a time comes.
    found.settle();
  };
  return { add, settle };
}

/** The whole text of an event, and how it begins. Of a call: its input, and what it is about. */
function wordsOf(
  event: HarnessEvent,
  raw: string | undefined,
): { readonly text: string; readonly preview: string; readonly json: boolean } {
  switch (event.type) {
    case "call": {
      const json = typeof event.input !== "string";
      const text = json ? (JSON.stringify(event.input, undefined, 1) ?? "") : String(event.input);
      return { text, preview: firstWords(aboutOf(event.input)), json };
    }
    case "model":
      return { text: event.model, preview: firstWords(event.model), json: false };
    case "unknown": {
      const text = raw ?? event.what;
      return { text, preview: firstWords(event.what), json: text.startsWith("{") };
    }
    case "note": {
      const text = event.text ?? "";
      return {
        text: text === "" ? event.what : text,
        preview: firstWords([event.what, text].filter(Boolean).join(": ")),
        json: false,
      };
    }
    case "usage":
      return { text: "", preview: "", json: false };
    default:
      return { text: event.text, preview: firstWords(event.text), json: false };
  }
}

function wordsOfPicture({ url, words }: Picture) {
  return { text: url ?? words, preview: words, json: false };
}

const telling = [
  "command",
  "cmd",
  "file_path",
  "path",
  "pattern",
  "query",
  "url",
  "description",
  "prompt",
  "name",
];

/** What a call is about: the member of its input that says most, in a line. */
function aboutOf(input: unknown): string {
  if (typeof input !== "object" || input === null) return String(input ?? "");
  const fields = input as Record<string, unknown>;
  for (const name of telling) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (typeof value === "string" && value !== "") return value;
    if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(" ");
  }
  const texts = Object.values(fields).filter((value) => typeof value === "string");
  return texts[0] ?? "";
}

function firstWords(text: string): string {
  // Most texts begin with words and single blanks, and need no second look.
  const head = text.slice(0, previewChars);
  if (!/[^\S ]| {2}|^ | $/.test(head)) return head.toWellFormed();
  if (text.length <= previewChars && !/[\r\n\t]/.test(text)) return text.toWellFormed();
  return text
    .slice(0, previewChars * 4)
    .replaceAll(/\s+/g, " ")
    .trim()
    .slice(0, previewChars)
    .toWellFormed();
}

function isFailed(event: HarnessEvent): boolean {
  return event.type === "error" || (event.type === "result" && event.failed === true);
}

function tokensOf({ input, output, cacheRead, cacheWrite }: Usage): Tokens {
  return { input, output, cacheRead, cacheWrite };
}

function timeOf(text: string | undefined, latest: number): number {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return at > latest ? Number.NaN : at;
}

/** 48 bits: of two million lines, one in a hundred pages would lose one. */
function hashOf(line: Uint8Array): number {
  return Number.parseInt(hash("sha1", line, "hex").slice(0, 12), 16);
}

/** Names in the order in which they first came. */
export function names(): Names {
  const all: string[] = [];
  const numbers = new Map<string, number>();
  return {
    all,
    numberOf(name) {
      const known = numbers.get(name);
      if (known !== undefined) return known;
      if (all.length >= 65_535) return 0;
      all.push(name.slice(0, 200).toWellFormed());
      numbers.set(name, all.length);
      return all.length;
    },
  };
}
