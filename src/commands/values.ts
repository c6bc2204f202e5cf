import { TracecraftError } from "../errors.ts";
import type { View } from "./command.ts";

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const unitSeconds: Readonly<Record<string, number>> = { d: day, h: hour, m: minute, s: 1 };
const sizeUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

/** A point in time, ms since the epoch, to the second: `2026-11-22T14:05:00Z`. */
export function plainTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** A point in time as that view tells it: on a terminal by its distance, over a day away by its date (UTC). */
export function timeFor(view: Pick<View, "layout" | "absolute">, ms: number, nowMs: number): string {
  if (view.layout === "plain" || view.absolute) return plainTime(ms);
  const awayS = Math.floor(Math.abs(nowMs - ms) / 1000);
  if (awayS > day) {
    const [, month, date, time] = /^\w+, (\d+) (\w+) \d+ (\d+:\d+)/.exec(new Date(ms).toUTCString()) ?? [];
    return `${date} ${Number(month)} ${time}`;
  }
  if (awayS === 0) return "now";
  return ms < nowMs ? `${span(awayS)} ago` : `in ${span(awayS)}`;
}

/** A span, rounded down: `40s`, `41m` (also `60m`), from two hours on `2h05m`, from two days on `3d`. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < minute) return `${whole}s`;
  if (whole < 2 * hour) return `${Math.floor(whole / minute)}m`;
  if (whole >= 2 * day) return `${Math.floor(whole / day)}d`;
  const minutes = Math.floor((whole % hour) / minute);
  return `${Math.floor(whole / hour)}h${minutes === 0 ? "" : `${String(minutes).padStart(2, "0")}m`}`;
}

/** The seconds of a span as somebody typed it: `40s`, `60m`, `2h05m`, `3d`. Without a unit it is refused: 60 of what? */
export function parseSpan(text: string): number {
  const seconds = secondsIn(text);
  if (seconds !== undefined) return seconds;
  throw new TracecraftError(
    "usage",
    `Cannot read "${text.slice(0, 60)}": a span is such as 40s, 60m, 2h05m or 3d`,
  );
}

function secondsIn(text: string): number | undefined {
  const parts = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$/.exec(text.trim());
  if (!parts?.[0]) return undefined;
  return ["d", "h", "m", "s"].reduce(
    (sum, unit, at) => sum + Number(parts[at + 1] ?? 0) * unitSeconds[unit]!,
    0,
  );
}

/** No lease is longer: a mistyped one would keep a step from everybody. */
const longestTtlS = 366 * day;

/** The seconds of a `--ttl`, for an error that names what was to be done. */
export function parseTtl(text: string, act: string, thing: string): number {
  const cannot = `Cannot ${act} "${thing.slice(0, 200)}": --ttl`;
  const seconds = secondsIn(text);
  if (seconds === undefined) {
    throw new TracecraftError("usage", `${cannot} "${text.slice(0, 60)}" is no span such as 40s, 60m or 2h`, {
      ...(/^\d{1,4}$/.test(text) &&
        thing.length <= 200 &&
        typed(thing) === thing && { hint: `tracecraft ${act} ${thing} --ttl ${text}m` }),
    });
  }
  if (seconds >= 1 && seconds <= longestTtlS) return seconds;
  const why = seconds < 1 ? "under 1s" : "over 366d";
  throw new TracecraftError("usage", `${cannot} is ${why}`);
}

/** A path, or any other word, as it is typed in a shell. */
export function typed(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** A size in units of 1,024: `269 B`, `12.4 KiB`. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (Number(value.toFixed(unit === 0 ? 0 : 1)) >= 1024 && unit < sizeUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${sizeUnits[unit]}`;
}

const bytesIn: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
};

/** The bytes of a size as somebody typed it: `50MB`, `1.5GiB`, `800000`. */
export function parseSize(text: string, option: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,12}(?:\.\d{1,3})?) ?([kmg]?i?b)?$/i.exec(text.trim()) ?? [];
  const factor = bytesIn[unit.toUpperCase() || "B"];
  if (digits !== "" && factor !== undefined) return Math.floor(Number(digits) * factor);
  throw new TracecraftError(
    "usage",
    `Cannot read ${option} "${text.slice(0, 60)}": a size is such as 800KB, 50MB or 1GiB`,
  );
}

/** A moment as somebody typed it, in ms since 1970: a span before now (`2d`), or a date, a time in it, and its zone. */
export function parseWhen(text: string, nowMs: number, option: string): number {
  if (/^\d+[dhms]/.test(text.trim())) return nowMs - parseSpan(text) * 1000;
  const written =
    /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/.test(text);
  const at = written ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(at)) return at;
  throw new TracecraftError(
    "usage",
    `Cannot read ${option} "${text.slice(0, 60)}": a span such as 2d, or a time such as 2026-11-22T14:00Z`,
  );
}

/** `1 message`, `12408 messages`. */
export function count(n: number, noun: string): string {
  if (n === 1) return `1 ${noun}`;
  return `${n} ${noun}${/(?:s|x|ch|sh)$/.test(noun) ? "es" : "s"}`;
}

/** An id as a sentence names it: its first eight characters. */
export function shortId(id: string): string {
  return id.slice(0, 8);
}
