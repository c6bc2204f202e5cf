import type { Fault, Plan } from "./s3-faults.ts";
import { s3Error, type Quirks } from "./s3-objects.ts";

/** What is tried in each trouble. MODE: `text` or `json`, so that both are tried on something of their own. */
export const commands = {
  claim: "claim free-MODE",
  complete: "complete held-MODE",
  send: "send api-2 hello",
  inbox: "inbox",
  set: "memory set key second",
  get: "memory get key",
  status: "status",
  upload: "artifact upload file.txt",
} as const;
export type Name = keyof typeof commands;
type Statuses = Readonly<Record<Name, number>>;

/** The same status for every command, but for some. */
export const all = (status: number, but: Partial<Statuses> = {}): Statuses => {
  const same = Object.keys(commands).map((name) => [name, status] as const);
  return { ...(Object.fromEntries(same) as unknown as Statuses), ...but };
};

/** What a store, or the way to it, is like, and what each command must end with there. */
export interface Trouble {
  readonly env?: Readonly<Record<string, string>>;
  readonly quirks?: Quirks;
  readonly plan?: Plan;
  readonly statuses: Statuses;
  /** What every error says. */
  readonly says: RegExp;
  /** How long a command may take, where that is not the usual. */
  readonly withinMs?: number;
}

const reply = (status: number, body: string, headers: Record<string, string> = {}): Fault => {
  return { kind: "reply", status, body, headers };
};
export const refusal = (status: number, code: string): Fault => {
  const { body, headers } = s3Error(status, code);
  return reply(status, String(body), headers);
};
const page = "<!doctype html><title>Log in</title><p>Welcome to the hotel</p>";

export const troubles: Readonly<Record<string, Trouble>> = {
  "wrong keys": {
    env: { AWS_SECRET_ACCESS_KEY: "wrong" },
    statuses: all(4),
    says: /^Error: Cannot open "s3:\/\/bucket\/shop": the keys are refused\nCause: 403 SignatureDoesNotMatch/,
  },
  "unknown keys": {
    env: { AWS_ACCESS_KEY_ID: "nobody" },
    statuses: all(4),
    says: /: the keys are refused\nCause: 403 InvalidAccessKeyId/,
  },
  "a bucket that is gone": {
    plan: () => refusal(404, "NoSuchBucket"),
    statuses: all(5),
    says: /^Error: Cannot open "s3:\/\/bucket\/shop": no bucket "bucket"\n/,
  },
  "a bucket that may only be read": {
    quirks: { denies: ({ method }) => method !== "GET" && method !== "HEAD" },
    // What could be read is shown, and a warning says that it is not marked.
    statuses: all(4, { inbox: 0, get: 0, status: 0 }),
    says: /: access denied to PUT .*\nCause: 403 AccessDenied/,
  },
  "no right to list": {
    quirks: { noListBucket: true, denies: ({ key, query }) => key === "" && "list-type" in query },
    statuses: all(0, { inbox: 4, status: 4, upload: 4 }),
    says: /: access denied to (?:LIST|GET) .*\nCause: 403 AccessDenied/,
  },
  "a clock that the store refuses whatever is sent": {
    quirks: { skewMs: 20 * 60_000 },
    plan: () => refusal(403, "RequestTimeTooSkewed"),
    statuses: all(2),
    says: /^Error: Clock is 20m behind the store\n/,
  },
  "a store that can do nothing (501)": {
    plan: () => refusal(501, "NotImplemented"),
    statuses: all(2, { claim: 9, complete: 9 }),
    says: /\nCause: 501 NotImplemented/,
  },
  "a store that is too busy (503)": {
    plan: () => refusal(503, "SlowDown"),
    statuses: all(7),
    says: /it answers 503/,
  },
  "a web page instead of a store": {
    plan: () => reply(200, page, { "content-type": "text/html" }),
    statuses: all(2, { claim: 7, complete: 7, set: 7 }),
    says: /the endpoint does not answer as S3 does/,
  },
  "a web page that says 404": {
    plan: () => reply(404, page, { "content-type": "text/html" }),
    statuses: all(2),
    says: /: the endpoint does not answer as S3 does\nCause: 404/,
  },
  "a black hole: connected, and never an answer": {
    plan: () => ({ kind: "silent" }),
    statuses: all(7),
    says: /outcome unknown after 10s|: no answer within |: silent for /,
  },
};
