import type { ComponentChild } from "preact";
import type { Events, Header, Kind, Moment } from "../../page.ts";
import { kinds } from "../../page.ts";
import { bytes, clock, counted, long, refusedAct } from "../words.ts";
import { addressee } from "../model.ts";
import type { Records } from "./records.ts";
import { isFailed } from "./rows.ts";

/** What a line of the list says of an event, and what stands at its right edge. */
export interface Words {
  readonly text: ComponentChild;
  readonly meta?: string;
}

export function kindOf(events: Events, index: number): Kind {
  return kinds[events.kind[index] ?? -1] ?? "unknown";
}

export function toolOf(header: Header, events: Events, index: number): string {
  return header.tools[(events.tool[index] ?? 0) - 1] ?? "";
}

/** The name of a lane; of a session that of its agent, since the agent is who acts. */
export function actor(header: Header, lane: number): string {
  const found = header.lanes[lane];
  if (!found) return "";
  const above = found.parent === undefined ? undefined : header.lanes[found.parent];
  return found.kind === "session" && above ? above.name : found.name;
}

/** A text on one line: what breaks it is shown as a space. */
export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}

const name = (text: string | undefined) => <b>{text ?? "a step"}</b>;
const term = (moment: Moment) => (moment.term === undefined ? {} : { meta: `term ${moment.term}` });

/** Who a message is for. Mail to one who never did anything here says so: the name may be mistyped. */
export function whom(moment: Moment, header: Header): string {
  const { to } = moment;
  if (to === undefined || to < 0) return `${addressee(to, header)}${(to ?? 0) < -1 ? " (never seen)" : ""}`;
  return actor(header, to);
}

/** That a step was ended by force, and whose it had been. */
function byForce({ forcedFrom, holder }: Moment, header: Header): string {
  if (forcedFrom === undefined) return "";
  return ` by force${holder === undefined ? "" : `, from ${actor(header, holder)}`}`;
}

/** When a message was read, or that it never was. */
export function latency(moment: Moment, records: Records): { meta: string } {
  const read = moment.id === undefined ? undefined : records.reads(moment.id);
  if (!read) return { meta: "never read" };
  if (moment.to === -1) return { meta: `read by ${read.count}` };
  return { meta: `read +${long(read.at - moment.at)}` };
}

const claims: { readonly [kind in Kind]?: (moment: Moment, header: Header, records: Records) => Words } = {
  claim: (moment, header, records) => {
    if (moment.forcedFrom !== undefined)
      return {
        text: <>took {name(moment.step)} by force from another session of its own</>,
        ...term(moment),
      };
    if (moment.takenFrom === undefined) return { text: <>claimed {name(moment.step)}</>, ...term(moment) };
    const before = records.holder(moment.step ?? "", moment.takenFrom);
    return {
      text: (
        <>
          took over {name(moment.step)}
          {before !== undefined && ` from ${actor(header, before)}`}
        </>
      ),
      ...term(moment),
    };
  },
  lost: (moment, header) => ({
    text: (
      <>
        lost the race for {name(moment.step)}
        {moment.holder !== undefined && `: held by ${actor(header, moment.holder)}`}
      </>
    ),
    ...(moment.holderTerm !== undefined && { meta: `term ${moment.holderTerm}` }),
  }),
  unresolved: (moment) => ({ text: <>outcome unknown: {name(moment.step)}</>, ...term(moment) }),
  renew: (moment) => ({ text: `renewed ${moment.step ?? ""}` }),
  lapse: (moment) => ({ text: <>lease on {name(moment.step)} lapsed</>, ...term(moment) }),
  complete: (moment, header) => ({
    text: (
      <>
        completed {name(moment.step)}
        {byForce(moment, header)}
      </>
    ),
    ...term(moment),
  }),
  block: (moment, header) => ({
    text: (
      <>
        blocked {name(moment.step)}
        {byForce(moment, header)}
        {because(moment)}
      </>
    ),
    ...term(moment),
  }),
  review: (moment, header) => ({
    text: (
      <>
        asks for review of {name(moment.step)}
        {byForce(moment, header)}
        {because(moment)}
      </>
    ),
    ...term(moment),
  }),
  release: (moment, header) => ({
    text: (
      <>
        released {name(moment.step)}
        {byForce(moment, header)}
        {because(moment)}
      </>
    ),
    ...term(moment),
  }),
  reopen: (moment) => ({
    text: (
      <>
        reopened {name(moment.step)}
        {because(moment)}
      </>
    ),
    ...term(moment),
  }),
  fenced: (moment, header) => ({
    text: (
      <>
        {refusedAct(moment)} {name(moment.step)} refused
        {moment.holder !== undefined && `: held by ${actor(header, moment.holder)}`}
      </>
    ),
    meta: terms(moment),
  }),
};

function terms({ term: had, holderTerm }: Moment): string {
  if (had === undefined) return "not the holder";
  if (holderTerm === undefined) return "fenced";
  return `term ${had}, now ${holderTerm}`;
}

function because({ text }: Moment): string {
  return text ? `: ${oneLine(text)}` : "";
}

function shared(moment: Moment, header: Header, records: Records): Words {
  const text = oneLine(moment.text ?? "");
  switch (moment.kind) {
    case "send":
      return {
        text: (
          <>
            {moment.urgent && <b class="err">urgent </b>}
            <b>to {whom(moment, header)}</b> {text}
          </>
        ),
        ...latency(moment, records),
      };
    case "handoff":
      return {
        text: (
          <>
            handed {moment.step ?? "work"} to{" "}
            <b>{moment.to === undefined ? "whoever comes next" : whom(moment, header)}</b>
            {text && `: ${text}`}
          </>
        ),
        ...(moment.files && { meta: counted(moment.files.length, "file") }),
      };
    case "read":
      return { text: `read ${counted(moment.ids?.length ?? 0, "message")}` };
    case "ack":
      return { text: `acknowledged ${counted(moment.ids?.length ?? 0, "message")}` };
    case "memory":
      return {
        text: moment.deleted ? `deleted ${moment.key ?? ""}` : `set ${moment.key ?? ""} = ${text}`,
      };
    case "artifact":
      return {
        text: `uploaded ${moment.step ? `${moment.step}/` : ""}${moment.key ?? ""}`,
        ...(moment.size !== undefined && { meta: bytes(moment.size) }),
      };
    case "reserve":
      return { text: `reserved ${moment.key ?? text}`, ...(moment.key !== undefined && { meta: text }) };
    case "unreserve":
      return { text: `gave up ${moment.key ?? text}` };
    case "join":
      return { text: text ? `joined: ${text}` : "joined" };
    case "silent":
      return {
        text: "not heard of for 5 m",
        ...(moment.until !== undefined && { meta: `silent until ${clock(moment.until)}` }),
      };
    default:
      return { text: text || moment.kind };
  }
}

/** What a record of the bucket says, in words. */
export function momentWords(moment: Moment, header: Header, records: Records): Words {
  return claims[moment.kind]?.(moment, header, records) ?? shared(moment, header, records);
}

/** What an event of a transcript says, in words. */
export function eventWords(header: Header, events: Events, index: number, preview: string): Words {
  const text = oneLine(preview);
  const tool = toolOf(header, events, index);
  switch (kindOf(events, index)) {
    case "prompt":
      return { text: <b>{text}</b> };
    case "call":
      return { text: `${tool || "call"} ${text}` };
    case "result":
      return isFailed(events, index)
        ? { text: `${tool || "call"} failed: ${text}` }
        : { text: `${tool ? `${tool}: ` : ""}${text}` };
    case "thought":
      return { text: text || "thought", meta: "thought" };
    case "model":
      return { text: `model ${text || (header.models[(events.model[index] ?? 0) - 1] ?? "")}` };
    case "compaction":
      return { text: text ? `context compacted: ${text}` : "context compacted" };
    case "note":
      return { text, meta: "note" };
    case "unknown":
      return { text: text || "unknown record", meta: "not understood" };
    default:
      return { text };
  }
}
