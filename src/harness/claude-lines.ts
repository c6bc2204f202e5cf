import {
  contentText,
  count,
  fieldsOf,
  imagesIn,
  isFields,
  modelChange,
  origin,
  prompt,
  textOr,
} from "./events.ts";
import type { EventKind, Fields, HarnessEvent } from "./events.ts";
import type { Memory } from "./harness.ts";
import { eventsOf, typeOf } from "./record-events.ts";

/** Lines that say something about the session and are appended again and again. */
const metadata = new Set(
  `agent-color agent-name agent-setting ai-title atis-latch attribution-snapshot bridge-session content-replacement
  custom-title ended-by-model file-history-delta file-history-snapshot fork-context-ref frame-link isolation-latch
  last-prompt mode observer-ref permission-mode pr-link queue-operation relocated summary tag worktree-state`.split(
    /\s+/,
  ),
);

/** Whether a line tells something about a session and has nothing that was said in it. */
export function isAboutSession(line: Fields): boolean {
  return metadata.has(typeOf(line)) && typeof line["content"] !== "string";
}

const systemNotes = new Set(
  `agents_killed away_summary bridge_status compact_boundary informational local_command model_refusal_fallback
  scheduled_task_fire stop_hook_summary turn_duration`.split(/\s+/),
);
/** A user line that the program wrote: a slash command, its output, a notification. */
const written =
  /^\s*<(?:command-|local-command-|task-notification|bash-|system-reminder)|^\[Request interrupted/;

/** One line of Claude Code: of a main file or of a sub-agent's, of any version. */
export function claudeEvents(record: Uint8Array, memory: Memory): HarnessEvent[] {
  return eventsOf(record, (line) => {
    const from = origin(
      line["timestamp"],
      line["uuid"],
      line["parentUuid"],
      line["agentId"] ?? sidechainOf(line, memory),
    );
    return lineEvents(line, memory).map((kind) => ({ ...from, ...kind }));
  });
}

/** So many lines of side-chains are known, for one that goes on: the newest. */
const sidechainLines = 10_000;

/**
 * Old builds wrote sub-agents into the main file and named none: their lines say only that they are of a side-chain. One
 * that follows no other is a new sub-agent, called by the id of that line.
 */
function sidechainOf(line: Fields, memory: Memory): string | undefined {
  if (line["isSidechain"] !== true) return undefined;
  const known = (memory.get("sidechains") ?? new Map()) as Map<string, string>;
  memory.set("sidechains", known);
  const id = textOr(line["uuid"], "");
  const first = known.get(textOr(line["parentUuid"], "")) ?? id;
  if (id === "") return first || undefined;
  known.set(id, first);
  for (const oldest of known.keys()) {
    if (known.size <= sidechainLines) break;
    known.delete(oldest);
  }
  return first;
}

function lineEvents(line: Fields, memory: Memory): EventKind[] {
  const type = typeOf(line);
  if (type === "user") return userEvents(line);
  if (type === "assistant") return assistantEvents(line, fieldsOf(line["message"]), memory);
  if (type === "system") return systemEvents(line);
  if (type === "attachment") return attachmentEvents(fieldsOf(line["attachment"]));
  if (type === "progress") return [{ type: "note", what: `progress/${typeOf(line["data"])}` }];
  if (!metadata.has(type)) return [{ type: "unknown", what: type }];
  const text = [line["customTitle"], line["aiTitle"], line["summary"]].find(
    (value) => typeof value === "string",
  );
  return [{ type: "note", what: type, ...(typeof text === "string" && { text }) }];
}

function userEvents(line: Fields): EventKind[] {
  const { content } = fieldsOf(line["message"]) as { content?: unknown };
  const blocks = Array.isArray(content) ? content : [];
  const results = blocks.filter((block) => fieldsOf(block)["type"] === "tool_result").map(resultOf);
  const rest = Array.isArray(content) ? blocks.filter((b) => fieldsOf(b)["type"] !== "tool_result") : content;
  const [text, images] = [contentText(rest), imagesIn(rest)];
  if (results.length > 0 && text === "" && images === 0) return results;
  if (line["isCompactSummary"] === true) return [{ type: "compaction", text }];
  const kind = fieldsOf(line["origin"])["kind"];
  const human = line["isMeta"] !== true && (kind === undefined || kind === "human") && !written.test(text);
  return [...results, human ? prompt(text, images) : { type: "note", what: "injected", text }];
}

function resultOf(block: unknown): EventKind {
  const { tool_use_id: call, content, is_error: failed } = fieldsOf(block) as Record<string, unknown>;
  const pictures = imagesIn(content);
  const text = contentText(content) || (pictures > 0 ? `[${pictures} images]` : "");
  return { type: "result", call: textOr(call, ""), text, ...(failed === true && { failed }) };
}

function assistantEvents(line: Fields, message: Fields, memory: Memory): EventKind[] {
  const { content } = message as { content?: unknown };
  const blocks = Array.isArray(content)
    ? content
    : content === undefined
      ? []
      : [{ type: "text", text: content }];
  if (line["isApiErrorMessage"] === true) return [{ type: "error", text: contentText(content) }];
  const synthetic = message["model"] === "<synthetic>";
  const model = synthetic ? [] : modelChange(memory, message["model"]);
  return [...model, ...blocks.map(blockEvent), ...(synthetic ? [] : usageOf(line, message))];
}

function blockEvent(value: unknown): EventKind {
  const block = fieldsOf(value);
  const type = typeOf(block);
  if (type === "text") return { type: "reply", text: textOr(block["text"], "") };
  // From 2.1.78 on the text of a thought is empty and only its signature is kept.
  if (type === "thinking" || type === "redacted_thinking")
    return { type: "thought", text: textOr(block["thinking"], "") };
  if (type === "tool_use" || type === "server_tool_use" || type === "mcp_tool_use") {
    return {
      type: "call",
      call: textOr(block["id"], ""),
      tool: textOr(block["name"], ""),
      input: block["input"],
    };
  }
  return type.endsWith("tool_result") ? resultOf(block) : { type: "unknown", what: `assistant/${type}` };
}

/** A message is several lines, one a block, each with the usage of the whole: the last line of a key counts. */
function usageOf(line: Fields, message: Fields): EventKind[] {
  const usage = message["usage"];
  if (!isFields(usage)) return [];
  const key = `${textOr(message["id"], textOr(line["uuid"], ""))}:${textOr(line["requestId"], "")}`;
  const tokens = {
    input: count(usage["input_tokens"]),
    output: count(usage["output_tokens"]),
    cacheRead: count(usage["cache_read_input_tokens"]),
    cacheWrite: count(usage["cache_creation_input_tokens"]),
    reasoning: 0,
  };
  return [{ type: "usage", key, usage: tokens }];
}

function systemEvents(line: Fields): EventKind[] {
  const subtype = textOr(line["subtype"], "");
  const text = textOr(line["content"], "");
  if (subtype === "api_error") return [{ type: "error", text: JSON.stringify(line["error"] ?? text) }];
  // A whole compaction is told by the summary in the next line; a small one has none.
  if (subtype === "microcompact_boundary") return [{ type: "compaction", text }];
  if (!systemNotes.has(subtype)) return [{ type: "unknown", what: `system/${subtype}` }];
  return [{ type: "note", what: `system/${subtype}`, ...(text !== "" && { text }) }];
}

function attachmentEvents(attachment: Fields): EventKind[] {
  const type = typeOf(attachment);
  const { prompt: text, commandMode: mode } = attachment as Record<string, unknown>;
  if (type === "queued_command" && mode === "prompt" && text !== undefined) {
    return [prompt(contentText(text), imagesIn(text))];
  }
  return [{ type: "note", what: `attachment/${type}` }];
}
