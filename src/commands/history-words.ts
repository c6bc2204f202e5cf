import type { HistoryEntry } from "../coord/history-entries.ts";
import { shownLine } from "./text.ts";
import { count, plainTime, shortId, size } from "./values.ts";

/** An entry as one line of `log`: time, agent, kind, what. Every field may be hostile. */
export function entryCells(
  entry: HistoryEntry,
): readonly [time: string, agent: string, kind: string, what: string] {
  return [
    plainTime(Date.parse(entry.at)),
    shownLine(entry.agent),
    kindWords(entry),
    shownLine(detailWords(entry)),
  ];
}

/** An entry for `--json`. */
export function entryJson({ at, kind, agent, id, details, outcome }: HistoryEntry): Record<string, unknown> {
  return {
    at,
    kind,
    agent,
    ...details,
    ...(outcome && { outcome: outcome.outcome }),
    ...(outcome?.outcome === "lost" && outcome.to !== undefined && { lost_to: outcome.to }),
    id,
  };
}

const transitions: Readonly<Record<string, string>> = {
  complete: "complete",
  blocked: "block",
  needs_review: "needs-review",
  released: "release",
};

function kindWords({ kind, details }: HistoryEntry): string {
  if (kind === "transition")
    return details["reopened"] ? "reopen" : (transitions[text(details["state"])] ?? "change");
  if (kind === "refused" && details["why"] === "fenced") return "fenced";
  return shownLine(kind);
}

function detailWords({ kind, details, outcome, id }: HistoryEntry): string {
  const { step, term, size_bytes: bytes } = details as Record<string, unknown>;
  switch (kind) {
    case "claim":
    case "transition": {
      const words =
        outcome?.outcome === "lost"
          ? `lost${outcome.to === undefined ? "" : ` to ${outcome.to}`}`
          : outcome?.outcome;
      return `${text(step)} ${words ?? "unresolved"}${words === "won" ? `, term ${text(term)}` : ""}`;
    }
    case "renew":
      return `${text(step)}, term ${text(term)}`;
    case "refused": {
      const { act, why, found_term: found, found_agent: by } = details;
      if (why === "fenced") return `${text(act)} ${text(step)} refused, term ${text(term)} of ${text(found)}`;
      return `${text(act)} ${text(step)} refused, ${text(why)}${by ? ` by ${text(by)}` : ""}`;
    }
    case "send": {
      const urgent = details["importance"] === "urgent" ? ", urgent" : "";
      return `to ${text(details["to"])}, ${amount(bytes)}, ${id}${urgent}`;
    }
    case "memory": {
      const what = details["op"] === "delete" ? "delete" : "set";
      return `${what} ${text(details["key"])}, ${amount(bytes)}, revision ${text(details["revision"])}`;
    }
    case "artifact":
      return `${text(details["key"])} ${amount(details["size"])}${details["replaced"] ? ", replaced" : ""}`;
    case "agent":
      return `registered${details["harness"] ? `, ${text(details["harness"])}` : ""}`;
    case "read":
      return count(Number(details["count"]) || 0, "message");
    case "ack":
      return `${shortId(text(details["message_id"]))} from ${text(details["from"])}`;
    case "reserve":
      return `${text(details["pattern"])} ${details["given_back"] ? "given back" : text(details["mode"])}`;
    default:
      return text(step);
  }
}

function amount(bytes: unknown): string {
  return typeof bytes === "number" && bytes >= 0 ? size(bytes) : "-";
}

function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : "-";
}
