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

const notes = new Set(
  "branch_summary custom custom_message label session session_info thinking_level_change".split(" "),
);

/**
 * One line of a session tree: the format of Pi, which OpenClaw writes too. Each entry has `id` and `parentId`, so a
 * file holds every branch; which one is live is for the reader to follow.
 */
export function treeEvents(record: Uint8Array, memory: Memory): HarnessEvent[] {
  return eventsOf(record, (entry) => {
    const from = origin(entry["timestamp"], entry["id"], entry["parentId"]);
    return entryEvents(entry, memory).map((kind) => ({ ...from, ...kind }));
  });
}

function entryEvents(entry: Fields, memory: Memory): EventKind[] {
  const type = typeOf(entry);
  if (type === "message") return messageEvents(entry, fieldsOf(entry["message"]), memory);
  if (type === "model_change")
    return [...modelChange(memory, entry["modelId"]), { type: "note", what: type }];
  if (type === "compaction") return [{ type: "compaction", text: textOr(entry["summary"], "") }];
  if (!notes.has(type)) return [{ type: "unknown", what: type }];
  const text = contentText(entry["content"] ?? entry["summary"] ?? entry["name"] ?? entry["label"]);
  return [{ type: "note", what: type, ...(text !== "" && { text }) }];
}

function messageEvents(entry: Fields, message: Fields, memory: Memory): EventKind[] {
  const { role, content } = message as { role?: unknown; content?: unknown };
  if (role === "user") return [prompt(contentText(content), imagesIn(content))];
  if (role === "assistant") return assistantEvents(entry, message, memory);
  if (role === "toolResult") return [resultOf(message)];
  if (role === "bashExecution") return bashEvents(entry, message);
  if (role === "compactionSummary") return [{ type: "compaction", text: textOr(message["summary"], "") }];
  if (role === "custom" || role === "branchSummary" || role === "system") {
    return [{ type: "note", what: role, text: contentText(content ?? message["summary"]) }];
  }
  return [{ type: "unknown", what: `message/${String(role)}` }];
}

function resultOf(message: Fields): EventKind {
  const pictures = imagesIn(message["content"]);
  const text = contentText(message["content"]) || (pictures > 0 ? `[${pictures} images]` : "");
  // OpenClaw says isError:false beside a status that says otherwise.
  const status = fieldsOf(message["details"])["status"];
  const failed = message["isError"] === true || status === "error" || status === "forbidden";
  return { type: "result", call: textOr(message["toolCallId"], ""), text, ...(failed && { failed }) };
}

/** A command that the user typed: call and result in one entry. */
function bashEvents(entry: Fields, message: Fields): EventKind[] {
  const call = `bash-${textOr(entry["id"], textOr(entry["timestamp"], ""))}`;
  const failed = count(message["exitCode"]) !== 0 || message["cancelled"] === true;
  return [
    { type: "call", call, tool: "bash", input: { command: message["command"] } },
    { type: "result", call, text: textOr(message["output"], ""), ...(failed && { failed }) },
  ];
}

function assistantEvents(entry: Fields, message: Fields, memory: Memory): EventKind[] {
  const { content, model } = message as { content?: unknown; model?: unknown };
  if (message["provider"] === "openclaw" && (model === "delivery-mirror" || model === "gateway-injected")) {
    return [{ type: "note", what: model, text: contentText(content) }]; // Said by the gateway, not by a model.
  }
  const blocks = Array.isArray(content) ? content : [{ type: "text", text: contentText(content) }];
  const error = message["errorMessage"];
  const failed: EventKind[] =
    typeof error === "string" && error !== "" ? [{ type: "error", text: error }] : [];
  return [
    ...modelChange(memory, model),
    ...blocks.map(blockEvent),
    ...failed,
    ...usageOf(entry, message, memory),
  ];
}

function blockEvent(value: unknown): EventKind {
  const block = fieldsOf(value);
  const type = typeOf(block);
  if (type === "text") return { type: "reply", text: textOr(block["text"], "") };
  if (type === "thinking") return { type: "thought", text: textOr(block["thinking"], "") };
  if (type === "toolCall" || type === "tool_use") {
    const input = block["arguments"] ?? block["input"];
    return { type: "call", call: textOr(block["id"], ""), tool: textOr(block["name"], ""), input };
  }
  return { type: "unknown", what: `assistant/${type}` };
}

function usageOf(entry: Fields, message: Fields, memory: Memory): EventKind[] {
  const usage = message["usage"];
  if (!isFields(usage)) return [];
  const nth = count(memory.get("usages")) + 1; // The oldest entries have no id.
  memory.set("usages", nth);
  const tokens = {
    input: count(usage["input"]),
    output: count(usage["output"]),
    cacheRead: count(usage["cacheRead"]),
    cacheWrite: count(usage["cacheWrite"]),
    reasoning: count(usage["reasoning"]),
  };
  return [{ type: "usage", key: textOr(entry["id"], `#${nth}`), usage: tokens }];
}
