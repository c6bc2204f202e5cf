// What hooks cost a user who waits for them: wall time of each installed line beside `true` and `node -e 0`, in one
// loop, and what is loaded. `node bench/hooks.mjs [rounds]`, after `npm run build`. Exits with 1 when a line that must
// load no JavaScript does, or one that is not waited for is waited for.
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../dist/cli.cjs", import.meta.url));
const rounds = Number(process.argv[2] ?? 30);
const place = mkdtempSync(join(tmpdir(), "tracecraft-bench-hooks-"));
const [home, cwd, bin] = ["home", "work", "bin"].map((name) => join(place, name));
for (const folder of [home, cwd, bin]) mkdirSync(folder);
const flags = join(home, ".local", "state", "tracecraft", "news-flag");
const loaded = join(place, "loaded");
// Every JavaScript file that the program opens is one line, with its size.
writeFileSync(
  join(place, "count.cjs"),
  `const fs = require("node:fs"), { readFileSync, appendFileSync, statSync } = fs, seen = new Set();
const behind = /^(?:mirror|keep|follow)$/.test(process.argv[4]); // What the line itself has started.
const note = (file) => { if (behind || !/^chunk-|^cli|^program/.test(require("node:path").basename(String(file))) || seen.has(file)) return;
  seen.add(file); appendFileSync(${JSON.stringify(loaded)}, file + " " + statSync(file).size + "\\n"); };
fs.readFileSync = (file, ...more) => { note(file); return readFileSync(file, ...more); };
`,
);
writeFileSync(join(bin, "tracecraft"), `#!/bin/sh\nexec "${process.execPath}" $COUNT "${program}" "$@"\n`);
chmodSync(join(bin, "tracecraft"), 0o755);
const env = { PATH: `${bin}:${process.env.PATH}`, HOME: home };
const payload = (more) =>
  JSON.stringify({ session_id: "11111111-2222-3333-4444-555555555555", cwd, transcript_path: "/t", ...more });

function run(command, input, more = {}) {
  const began = process.hrtime.bigint();
  const { status, stdout } = spawnSync("/bin/sh", ["-c", command], { cwd, env: { ...env, ...more }, input });
  return { ms: Number(process.hrtime.bigint() - began) / 1e6, status, stdout: String(stdout) };
}

const quantile = (times, q) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))];

try {
  run("tracecraft init --project shop --agent web-1");
  run("tracecraft setup claude-code --guard");
  const settings = JSON.parse(readFileSync(join(cwd, ".claude", "settings.json"), "utf8"));
  const line = (on) => settings.hooks[on][0].hooks[0].command;
  const raise = () => {
    mkdirSync(flags, { recursive: true });
    writeFileSync(join(flags, "11111111-2222-3333-4444-555555555555.0"), "{}");
  };
  const raiseOther = () => {
    lower();
    mkdirSync(flags, { recursive: true });
    writeFileSync(join(flags, "another-session.0"), "{}");
  };
  const lower = () => rmSync(flags, { recursive: true, force: true });
  const cases = [
    ["true", "true", ""],
    ["node -e 0", `"${process.execPath}" -e 0`, ""],
    ["prompt, no news", line("UserPromptSubmit"), payload({ prompt: "x" }), lower],
    ["prompt, another's news", line("UserPromptSubmit"), payload({ prompt: "x" }), raiseOther],
    ["prompt, a flag is up", line("UserPromptSubmit"), payload({ prompt: "x" }), raise],
    ["session start", line("SessionStart"), payload({ source: "startup" }), lower],
    ["stop", line("Stop"), payload({}), lower],
    ["session end", line("SessionEnd"), payload({}), lower],
    [
      "guard, a shell command",
      line("PreToolUse"),
      payload({ tool_name: "Bash", tool_input: { command: "ls" } }),
    ],
    ["guard, an edit", line("PreToolUse"), payload({ tool_name: "Edit", tool_input: { file_path: "a" } })],
    ["stop, with the gate", "tracecraft hook claude-code stop --stop-gate", payload({})],
  ];
  const times = new Map(cases.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, command, input, before] of cases) {
      before?.();
      const { ms, status } = run(command, input);
      if (status !== 0) throw new Error(`${name} ended with ${status}`);
      if (round > 0) times.get(name).push(ms); // The first compiles.
    }
  }
  console.log(
    `# ${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${rounds} rounds, ms to the end of the line`,
  );
  const base = quantile(times.get("node -e 0"), 0.5);
  let bad = 0;
  for (const [name, command, input, before] of cases) {
    before?.();
    rmSync(loaded, { force: true });
    const waited = !command.includes("&)"); // What runs behind would be counted with whatever comes next.
    if (waited) run(command, input, { COUNT: `-r ${join(place, "count.cjs")}` });
    const files = waited && existsSync(loaded) ? readFileSync(loaded, "utf8").trimEnd().split("\n") : [];
    const bytes = files.reduce((sum, one) => sum + Number(one.split(" ").at(-1)), 0);
    const all = times.get(name);
    const [median, p95] = [quantile(all, 0.5), quantile(all, 0.95)];
    console.log(
      `${name.padEnd(24)} median ${median.toFixed(1).padStart(7)}  p95 ${p95.toFixed(1).padStart(7)}  ${(median / base).toFixed(2).padStart(5)} x node -e 0  ${String(files.length).padStart(2)} files, ${(bytes / 1024).toFixed(0)} KiB`,
    );
    if (
      ["prompt, no news", "prompt, another's news", "guard, a shell command"].includes(name) &&
      files.length > 0
    )
      bad++;
    if (["stop", "session end"].includes(name) && median > base) bad++;
  }
  if (bad > 0) {
    console.error(`${bad} lines do what they must not`);
    process.exitCode = 1;
  }
} finally {
  // What was started detached may still write there.
  setTimeout(() => rmSync(place, { recursive: true, force: true, maxRetries: 5 }), 2_000);
}
