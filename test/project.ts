import { memoryLocalState } from "../src/coord/local.ts";
import type { LocalState, Project, Session, World } from "../src/coord/project.ts";
import { clockedStore } from "../src/coord/clock.ts";
import { explain, TracecraftError } from "../src/errors.ts";
import type {
  Arguments,
  Command,
  Context,
  Options,
  Positionals,
  Progress,
  Reply,
  Text,
  View,
} from "../src/commands/command.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { Store } from "../src/store/store.ts";

/** The moment at which the samples of the output book play. */
export const storyTime = Date.parse("2026-11-22T14:05:00.000Z");

/** A clock that stands still until a test moves it. Sleeping moves it. */
export interface TestClock {
  now: number;
}

export interface TestProjectOptions {
  readonly store?: Store;
  readonly local?: LocalState;
  readonly clock?: TestClock;
  readonly agent?: string;
  readonly session?: Partial<Session>;
  /** How far this machine's clock is ahead of the store's, in ms. */
  readonly skewMs?: number;
  /** Ids to hand out before the counted ones; each must have the length that is asked for. */
  readonly ids?: readonly string[];
  readonly deadlineMs?: number;
}

export interface TestProject extends Project {
  readonly clock: TestClock;
  readonly warnings: string[];
  /** Waits for the work in the background; its failures are then in `warnings`. */
  settled(): Promise<void>;
}

/** A project on a memory store (or the one given) in a world that only the test moves. */
export function testProject(options: TestProjectOptions = {}): TestProject {
  const clock = options.clock ?? { now: storyTime };
  const local = options.local ?? memoryLocalState();
  const world = testWorld(clock, options);
  const warnings: string[] = [];
  const work = new Set<Promise<void>>();
  const agent = options.agent ?? "web-1";
  return {
    store: clockedStore(options.store ?? memoryStore(() => clock.now), world, local),
    name: "shop",
    agent,
    session: {
      id: `session-of-${agent}`,
      earlier: [],
      harness: undefined,
      host: "laptop-a",
      ...options.session,
    },
    world,
    local,
    deadlineMs: options.deadlineMs ?? 10_000,
    background(what, promise) {
      const settled = promise.then(
        () => undefined,
        (error: unknown) => void warnings.push(`${what}: ${error instanceof Error ? error.message : "?"}`),
      );
      work.add(settled);
      void settled.then(() => work.delete(settled));
    },
    warn: (text) => void warnings.push(text),
    clock,
    warnings,
    async settled() {
      while (work.size > 0) await Promise.all(work);
    },
  };
}

function testWorld(clock: TestClock, { skewMs = 0, ids = [] }: TestProjectOptions): World {
  const given = [...ids];
  return {
    now: () => clock.now + skewMs,
    monotonic: () => clock.now,
    bootId: "boot",
    async sleep(ms) {
      clock.now += ms;
    },
    randomHex(bytes) {
      return given[0]?.length === bytes * 2 ? given.shift()! : countedHex(bytes);
    },
    chance: () => 0.5,
  };
}

let counted = 0;

/** Differs from call to call, also between projects: what is random in the world is never the same twice. */
function countedHex(bytes: number): string {
  counted = (counted + 1) >>> 0;
  const mixed = Math.imul(counted, 0x9e3779b1) >>> 0; // Odd, so that no two of 2^32 counts meet.
  return mixed
    .toString(16)
    .padStart(8, "0")
    .repeat(Math.ceil(bytes / 4))
    .slice(0, bytes * 2);
}

export interface TestContext extends Context {
  readonly progressed: Progress[];
  readonly emitted: { data: Readonly<Record<string, unknown>>; text: Text }[];
}

/** What a command is run in: the project, an empty environment, nothing on stdin unless given. */
export function testContext(
  project: Project,
  options: { cwd?: string; stdin?: string | Uint8Array; signal?: AbortSignal } = {},
): TestContext {
  const progressed: Progress[] = [];
  const emitted: TestContext["emitted"] = [];
  return {
    project,
    cwd: options.cwd ?? "/nowhere",
    home: "/nowhere",
    env: {},
    platform: "linux",
    redaction: undefined,
    signal: options.signal ?? new AbortController().signal,
    async readStdin() {
      return Buffer.from(options.stdin ?? "");
    },
    isAlive: () => false,
    progress: (line) => void progressed.push(line),
    emit: (data, text) => void emitted.push({ data, text }),
    progressed,
    emitted,
  };
}

export const plain: View = { layout: "plain", width: 80, absolute: false, paint: (_, text) => text };
export const terminal: View = { ...plain, layout: "terminal" };

export function render(text: Text, view: View = plain): string {
  return typeof text === "string" ? text : text(view);
}

/** A reply as the book writes it: stdout, then stderr with its mark, then the status; and what it shows is shown. */
export async function said(reply: Reply, view: View = plain): Promise<string> {
  const lines = [render(reply.text, view)].filter((text) => text !== "");
  for (const warning of reply.warnings ?? []) lines.push(`2> warning: ${warning}`);
  if (reply.error) {
    lines.push(...stderrLines(explain(reply.error)));
  } else if (reply.next !== undefined && !reply.warnings?.length) lines.push(`2> next: ${reply.next}`);
  await reply.shown?.();
  lines.push(`# ${reply.error?.status ?? 0}`);
  return lines.join("\n");
}

/** What `testContext` takes, and how the reply is looked at. */
export interface AnswerOptions {
  readonly view?: View;
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly signal?: AbortSignal;
}

/** The arguments as the parser would give them: flags that are absent are false, defaults are taken. */
export function withDefaults<P extends Positionals, O extends Options>(
  command: Command<P, O>,
  args: Partial<Arguments<P, O>>,
): Arguments<P, O> {
  const options = Object.entries(command.options).map(([name, { placeholder, default: value, many }]) => {
    return [name, placeholder === undefined ? false : many ? [] : value];
  });
  return { ...Object.fromEntries(options), ...args };
}

/** A whole call of a command as the book writes it: progress, stdout, stderr, the status; its work is done afterwards. */
export async function answer<P extends Positionals, O extends Options>(
  command: Command<P, O>,
  project: TestProject,
  args: Partial<Arguments<P, O>> = {},
  options: AnswerOptions = {},
): Promise<string> {
  const context = testContext(project, options);
  let text: string;
  try {
    text = await said(await command.run(context, withDefaults(command, args)), options.view);
  } catch (error) {
    if (!(error instanceof TracecraftError)) throw error;
    text = [...stderrLines(explain(error)), `# ${error.status}`].join("\n");
  }
  await project.settled();
  const before = context.progressed.map((line) => `2> ${line.plain}`);
  const emitted = context.emitted.map((one) => render(one.text, options.view));
  return [...before, ...emitted, text].join("\n");
}

function stderrLines(text: string): string[] {
  return text.split("\n").map((line) => `2> ${line}`);
}

/** The text, or a JSON value, of each object in the store, by key. For looking at what was written. */
export async function objects(store: Store, prefix = ""): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const page of store.list(prefix)) {
    for (const { key } of page.objects) {
      const object = await store.get(key, { limit: 1 << 26 });
      if (object) found[key] = Buffer.from(object.body).toString();
    }
  }
  return found;
}

/** Puts an object as another client would. */
export async function plant(store: Store, key: string, value: unknown): Promise<void> {
  const body = typeof value === "string" ? value : JSON.stringify(value);
  await store.put(key, Buffer.from(body), "anything");
}
