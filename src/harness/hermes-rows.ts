import { contentText, count, fieldsOf, imagesIn, modelChange, prompt, textOr } from "./events.ts";
import type { EventKind, Fields, HarnessEvent } from "./events.ts";
import type { Memory } from "./harness.ts";
import { eventsOf } from "./record-events.ts";
import { shortHash } from "./blocks.ts";

/** Content of several parts is kept as JSON behind this mark. */
const jsonMark = "\u0000json:";

/** One operation on Hermes' tables, or a bare message as its gateways wrote them into files. */
export function hermesEvents(record: Uint8Array, memory: Memory): HarnessEvent[] {
  return eventsOf(record, (line) => {
    const { op, id, data } = line as { op?: unknown; id?: unknown; data?: unknown };
    if (op === "session") return sessionEvents(fieldsOf(data), memory);
    if (op === "row_delete") return [{ type: "note", what: "row_delete", text: JSON.stringify(id) }];
    const row = op === undefined ? line : fieldsOf(data);
    if (op === "row_update" && row["role"] === undefined) {
      return [{ type: "note", what: "row_update", id: String(id), text: JSON.stringify(data) }];
    }
    const at = time(row["timestamp"]);
    const from = { ...(at !== undefined && { at }), ...(typeof id === "number" && { id: String(id) }) };
    return rowEvents(row, op === "row_update" ? undefined : memory).map((kind) => ({ ...from, ...kind }));
  });
}

function time(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  const date = typeof value === "number" ? new Date(value * 1000) : undefined;
  return date === undefined || Number.isNaN(date.valueOf()) ? undefined : date.toISOString();
}

/** Tokens are counted by session, in its row, which only says what changed. */
function sessionEvents(changed: Fields, memory: Memory): HarnessEvent[] {
  const session: Fields = { ...fieldsOf(memory.get("session")), ...changed };
  memory.set("session", session);
  const usage = {
    input: count(session["input_tokens"]),
    output: count(session["output_tokens"]),
    cacheRead: count(session["cache_read_tokens"]),
    cacheWrite: count(session["cache_write_tokens"]),
    reasoning: count(session["reasoning_tokens"]),
  };
  const title = textOr(changed["title"], undefined);
  const at = time(session["last_activity_at"]);
  const kinds: EventKind[] = [
    ...modelChange(memory, changed["model"]),
    { type: "usage", key: "session", usage },
    { type: "note", what: "session", ...(title !== undefined && { text: title }) },
  ];
  return kinds.map((kind) => ({ ...(at !== undefined && { at }), ...kind }));
}

function rowEvents(row: Fields, memory: Memory | undefined): EventKind[] {
  const role = row["role"];
  const content = contentOf(row["content"]);
  const text = contentText(content);
  if (role === "session_meta" || role === "system") return [{ type: "note", what: String(role), text }];
  if (memory !== undefined && isCopy(row, memory)) return [{ type: "note", what: "copied", text }];
  if (row["_compressed_summary"] === 1) return [{ type: "compaction", text }];
  if (role === "user") return [prompt(text, imagesIn(content))];
  if (role === "assistant") return assistantEvents(row, text);
  if (role !== "tool") return [{ type: "unknown", what: `message/${String(role)}` }];
  return [
    { type: "result", call: textOr(row["tool_call_id"], ""), text, ...(failed(text) && { failed: true }) },
  ];
}

/** Compaction inserts the messages that it keeps once more, under new ids: the same words at the same time. */
function isCopy(row: Fields, memory: Memory): boolean {
  const seen = (memory.get("rows") as Set<string> | undefined) ?? new Set<string>();
  memory.set("rows", seen);
  const key = shortHash([
    row["role"],
    row["timestamp"],
    row["content"],
    row["tool_calls"],
    row["tool_call_id"],
  ]);
  if (seen.has(key)) return true;
  seen.add(key);
  return false;
}

function contentOf(content: unknown): unknown {
  if (typeof content !== "string" || !content.startsWith(jsonMark)) return content;
  return parsed(content.slice(jsonMark.length)) ?? content;
}

function parsed(text: unknown): unknown {
  if (typeof text !== "string" || text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function assistantEvents(row: Fields, text: string): EventKind[] {
  const thought = textOr(row["reasoning"], "") || textOr(row["reasoning_content"], "");
  const list = parsed(row["tool_calls"]) ?? row["tool_calls"];
  const calls = (Array.isArray(list) ? list : []).map((value): EventKind => {
    const call = fieldsOf(value);
    const { name, arguments: input } = fieldsOf(call["function"]) as Record<string, unknown>;
    const id = textOr(call["id"], textOr(call["call_id"], ""));
    return { type: "call", call: id, tool: textOr(name, ""), input: parsed(input) ?? input };
  });
  const said: EventKind[] =
    text !== "" || (calls.length === 0 && thought === "") ? [{ type: "reply", text }] : [];
  return [...(thought === "" ? [] : [{ type: "thought", text: thought } as const]), ...said, ...calls];
}

/** A tool's result is JSON as a rule; that it failed stands in one of three members. */
function failed(text: string): boolean {
  const result = fieldsOf(parsed(text));
  const error = result["error"];
  return (
    result["success"] === false ||
    count(result["exit_code"]) !== 0 ||
    (typeof error === "string" && error !== "")
  );
}
