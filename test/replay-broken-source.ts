/** Numbers that are the same each time. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Line {
  readonly type: string;
  readonly uuid: string;
  readonly parentUuid: string | null;
  readonly timestamp: string;
  [member: string]: unknown;
}

/** What no mutation touches: the first and the last prompt, by which a transcript is known again. */
export const firstWords = (n: number) => `opening words of ${n}`;
export const lastWords = (n: number) => `closing words of ${n}`;

const start = Date.UTC(2026, 10, 22, 12);

/** A short session of Claude Code: prompts, thoughts, calls, results, replies. */
function sound(n: number, session: string): Line[] {
  const lines: Line[] = [];
  const add = (type: string, content: unknown, more: object = {}) => {
    const at = lines.length;
    lines.push({
      type,
      uuid: `u${n}-${at}`,
      parentUuid: at === 0 ? null : `u${n}-${at - 1}`,
      sessionId: session,
      timestamp: new Date(start + n * 1000 + at * 700).toISOString(),
      cwd: "/work/shop",
      message: { id: `m${n}-${at}`, role: type, content, ...more },
    });
  };
  const usage = { input_tokens: 9, output_tokens: 4, cache_read_input_tokens: 100 };
  const assistant = (block: object) => add("assistant", [block], { model: "large-4", usage });
  add("user", firstWords(n));
  for (let turn = 0; turn < 6; turn++) {
    assistant({ type: "thinking", thinking: `thought ${turn}` });
    assistant({ type: "tool_use", id: `t${n}-${turn}`, name: "Bash", input: { command: `run ${turn}` } });
    add("user", [{ type: "tool_result", tool_use_id: `t${n}-${turn}`, content: `out ${turn}\nmore\n` }]);
    assistant({ type: "text", text: `**reply** ${turn} \`code\`\n\n- one\n- two\n` });
    add("user", `prompt ${turn}`);
  }
  return lines;
}

const oddities: readonly unknown[] = [
  null,
  0,
  -1,
  1e308,
  "",
  "x",
  [],
  {},
  [[]],
  [null],
  true,
  { a: { b: [1] } },
];

type Mutation = (lines: string[], below: (n: number) => number) => void;
const at = (lines: readonly unknown[], below: (n: number) => number) => below(lines.length);

/** Puts something else where a member was, anywhere in a line. */
function replaceMember(line: string, below: (n: number) => number, value: unknown): string {
  let record: Record<string, unknown>;
  try {
    record = JSON.parse(line) as Record<string, unknown>;
  } catch {
    return line;
  }
  let object: Record<string, unknown> = record;
  for (let depth = 0; depth < 4; depth++) {
    const names = Object.keys(object);
    const name = names[below(names.length)];
    if (name === undefined) break;
    const inner = object[name];
    if (typeof inner === "object" && inner !== null && below(3) > 0) {
      object = inner as Record<string, unknown>;
      continue;
    }
    object[name] = value;
    break;
  }
  return JSON.stringify(record);
}

function change(lines: string[], below: (n: number) => number, how: (line: string) => string): void {
  const place = at(lines, below);
  lines[place] = how(lines[place] ?? "");
}

const mutations: Readonly<Record<string, Mutation>> = {
  cut: (lines, below) => change(lines, below, (line) => line.slice(0, below(line.length + 1))),
  joined: (lines, below) => {
    const place = at(lines, below);
    lines.splice(place, 2, `${lines[place] ?? ""}${lines[place + 1] ?? ""}`);
  },
  type: (lines, below) =>
    change(lines, below, (line) => replaceMember(line, below, oddities[below(oddities.length)])),
  surrogate: (lines, below) =>
    change(lines, below, (line) =>
      replaceMember(line, below, ["a\uD800b", "\uDFFF", "\uDC00\uD800", "\uD83D"][below(4)]),
    ),
  escaped: (lines, below) =>
    change(lines, below, (line) => line.replace("reply", String.raw`\ud800 reply \udfff\u0000`)),
  cycle: (lines, below) =>
    change(lines, below, (line) =>
      line.replace(/"parentUuid":"u(\d+)-\d+"/, `"parentUuid":"u$1-${below(31)}"`),
    ),
  self: (lines, below) =>
    change(lines, below, (line) =>
      line.replace(/"uuid":"([^"]+)","parentUuid":[^,]+/, '"uuid":"$1","parentUuid":"$1"'),
    ),
  twice: (lines, below) => {
    const place = at(lines, below);
    lines.splice(place, 0, lines[place] ?? "");
  },
  thrice: (lines) => void lines.push(...lines, ...lines),
  back: (lines, below) =>
    change(lines, below, (line) =>
      line.replace(/"timestamp":"[^"]+"/, `"timestamp":"${new Date(start - below(1e12)).toISOString()}"`),
    ),
  shuffled: (lines, below) => {
    for (let last = lines.length - 1; last > 0; last--) {
      const other = below(last + 1);
      [lines[last], lines[other]] = [lines[other] ?? "", lines[last] ?? ""];
    }
  },
  time: (lines, below) =>
    change(lines, below, (line) =>
      line.replace(
        /"timestamp":"[^"]+"/,
        `"timestamp":${JSON.stringify(["never", "", "9999999-01-01", -5, null, "2026-13-45T99:99:99Z"][below(6)])}`,
      ),
    ),
  orphan: (lines, below) =>
    change(lines, below, (line) => line.replaceAll(/"t\d+-\d+"/g, `"t${below(9)}-gone"`)),
  bytes: (lines, below) => change(lines, below, (line) => `\u0000${line}\u0000`),
  mark: (lines) => void (lines[0] = `\uFEFF${lines[0] ?? ""}`),
  returns: (lines) => void lines.forEach((line, place) => (lines[place] = `${line}\r`)),
  blank: (lines, below) =>
    void lines.splice(at(lines, below), 0, "", "   ", "\t", "{}", "[]", "null", '"x"', "0"),
  unknown: (lines, below) =>
    void lines.splice(at(lines, below), 0, JSON.stringify({ type: `new-${below(99)}`, payload: oddities })),
  deep: (lines, below) =>
    void lines.splice(
      at(lines, below),
      0,
      `{"type":"user","message":${"[".repeat(3000)}${"]".repeat(3000)}}`,
    ),
  prototype: (lines, below) =>
    void lines.splice(
      at(lines, below),
      0,
      '{"type":"__proto__","__proto__":{"type":"user"},"constructor":1,"toString":2}',
    ),
};
const names = Object.keys(mutations);

export interface Broken {
  readonly session: string;
  /** The mutations it has been through. */
  readonly ways: readonly string[];
  readonly text: Buffer;
}

/**
 * The nth broken transcript: what is between its first and its last line has been through one to five mutations, each of
 * them once at least in as many transcripts as there are. Every hundredth has a line of twelve million characters.
 */
export function brokenTranscript(n: number): Broken {
  const below = seeded(n + 1);
  const session = `${n.toString(16).padStart(8, "0")}-2b7a-4c7e-9f0b-7a1f2d3c4b5a`;
  const [first, ...rest] = sound(n, session).map((line) => JSON.stringify(line));
  const ways = [names[n % names.length] ?? "cut"];
  for (let more = below(5); more > 0; more--) ways.push(names[below(names.length)] ?? "cut");
  for (const way of ways) mutations[way]?.(rest, below);
  const last = sound(n, session)[0];
  const closing = { ...last, uuid: `u${n}-z`, timestamp: new Date(start + 9e6).toISOString() };
  const lines = [
    first,
    ...rest,
    ...(n % 100 === 0
      ? [
          JSON.stringify({
            ...closing,
            uuid: `u${n}-y`,
            message: { role: "user", content: "long ".repeat(2_400_000) },
          }),
        ]
      : []),
    JSON.stringify({ ...closing, message: { role: "user", content: lastWords(n) } }),
  ];
  let text = Buffer.from(`${lines.join("\n")}\n`);
  // What is no UTF-8 at all, somewhere inside.
  if (n % 7 === 3)
    text = Buffer.concat([
      text.subarray(0, (first ?? "").length + 1),
      Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x0a]),
      text.subarray((first ?? "").length + 1),
    ]);
  return { session, ways, text };
}
