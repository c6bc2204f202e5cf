import type { Store } from "../src/store/store.ts";

/**
 * A model of the published tool (tracecraft-ai 0.2), for what it reads and writes: status.json first, then claim.json;
 * its `complete` checks the claim's agent, then puts status.json and handoff.json and never touches the claim. It
 * throws where Python would end with an exception.
 */
export interface OldClient {
  stepStatus(step: string): Promise<string>;
  claim(step: string): Promise<string>;
  complete(step: string, words?: OldWords): Promise<string>;
  waitFor(step: string): Promise<"complete" | "blocked" | "waiting" | "needs review">;
  inbox(): Promise<string[]>;
  send(to: string, text: string): Promise<void>;
  memoryGet(key: string): Promise<string | undefined>;
  memorySet(key: string, value: string): Promise<void>;
  memoryList(): Promise<string[]>;
  artifacts(): Promise<string[]>;
  agents(): Promise<{ id: string; status: string; step: string | null; stale: boolean }[]>;
  handoff(step: string): Promise<OldHandoff | undefined>;
}

export interface OldWords {
  readonly state?: "complete" | "blocked" | "needs_review";
  readonly note?: string;
  readonly to?: string;
  readonly force?: boolean;
}

export interface OldHandoff {
  readonly from_agent: string;
  readonly from_step: string;
  readonly next_agent: string | null;
  readonly state: string;
  readonly next_action: string | null;
  readonly note: string;
  readonly created_at: number;
  readonly changed_files?: readonly string[];
}

type Fields = Record<string, unknown>;

const staleMs = 5 * 60_000;

/** As Python writes a time: microseconds, `+00:00`. */
export function oldTime(ms: number): string {
  return new Date(ms).toISOString().replace("Z", "000+00:00");
}

/**
 * Python's datetime.fromisoformat before 3.11, in ms: it takes what isoformat() writes, three or six digits of a
 * second, an offset with a colon, and no `Z`.
 */
export function fromIsoFormat(source: unknown): number {
  const date = String.raw`(\d{4})-(\d\d)-(\d\d)`;
  const time = String.raw`(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{3}|\d{6}))?)?)?`;
  const pattern = new RegExp(`^${date}(?:.${time}([+-]\\d\\d:\\d\\d(?::\\d\\d(?:\\.\\d{6})?)?)?)?$`, "s");
  const found = typeof source === "string" ? pattern.exec(source) : null;
  if (!found) throw new Error(`ValueError: Invalid isoformat string: ${JSON.stringify(source)}`);
  const [, year, month, day, hour = "00", minute = "00", second = "00", fraction = "0", offset] = found;
  if (offset === undefined)
    throw new Error("TypeError: can't subtract offset-naive and offset-aware datetimes");
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction}${offset}`);
  if (Number.isNaN(ms) || year === "0000") throw new Error(`ValueError: out of range: ${String(source)}`);
  return ms;
}

export function oldClient(store: Store, agent: string, now: () => number): OldClient {
  async function read(key: string): Promise<Fields | undefined> {
    const object = await store.get(key, { limit: 1 << 26 });
    return object && (JSON.parse(Buffer.from(object.body).toString()) as Fields);
  }
  async function put(key: string, record: Fields): Promise<void> {
    await store.put(key, Buffer.from(JSON.stringify(record, undefined, 2)), "anything");
  }
  async function keys(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for await (const { objects } of store.list(prefix)) found.push(...objects.map(({ key }) => key));
    return found;
  }
  async function standing(step: string): Promise<{ status: string; agent: unknown }> {
    const status = await read(`steps/${stepOf(step)}/status.json`);
    if (status) return { status: text(status, "status"), agent: status["agent"] ?? null };
    const claim = await read(`steps/${stepOf(step)}/claim.json`);
    return claim ? { status: "in_progress", agent: claim["agent"] } : { status: "pending", agent: null };
  }

  return {
    async stepStatus(step) {
      const { status, agent: by } = await standing(step);
      return status === "pending" && by === null ? `${step}: pending` : `${step}: ${status} (agent: ${by})`;
    },

    async claim(step) {
      const key = `steps/${stepOf(step)}/claim.json`;
      const there = await read(key);
      if (there) return `Error: Step ${step} already claimed by ${there["agent"]}`;
      const at = oldTime(now());
      await put(key, { agent, claimed_at: at });
      await put(`steps/${stepOf(step)}/status.json`, { status: "in_progress", agent, started_at: at });
      return `Claimed step ${step} as ${agent}`;
    },

    async complete(step, { state = "complete", note = "", to, force = false } = {}) {
      const id = stepOf(step);
      const claim = await read(`steps/${id}/claim.json`);
      const holder = claim?.["agent"] ?? null;
      if (holder !== null && holder !== agent && !force)
        return `Error: Step ${step} is claimed by '${holder}', not '${agent}'.`;
      const before = await read(`steps/${id}/status.json`);
      const at = oldTime(now());
      await put(`steps/${id}/status.json`, {
        status: state,
        agent,
        started_at: before?.["started_at"] ?? claim?.["claimed_at"] ?? at,
        ...(state === "complete" && { completed_at: at }),
      });
      await put(`steps/${id}/handoff.json`, {
        schema: 2,
        from_agent: agent,
        from_step: id,
        next_agent: to ?? null,
        state,
        next_action: null,
        note,
        created_at: at,
      });
      return `Completed step ${step}`;
    },

    async waitFor(step) {
      const { status } = await standing(step);
      if (status === "complete" || status === "blocked") return status;
      return status === "needs_review" ? "needs review" : "waiting";
    },

    async inbox() {
      const found: Fields[] = [];
      for (const [folder, kind] of [
        [agent, "direct"],
        ["_broadcast", "broadcast"],
      ] as const) {
        for (const key of await keys(`messages/${folder}/`)) {
          const message = await read(key);
          if (message && (kind === "direct" || message["from"] !== agent)) found.push({ ...message, kind });
        }
      }
      return found
        .toSorted((a, b) => (text(a, "sent_at") < text(b, "sent_at") ? -1 : 1))
        .map((one) => `[${one["sent_at"]}] (${one["kind"]}) ${text(one, "from")}: ${text(one, "message")}`);
    },

    async send(to, message) {
      const ns = `${BigInt(now()) * 1_000_000n}`;
      const id = Math.trunc(now()).toString(16).slice(-8).padStart(8, "0");
      await put(`messages/${to}/${ns}_${agent}_${id}.json`, {
        from: agent,
        to,
        message,
        sent_at: oldTime(now()),
      });
    },

    async memoryGet(key) {
      const record = await read(`memory/${key.replaceAll(".", "/")}.json`);
      if (!record) return undefined;
      text(record, "set_by");
      fromIsoFormat(record["set_at"]);
      return String(record["value"]);
    },

    async memorySet(key, value) {
      await put(`memory/${key.replaceAll(".", "/")}.json`, { value, set_by: agent, set_at: oldTime(now()) });
    },

    memoryList: async () =>
      (await keys("memory/")).map((key) => key.slice("memory/".length, -".json".length).replaceAll("/", ".")),

    artifacts: () => keys("artifacts/"),

    async agents() {
      const found = [];
      for (const key of await keys("agents/")) {
        const record = (await read(key))!;
        found.push({
          id: text(record, "id"),
          status: text(record, "status"),
          step: (record["step"] ?? null) as string | null,
          stale: now() - fromIsoFormat(record["heartbeat"]) > staleMs,
        });
      }
      return found;
    },

    async handoff(step) {
      const record = await read(`steps/${stepOf(step)}/handoff.json`);
      if (!record) return undefined;
      for (const field of ["from_agent", "from_step", "state", "note"]) text(record, field);
      for (const field of ["next_agent", "next_action"]) {
        if (!(field in record)) throw new Error(`KeyError: ${field}`);
      }
      return { ...(record as unknown as OldHandoff), created_at: fromIsoFormat(record["created_at"]) };
    },
  };
}

function stepOf(step: string): string {
  return step.toLowerCase().replaceAll(".", "-");
}

/** A field that Python reads by its name and uses as text. */
function text(record: Fields, field: string): string {
  const value = record[field];
  if (typeof value !== "string")
    throw new Error(`${value === undefined ? "KeyError" : "TypeError"}: ${field}`);
  return value;
}
