/** What every event of a record says about where it comes from. Absent means that the record does not say. */
export interface Origin {
  /** RFC 3339, as the harness wrote it or made from its epoch. Never an order: some harnesses write out of order. */
  readonly at?: string;
  /** The record's own id and its parent's: unique in one session only. */
  readonly id?: string;
  readonly parent?: string;
  /** The sub-agent that a line inside its parent's file belongs to. */
  readonly agent?: string;
}

/** Tokens of one model request. `input` has no cached tokens in it; `reasoning` is part of `output`. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  readonly cacheRead: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
}

type Kind =
  | { readonly type: "prompt"; readonly text: string; readonly images?: number }
  | { readonly type: "reply"; readonly text: string }
  | { readonly type: "thought"; readonly text: string }
  | { readonly type: "call"; readonly call: string; readonly tool: string; readonly input: unknown }
  | { readonly type: "result"; readonly call: string; readonly text: string; readonly failed?: boolean }
  /** Replaces an earlier usage with the same key: a request's tokens are written on several lines. */
  | { readonly type: "usage"; readonly key: string; readonly usage: Usage }
  | { readonly type: "model"; readonly model: string }
  | { readonly type: "compaction"; readonly text: string }
  | { readonly type: "error"; readonly text: string }
  /** Understood, and no part of the conversation: titles, modes, hooks, snapshots, injected context. */
  | { readonly type: "note"; readonly what: string; readonly text?: string }
  /** Not understood. `what` is the record's type where it has one, "not JSON" where it is none. */
  | { readonly type: "unknown"; readonly what: string };

export type HarnessEvent = Origin & Kind;
export type EventKind = Kind;

export type Fields = Readonly<Record<string, unknown>>;

/** The tokens of a whole pass, each request counted once: the last usage of a key is the one that counts. */
export function sumUsage(events: Iterable<HarnessEvent>): Usage {
  const last = new Map<string, Usage>();
  for (const event of events) if (event.type === "usage") last.set(event.key, event.usage);
  const sum = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
  for (const usage of last.values()) {
    for (const name of Object.keys(sum) as (keyof Usage)[]) sum[name] += usage[name];
  }
  return sum;
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The fields of an object, of nothing otherwise: foreign data is read without trusting its shape. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export function textOr<T>(value: unknown, otherwise: T): string | T {
  return typeof value === "string" ? value : otherwise;
}

/** A count of tokens, 0 for anything that is none. */
export function count(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

/** The origin of a record, without the members that it lacks. */
export function origin(at: unknown, id?: unknown, parent?: unknown, agent?: unknown): Origin {
  return {
    ...(typeof at === "string" && { at }),
    ...(typeof id === "string" && { id }),
    ...(typeof parent === "string" && { parent }),
    ...(typeof agent === "string" && { agent }),
  };
}

/** The readable text of message content: a string, or the text blocks of a list joined by a line feed. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content))
    return content === undefined || content === null ? "" : JSON.stringify(content);
  const texts = content.map((block) =>
    typeof block === "string" ? block : textOr(fieldsOf(block)["text"], ""),
  );
  return texts.filter((text) => text !== "").join("\n");
}

/** How many blocks of message content are pictures. */
export function imagesIn(content: unknown): number {
  if (!Array.isArray(content)) return 0;
  return content.filter((block) => /image/i.test(textOr(fieldsOf(block)["type"], ""))).length;
}

/** A prompt with its pictures counted; a prompt without any says nothing of them. */
export function prompt(text: string, images: number): Extract<EventKind, { type: "prompt" }> {
  return { type: "prompt", text, ...(images > 0 && { images }) };
}

/** The event `model` when it is another one than the last that this pass saw. */
export function modelChange(memory: Map<string, unknown>, model: unknown): EventKind[] {
  if (typeof model !== "string" || model === "" || memory.get("model") === model) return [];
  memory.set("model", model);
  return [{ type: "model", model }];
}
