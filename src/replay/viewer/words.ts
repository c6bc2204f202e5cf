const two = (value: number) => String(value).padStart(2, "0");

/** A time of day in UTC, to the second or to the minute. */
export function clock(at: number, seconds = true): string {
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) return "--:--";
  return new Date(at).toISOString().slice(11, seconds ? 19 : 16);
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** A day in UTC, as in "17 Sep 2026". */
export function day(at: number): string {
  if (!Number.isFinite(at) || Math.abs(at) > 8.64e15) return "";
  const date = new Date(at);
  return `${date.getUTCDate()} ${months[date.getUTCMonth()] ?? ""} ${date.getUTCFullYear()}`;
}

const shortSpan = 10 * 60_000;

/** From when to when on a clock: with seconds where there are few minutes between. */
export function hours(from: number, to: number): string {
  const seconds = to - from < shortSpan;
  return `${clock(from, seconds)}–${clock(to, seconds)}`;
}

/** From when to when, naming the second day only where it is another. */
export function span(from: number, to: number): string {
  if (day(from) === day(to)) return `${day(from)}, ${hours(from, to)} UTC`;
  return `${day(from)}, ${clock(from, false)} – ${day(to)}, ${clock(to, false)} UTC`;
}

/** How long, in the two units that matter: "12 s", "3 m 04 s", "26 m", "5 h 10 m", "3 d 4 h". */
export function long(milliseconds: number): string {
  const all = Math.max(0, Math.round(milliseconds / 1000));
  if (all < 60) return `${all} s`;
  if (all < 600) return `${Math.floor(all / 60)} m ${two(all % 60)} s`;
  if (all < 3600) return `${Math.floor(all / 60)} m`;
  if (all < 86_400) return `${Math.floor(all / 3600)} h ${two(Math.floor((all % 3600) / 60))} m`;
  return `${Math.floor(all / 86_400)} d ${Math.floor((all % 86_400) / 3600)} h`;
}

/** How long in one unit: what a badge has room for. */
export function roughly(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  if (minutes < 1) return `${Math.round(milliseconds / 1000)}s`;
  return minutes < 90 ? `${Math.round(minutes)}m` : `${Math.round(minutes / 60)}h`;
}

/** A whole number with its thousands apart. */
export function whole(value: number): string {
  return value.toLocaleString("en");
}

/** A large count in three figures: "912", "41.2 k", "3.64 M". */
export function short(value: number): string {
  if (value < 1000) return String(value);
  const [unit, by] = value < 999_500 ? ["k", 1e3] : value < 999_500_000 ? ["M", 1e6] : ["G", 1e9];
  const scaled = value / by;
  return `${scaled.toFixed(scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0)} ${unit}`;
}

export function dollars(usd: number): string {
  return usd > 0 && usd < 0.01 ? "< $0.01" : `$${usd.toFixed(2)}`;
}

/** "1 step", "5 steps". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

export function bytes(size: number): string {
  if (size < 1024) return `${size} B`;
  return size < 1024 * 1024 ? `${(size / 1024).toFixed(1)} KiB` : `${(size / 1024 / 1024).toFixed(1)} MiB`;
}

/** Which act was refused: its text says it first. */
export function refusedAct({ text = "" }: { readonly text?: string | undefined }): string {
  return /^(?:complete|release|renew)\b/.exec(text)?.[0] ?? "complete";
}
