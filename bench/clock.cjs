// Preloaded with `node -r`: a clock that several processes share and that a benchmark moves. BENCH_CLOCK names a file
// that says by how many ms it is ahead. The program's own pauses (`sleep` in its world) move it and take no time.
const { readFileSync, writeFileSync } = require("node:fs");

const file = process.env.BENCH_CLOCK;
const ahead = () => Number(readFileSync(file, "utf8"));
const RealDate = Date;
const realBigint = process.hrtime.bigint;
const realTimeout = setTimeout;

globalThis.Date = class extends RealDate {
  constructor(...words) {
    if (words.length === 0) super(RealDate.now() + ahead());
    else super(...words);
  }
  static now() {
    return RealDate.now() + ahead();
  }
};
process.hrtime.bigint = () => realBigint() + BigInt(ahead()) * 1_000_000n;

globalThis.setTimeout = (work, ms, ...more) => {
  const pause = ms > 0 && /\bat (?:\S+ )?\[?sleep\b|\bsleep \(|\.sleep\b/.test(new Error().stack);
  if (!pause) return realTimeout(work, ms, ...more);
  return realTimeout(() => {
    writeFileSync(file, String(ahead() + Math.round(ms)));
    work(...more);
  }, 0);
};
