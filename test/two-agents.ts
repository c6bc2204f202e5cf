import { claimKey, statusKey } from "../src/format/keys.ts";
import type { ClaimRecord } from "../src/coord/claim-record.ts";
import { objects, plant, storyTime, testProject, type TestClock, type TestProject } from "./project.ts";
import { scriptedStore, type ScriptedStore } from "./sim/scripted-store.ts";
import type { Session } from "../src/coord/project.ts";

/** A bucket in which chosen requests go wrong, and agents on machines of their own. */
export interface Meeting {
  readonly clock: TestClock;
  readonly store: ScriptedStore;
  /** The same agent and session again is the same machine with its local state. */
  agent(name: string, options?: { session?: Partial<Session>; skewMs?: number }): TestProject;
  claim(step: string): Promise<ClaimRecord>;
  record<T = Record<string, unknown>>(key: string): Promise<T | undefined>;
  plant(key: string, value: unknown): Promise<void>;
  /** The journal, oldest first. */
  events(): Promise<Record<string, unknown>[]>;
  pass(seconds: number): void;
}

export function meeting(): Meeting {
  const clock = { now: storyTime };
  const store = scriptedStore(() => clock.now);
  const record = async <T>(key: string): Promise<T | undefined> => {
    const found = (await objects(store, key))[key];
    return found === undefined ? undefined : (JSON.parse(found) as T);
  };
  return {
    clock,
    store,
    agent: (name, options = {}) => testProject({ store, clock, agent: name, ...options }),
    async claim(step) {
      const found = await record<ClaimRecord>(claimKey(step));
      if (!found) throw new Error(`nobody claimed ${step}`);
      return found;
    },
    record,
    plant: (key, value) => plant(store, key, value),
    async events() {
      return Object.values(await objects(store, "events/")).map(
        (text) => JSON.parse(text) as Record<string, unknown>,
      );
    },
    pass: (seconds) => void (clock.now += seconds * 1000),
  };
}

/** What a client of format 1 leaves behind. */
export async function formatOneClaim(at: Meeting, step: string, agent: string): Promise<void> {
  const time = new Date(at.clock.now).toISOString().replace("Z", "+00:00");
  await at.plant(claimKey(step), { agent, claimed_at: time });
  await at.plant(statusKey(step), { status: "in_progress", agent, started_at: time });
}

export async function formatOneStatus(
  at: Meeting,
  step: string,
  agent: string,
  status = "complete",
): Promise<void> {
  const time = new Date(at.clock.now).toISOString().replace("Z", "+00:00");
  await at.plant(statusKey(step), { status, agent, started_at: time, completed_at: time });
}
