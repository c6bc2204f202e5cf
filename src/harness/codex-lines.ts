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

const lineNotes = new Set(
  "inter_agent_communication inter_agent_communication_metadata session_meta turn_context world_state".split(
    " ",
  ),
);
const eventNotes = new Set(
  `agent_reasoning_raw_content agent_reasoning_section_break collab_agent_interaction_end collab_agent_spawn_end
  collab_close_end collab_resume_end collab_waiting_end context_compacted dynamic_tool_call_request
  dynamic_tool_call_response entered_review_mode exec_command_end exited_review_mode guardian_assessment
  image_generation_end mcp_tool_call_end patch_apply_end sub_agent_activity task_complete task_started
  thread_goal_updated thread_name_updated thread_rolled_back thread_settings_applied turn_aborted turn_complete
  turn_started view_image_tool_call web_search_end`.split(/\s+/),
);
/** Context that the program puts into user messages. */
const injected = /^\s*(?:<[a-z_ ]+>|# AGENTS\.md instructions)/;
const mostUnpaired = 2000;

/** One line of a Codex rollout: with the envelope or from before it, in either history mode. */
export function codexEvents(record: Uint8Array, memory: Memory): HarnessEvent[] {
  return eventsOf(record, (line) => {
    const enveloped = isFields(line["payload"]);
    const item = enveloped ? fieldsOf(line["payload"]) : line;
    const from = origin(line["timestamp"], item["id"] ?? fieldsOf(item["item"])["id"]);
    return kindsOf(enveloped ? typeOf(line) : bareType(line), item, memory).map((kind) => ({
      ...from,
      ...kind,
    }));
  });
}

function bareType(line: Fields): string {
  if (typeof line["type"] === "string") return "response_item";
  if ("record_type" in line) return "world_state";
  return "instructions" in line || "git" in line ? "session_meta" : typeOf(line);
}

function kindsOf(type: string, item: Fields, memory: Memory): EventKind[] {
  if (type === "response_item") return itemEvents(item, memory);
  if (type === "event_msg") return messageEvents(item, memory);
  if (type === "compacted") return [{ type: "compaction", text: compactedText(item) }];
  if (!lineNotes.has(type)) return [{ type: "unknown", what: type }];
  return [
    ...(type === "turn_context" ? modelChange(memory, item["model"]) : []),
    { type: "note", what: type },
  ];
}

function compactedText(item: Fields): string {
  const history = item["replacement_history"];
  const last: unknown = Array.isArray(history) ? history.at(-1) : undefined;
  return textOr(item["message"], "") || contentText(fieldsOf(last)["content"]);
}

function itemEvents(item: Fields, memory: Memory): EventKind[] {
  const type = typeOf(item);
  const call = textOr(item["call_id"], textOr(item["id"], ""));
  if (type === "message") return spoken(item["role"], item["content"], memory);
  if (type === "reasoning") return thoughts(item["summary"], item["content"], memory);
  if (type === "function_call") {
    return [{ type: "call", call, tool: textOr(item["name"], ""), input: parsed(item["arguments"]) }];
  }
  if (type === "custom_tool_call")
    return [{ type: "call", call, tool: textOr(item["name"], ""), input: item["input"] }];
  if (type.endsWith("_output")) return [resultOf(call, item["output"] ?? item["tools"])];
  if (type.endsWith("_call")) {
    return [
      { type: "call", call, tool: type.replace(/_call$/, ""), input: item["action"] ?? item["arguments"] },
    ];
  }
  if (type === "agent_message")
    return [{ type: "note", what: "agent_message", text: contentText(item["content"]) }];
  if (type === "compaction" || type === "context_compaction") return [{ type: "note", what: type }];
  return [{ type: "unknown", what: `response_item/${type}` }];
}

function spoken(role: unknown, content: unknown, memory: Memory): EventKind[] {
  const text = contentText(content);
  if (role === "assistant") return once(memory, 1, { type: "reply", text });
  if (role !== "user" || injected.test(text)) return [{ type: "note", what: "injected", text }];
  return once(memory, 1, prompt(text, imagesIn(content)));
}

function thoughts(summary: unknown, content: unknown, memory: Memory): EventKind[] {
  const parts = [summary, content].flatMap((list) => (Array.isArray(list) ? list : []));
  const texts = parts.map((part) => contentText([part])).filter((text) => text !== "");
  if (texts.length === 0) return [{ type: "thought", text: "" }];
  return texts.flatMap((text) => once(memory, 1, { type: "thought", text }));
}

function parsed(text: unknown): unknown {
  if (typeof text !== "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Output is text, a list of blocks, or JSON in a text; that it failed stands in its words. */
function resultOf(call: string, output: unknown): EventKind {
  const inner = typeof output === "string" && output.startsWith('{"output"') ? fieldsOf(parsed(output)) : {};
  const text = typeof inner["output"] === "string" ? inner["output"] : contentText(output);
  const code =
    fieldsOf(inner["metadata"])["exit_code"] ?? /^.{0,400}?exited with code (\d+)/s.exec(text)?.[1];
  const failed = (code !== undefined && Number(code) !== 0) || text.startsWith("Script failed");
  return { type: "result", call, text, ...(failed && { failed }) };
}

function messageEvents(item: Fields, memory: Memory): EventKind[] {
  const type = typeOf(item);
  const text = textOr(item["message"], textOr(item["text"], ""));
  if (type === "user_message") return once(memory, -1, prompt(text, listed(item["images"])));
  if (type === "agent_message") return once(memory, -1, { type: "reply", text });
  if (type === "agent_reasoning") return once(memory, -1, { type: "thought", text });
  if (type === "token_count") return usageOf(item["info"]);
  if (type === "item_completed") return completed(fieldsOf(item["item"]), memory);
  if (type === "error" || type === "stream_error") return [{ type: "error", text }];
  return [
    eventNotes.has(type) ? { type: "note", what: type } : { type: "unknown", what: `event_msg/${type}` },
  ];
}

function listed(images: unknown): number {
  return Array.isArray(images) ? images.length : 0;
}

function completed(item: Fields, memory: Memory): EventKind[] {
  const type = typeOf(item);
  const text = contentText(item["content"]) || textOr(item["text"], "");
  if (type === "UserMessage") return once(memory, -1, prompt(text, imagesIn(item["content"])));
  if (type === "AgentMessage") return once(memory, -1, { type: "reply", text });
  const summary = item["summary_text"];
  if (type !== "Reasoning" || !Array.isArray(summary)) return [{ type: "note", what: `item/${type}`, text }];
  const texts = summary.filter((part) => typeof part === "string");
  return texts.length === 0
    ? [{ type: "note", what: "item/Reasoning" }]
    : texts.flatMap((thought) => once(memory, -1, { type: "thought", text: thought }));
}

/** The same words stand in a response item (side 1) and in an event (side -1): whichever comes first is shown. */
function once(memory: Memory, side: 1 | -1, kind: EventKind & { readonly text: string }): EventKind[] {
  const waiting = (memory.get("unpaired") as Map<string, number> | undefined) ?? new Map<string, number>();
  memory.set("unpaired", waiting);
  const text = kind.text.trim();
  const key = `${kind.type} ${text.length} ${text.slice(0, 500)}`;
  const before = waiting.get(key) ?? 0;
  waiting.set(key, before + side);
  if (waiting.size > mostUnpaired) waiting.delete(waiting.keys().next().value ?? "");
  return before * side < 0 ? [{ type: "note", what: "said before" }] : [kind];
}

/** One request's tokens; the cached ones are part of Codex's input. A repeated event has the totals of the first. */
function usageOf(info: unknown): EventKind[] {
  const { total_token_usage: total, last_token_usage: value } = fieldsOf(info) as Record<string, unknown>;
  if (!isFields(value)) return [{ type: "note", what: "token_count" }];
  const cacheRead = count(value["cached_input_tokens"]);
  const usage = {
    input: Math.max(0, count(value["input_tokens"]) - cacheRead),
    output: count(value["output_tokens"]),
    cacheRead,
    cacheWrite: count(value["cache_write_input_tokens"]),
    reasoning: count(value["reasoning_output_tokens"]),
  };
  return [{ type: "usage", key: JSON.stringify([total, value]), usage }];
}
