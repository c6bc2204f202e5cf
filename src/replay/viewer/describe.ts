import type { Lease } from "../leases.ts";
import type { Kind, Moment } from "../page.ts";
import { addressee, laneOf, source } from "./model.ts";
import type { Thing } from "./scene.ts";
import { bytes, clock, counted, long, refusedAct } from "./words.ts";

const nameOf = (lane: number | undefined) => laneOf(lane ?? Number.NaN)?.name ?? "nobody known";

const toOf = (to: number | undefined) => {
  const header = source.value?.header;
  return header ? addressee(to, header) : "somebody";
};

const cut = (text: string, most = 120) => (text.length > most ? `${text.slice(0, most)}…` : text);

const forced = ({ forcedFrom, holder }: Moment) =>
  forcedFrom === undefined ? "" : ` by force, from ${nameOf(holder)}, term ${forcedFrom}`;

type Says = (moment: Moment) => string;
const says: Partial<Record<Kind, Says>> = {
  claim: ({ step, takenFrom, forcedFrom, term }) =>
    forcedFrom !== undefined
      ? `took ${step} by force from another session of its own, term ${term ?? "?"}`
      : takenFrom === undefined
        ? `claimed ${step}, term ${term ?? 1}`
        : `took over ${step}, term ${term ?? "?"}`,
  lost: ({ step, holder, holderTerm }) =>
    `lost the race for ${step}: held by ${nameOf(holder)}${holderTerm === undefined ? "" : `, term ${holderTerm}`}`,
  unresolved: ({ step }) => `tried to claim ${step}; nobody knows what became of it`,
  renew: ({ step }) => `renewed ${step}`,
  lapse: ({ step, term }) => `lease on ${step} lapsed, term ${term ?? "?"}`,
  complete: (moment) => `completed ${moment.step}${forced(moment)}`,
  block: (moment) => `blocked ${moment.step}${forced(moment)}${moment.text ? `: ${cut(moment.text)}` : ""}`,
  review: (moment) => `asked for review of ${moment.step}${forced(moment)}`,
  release: (moment) => `released ${moment.step}${forced(moment)}`,
  reopen: ({ step }) => `reopened ${step}`,
  fenced: (moment) => {
    const { step, term, holderTerm, holder } = moment;
    const held = term === undefined ? "" : `held term ${term}, `;
    return `${refusedAct(moment)} of ${step} refused: ${held}now term ${holderTerm ?? "?"} (${nameOf(holder)})`;
  },
  handoff: ({ step, to, files, text }) =>
    `handed ${step ?? "a step"} to ${toOf(to)}${files ? `, ${counted(files.length, "file")}` : ""}${text ? `: ${cut(text)}` : ""}`,
  send: ({ to, text, urgent }) => `${urgent ? "urgent, " : ""}to ${toOf(to)}: ${cut(text ?? "")}`,
  read: ({ ids }) => `read ${counted(ids?.length ?? 0, "message")}`,
  ack: ({ ids }) => `acknowledged ${counted(ids?.length ?? 0, "message")}`,
  memory: ({ key, deleted, text }) => (deleted ? `deleted ${key}` : `set ${key} = ${cut(text ?? "")}`),
  artifact: ({ key, size }) => `uploaded ${key}${size === undefined ? "" : `, ${bytes(size)}`}`,
  reserve: ({ key, text }) => `reserved ${key ?? text ?? ""}`,
  unreserve: ({ key, text }) => `gave up the reservation of ${key ?? text ?? ""}`,
  join: () => "joined",
  silent: () => "not heard of for 5 m",
};

/** What a moment says, in one line and without its agent and time. */
export function sentence(moment: Moment): string {
  return says[moment.kind]?.(moment) ?? moment.kind;
}

const ends: Readonly<Record<string, string>> = {
  complete: "completed",
  block: "blocked",
  review: "for review",
  release: "released",
  lapse: "lapsed",
  taken: "taken over",
};

function leaseWords(lease: Lease): readonly string[] {
  const ended =
    lease.end === "held" ? "and still held" : `to ${clock(lease.endAt)}, ${ends[lease.end] ?? ""}`;
  const held = lease.end === "held" ? "" : `held ${long(lease.endAt - lease.from)}, `;
  return [
    `${lease.step}, held by ${nameOf(lease.lane)}, term ${lease.term}`,
    `${clock(lease.from)} ${ended}; ${held}renewed ${counted(lease.renewals.length, "time")}`,
  ];
}

/** The two lines of a tip. Everything that they say is also in the list or in State at T. */
export function tipOf(thing: Thing): readonly string[] {
  switch (thing.sort) {
    case "moment": {
      const { moment, more } = thing;
      const rest = more > 0 ? `, and ${more} more close by` : "";
      const said = moment.said === undefined ? "" : `, written as ${clock(moment.said)}`;
      return [`${nameOf(moment.lane)}: ${sentence(moment)}${rest}`, `${clock(moment.at)}${said}`];
    }
    case "lease":
      return leaseWords(thing.lease);
    case "letter": {
      const { letter, reader, at } = thing;
      const read =
        at === undefined ? "never read" : `read by ${nameOf(reader)} after ${long(at - letter.at)}`;
      const text = cut(letter.text ?? "");
      const urgent = letter.urgent ? "urgent, " : "";
      return [
        `${urgent}${nameOf(letter.from)} to ${toOf(letter.to)}: ${text}`,
        `sent ${clock(letter.at)}, ${read}`,
      ];
    }
    default:
      return [
        `${nameOf(thing.lane)}: ${counted(thing.count, "error")}`,
        `${clock(thing.from)} to ${clock(thing.to)}`,
      ];
  }
}
