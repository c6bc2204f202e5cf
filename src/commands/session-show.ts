import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { harnessNamed } from "../harness/all.ts";
import { findSession } from "../sessions/catalogue.ts";
import { told, type Told } from "../sessions/event-text.ts";
import type { Manifest } from "../sessions/manifest-record.ts";
import { tailOf } from "../sessions/tail.ts";
import { defineCommand } from "./command.ts";
import { frame } from "./frame.ts";
import { wholeNumber } from "./session-list.ts";
import { shown, shownLine } from "./text.ts";
import { plainTime, size } from "./values.ts";

/** Events that are shown unless said otherwise, and how much of one. */
const usualEvents = "20";
const eventChars = 2_000;

export const sessionShow = defineCommand({
  name: "session show",
  summary: "Show a mirrored session: its manifest, its last lines or what they say",
  positionals: { id: { help: "the session, or how its id begins" } },
  options: {
    tail: { placeholder: "N", help: "the last lines as they are (with --events: the last events)" },
    events: { help: "what was said and done, one event a line" },
  },
  exits: { not_found: "no such session" },
  examples: ["tracecraft session show 5c1d --tail 2", "tracecraft session show 5c1d --events"],
  needs: "project",

  async run({ project }, { id, tail, events }) {
    const found = await findSession(project, id, "show");
    const { record: manifest } = found;
    if (events) {
      const wanted = wholeNumber("--tail", tail ?? usualEvents);
      const last = await lastEvents(project, found, wanted);
      const nonce = project.world.randomHex(4);
      const lines = last.map(({ at, kind, text }) => ({
        label: `${timeWords(at)}  ${kind}: `,
        body:
          text.length > eventChars
            ? `${text.slice(0, eventChars).toWellFormed()}… (${size(Buffer.byteLength(text))})`
            : text,
      }));
      return {
        data: {
          harness: manifest.harness,
          session: manifest.session_id,
          events: last.map(({ at, kind, text }) => ({ at: at ?? null, kind, text })),
          untrusted: true,
        },
        text: (view) => frame({ kind: "found", nonce, from: [manifest.agent_id ?? "?"], lines }, view),
      };
    }
    const lines = tail === undefined ? [] : (await tailOf(project, found, wholeNumber("--tail", tail))).lines;
    const texts = lines.map((line) => Buffer.from(line).toString());
    return {
      data: { manifest, ...(tail !== undefined && { tail: texts }), untrusted: true },
      text: [
        shown(JSON.stringify(manifest, undefined, 2)),
        ...(tail === undefined ? [] : ["", "--- tail ---", ...texts.map(shownLine)]),
      ].join("\n"),
    };
  },
});

/** The last events of a conversation: as many lines from the end as it takes. */
async function lastEvents(project: Project, found: Found<Manifest>, wanted: number): Promise<Told[]> {
  const harness = harnessNamed(found.record.harness);
  for (let lines = Math.max(50, wanted * 4); ; lines *= 8) {
    const tail = await tailOf(project, found, lines);
    const memory = new Map<string, unknown>();
    const events = tail.lines.flatMap((line) =>
      harness === undefined
        ? [{ at: undefined, kind: "line", text: Buffer.from(line).toString() }]
        : harness.events(line, memory).flatMap((event) => told(event) ?? []),
    );
    const enough = events.length >= wanted || tail.whole || tail.lines.length < lines;
    if (enough) return wanted === 0 ? [] : events.slice(-wanted);
  }
}

/** A harness writes times as it likes. */
export function timeWords(at: string | undefined): string {
  const ms = Date.parse(at ?? "");
  return Number.isFinite(ms) ? plainTime(ms) : "-";
}
