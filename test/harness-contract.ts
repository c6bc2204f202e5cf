import { rmSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sumUsage, type HarnessEvent, type Usage } from "../src/harness/events.ts";
import type { Harness, Host, Session } from "../src/harness/harness.ts";
import { filesUnder, fixturePath, readAll, testHost } from "./harness-home.ts";

/** `expected.json` in the folder of fixtures: what its home folder holds for the folder `cwd`. */
interface Expected {
  readonly cwd: string;
  readonly sessions: readonly {
    readonly id: string;
    readonly parent?: string;
    readonly records: number;
    readonly attachments?: readonly string[];
    /** How many of each kind; notes are not counted. */
    readonly events: Readonly<Record<string, number>>;
    readonly usage?: Partial<Usage>;
  }[];
}

const kinds = "prompt reply thought call result usage model compaction error note unknown".split(" ");

/** What every adapter owes its callers, checked on its fixtures. */
export function harnessContract(harness: Harness): void {
  const fixtures = JSON.parse(readFileSync(fixturePath(harness.name, "expected.json"), "utf8")) as Expected;
  const found = async (host: Host) => (await harness.sessions(host, fixtures.cwd)).sessions;

  describe(`${harness.name} keeps the harness contract`, () => {
    it("sessions() finds those of a folder, by ids fit for keys, and no others", async () => {
      const host = testHost(harness.name);
      const here = await harness.sessions(host, fixtures.cwd);
      expect(here.problems).toEqual([]);
      expect(here.sessions.map(({ id }) => id).toSorted()).toEqual(
        fixtures.sessions.map(({ id }) => id).toSorted(),
      );
      for (const { id, parent } of here.sessions) {
        expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
        expect(parent).toBe(fixtures.sessions.find((session) => session.id === id)?.parent);
      }
      expect((await harness.sessions(host, "/nowhere/at/all")).sessions).toEqual([]);
      const everywhere = await harness.sessions(host, undefined);
      expect(everywhere.sessions.length).toBeGreaterThanOrEqual(here.sessions.length);
      expect(new Set(everywhere.sessions.map(({ id }) => id)).size).toBe(everywhere.sessions.length);
    });

    it("sessions() of a machine without the harness is empty, and no problem", async () => {
      expect(await harness.sessions(testHost(), undefined)).toEqual({
        sessions: [],
        problems: [],
        warnings: [],
      });
    });

    it("read() gives every record once, wherever it is cut and taken up again", async () => {
      const host = testHost(harness.name);
      for (const session of await found(host)) {
        const whole = await readAll(harness, host, session);
        expect(whole.records).toHaveLength(
          fixtures.sessions.find(({ id }) => id === session.id)?.records ?? -1,
        );
        expect(whole.batches[0]?.began).toBe("first");
        const cut = await readAll(harness, host, session, undefined, { batchBytes: 1 });
        expect(cut.records).toEqual(whole.records);
        let before = 0;
        for (const batch of cut.batches) {
          before += batch.records.length;
          expect(JSON.stringify(batch.cursor).length).toBeLessThanOrEqual(64 * 1024);
          const rest = await readAll(harness, host, session, batch.cursor);
          expect(rest.records).toEqual(whole.records.slice(before));
          expect(rest.batches.map(({ began }) => began)).not.toContain("first");
        }
      }
    });

    it("read() starts a generation when the cursor is not its own", async () => {
      const host = testHost(harness.name);
      for (const session of await found(host)) {
        const whole = await readAll(harness, host, session);
        for (const cursor of [
          {},
          { kind: "log", offset: -1 },
          { kind: "table", blocks: "????" },
          { kind: "?" },
        ]) {
          const again = await readAll(harness, host, session, cursor);
          expect(again.records).toEqual(whole.records);
          expect(["cursor", "replaced"]).toContain(again.batches[0]?.began);
        }
      }
    });

    it("read() writes nothing and leaves nothing behind", async () => {
      const host = testHost(harness.name);
      const state = () => filesUnder(join(host.temp)).map((path) => [path, readFileSync(path, "base64")]);
      const before = state();
      for (const session of await found(host)) await readAll(harness, host, session);
      expect(state()).toEqual(before);
    });

    it("read() of a session that is gone says so, and keeps the cursor", async () => {
      const host = testHost(harness.name);
      for (const session of await found(host)) {
        const whole = await readAll(harness, host, session);
        for (const path of session.paths)
          for (const end of ["", "-wal", "-shm"]) rmSync(path + end, { force: true });
        const gone = await readAll(harness, host, session, whole.last.cursor);
        expect(gone.last).toMatchObject({ records: [], end: "vanished" });
        const { gate: _gate, ...kept } = whole.last.cursor;
        expect(gone.last.cursor).toMatchObject(kept);
        break; // A database holds them all.
      }
    });

    it("events() has the conversation, calls with their results, and tokens once", async () => {
      const host = testHost(harness.name);
      for (const session of await found(host)) {
        const want = fixtures.sessions.find(({ id }) => id === session.id);
        const events = await eventsOf(harness, host, session);
        const counts: Record<string, number> = {};
        for (const { type } of events) if (type !== "note") counts[type] = (counts[type] ?? 0) + 1;
        expect(counts, session.id).toEqual(want?.events);
        expect(sumUsage(events), session.id).toMatchObject(want?.usage ?? {});
        const calls = events.flatMap((event) => (event.type === "call" ? [event.call] : []));
        const results = events.flatMap((event) => (event.type === "result" ? [event.call] : []));
        expect(results.toSorted()).toEqual(calls.toSorted());
        expect((session.attachments ?? []).map(({ name }) => name)).toEqual(want?.attachments ?? []);
      }
    });

    it("events() makes something of anything", () => {
      const memory = new Map();
      const line = fc.oneof(
        fc.uint8Array(),
        fc.json().map((text) => new TextEncoder().encode(text)),
        fc
          .record(
            { type: fc.constantFrom("user", "assistant", "message", "event_msg", "response_item", "system") },
            {},
          )
          .chain((fields) =>
            fc.object().map((rest) => new TextEncoder().encode(JSON.stringify({ ...rest, ...fields }))),
          ),
      );
      fc.assert(
        fc.property(line, (record) => {
          const events = harness.events(record, memory);
          expect(events.length).toBeGreaterThan(0);
          for (const { type } of events) expect(kinds).toContain(type);
        }),
        { numRuns: 300 },
      );
    });

    it("place() stays in the home folder, whatever the session calls itself", async () => {
      const host = testHost(harness.name);
      for (const { id, paths, parent } of await found(host)) {
        const file = paths[0]?.split("/").at(-1) ?? "";
        const place = harness.place(host, { id, file, parent }, fixtures.cwd);
        if (place === undefined) continue;
        expect(basename(place)).toBe(file);
        expect(place.startsWith(host.home)).toBe(true);
        if (parent === undefined) expect(place).toBe(paths[0]);
      }
      for (const name of ["../../x", "..", "/etc/passwd", "a/b", "", ".hidden", "x".repeat(200)]) {
        const place = harness.place(
          host,
          { id: name, file: `${name}.jsonl`, parent: name },
          "/home/ana/other",
        );
        expect(place).toBeUndefined();
      }
    });
  });
}

async function eventsOf(harness: Harness, host: Host, session: Session): Promise<HarnessEvent[]> {
  const memory = new Map();
  const events: HarnessEvent[] = [];
  for await (const { records } of harness.read(host, session, undefined)) {
    for (const record of records) events.push(...harness.events(record, memory));
  }
  return events;
}
