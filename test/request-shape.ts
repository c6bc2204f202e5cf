import type { Seen } from "./s3-faults.ts";

/**
 * What a request is, without what differs from run to run: method, key and condition, such as
 * `PUT steps/design/claim.json new` or `LIST messages/web-1/`. `prefix` is what lies before every key of the project.
 */
export function requestShape({ method, key, query, headers }: Seen, prefix: string): string {
  if (key === "") {
    return "list-type" in query ? `LIST ${within(query["prefix"] ?? "", prefix)}` : `${method} the bucket`;
  }
  const name = keyShape(within(key, prefix));
  if (method !== "PUT") return `${method} ${name}`;
  const condition =
    headers["if-none-match"] !== undefined ? "new" : headers["if-match"] !== undefined ? "same" : "any";
  return `PUT ${name} ${condition}`;
}

/** `events/2026-11-22/1795357500000000000_web-1_0a1b2c3d.json` as `events/<day>/<ns>_web-1_<id>.json`. */
export function keyShape(key: string): string {
  return key
    .replace(/^events\/\d{4}-\d\d-\d\d\//, "events/<day>/")
    .replace(/\/\d{19}_/, "/<ns>_")
    .replace(/_[0-9a-f]{8}\.json$/, "_<id>.json")
    .replace(/\/part-(\d+)-[0-9a-f]{8}\.jsonl$/, "/part-$1-<id>.jsonl")
    .replace(/^_meta\/probe\/.*$/, "_meta/probe/<id>");
}

function within(key: string, prefix: string): string {
  return key.startsWith(prefix) ? key.slice(prefix.length) : key;
}
