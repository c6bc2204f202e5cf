// A real story on the embedded default: three agents, real processes, one directory as the bucket. It prints what
// happens as it happens, and ends with a status other than 0 if any of it did not happen.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inflateSync } from "node:zlib";

const program = fileURLToPath(new URL("../dist/cli.cjs", import.meta.url));
const agents = ["web-1", "api-2", "test-3"];
const ttlS = 3;
const beganAt = Date.now();
const place = realpathSync(mkdtempSync(join(tmpdir(), "tracecraft-demo-")));
const bucket = join(place, "bucket");

try {
  await story();
  say("\nIt all happened.");
} catch (error) {
  say(`\nThe story broke: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  rmSync(place, { recursive: true, force: true });
}

async function story() {
  chapter("Three agents meet in a bucket");
  for (const agent of agents) {
    mkdirSync(join(place, agent), { recursive: true });
    await expect(0, agent, "init", "--project", "shop", "--agent", agent, "--store", `file://${bucket}`);
  }

  chapter("All three grab the same step at once");
  const race = await Promise.all(agents.map((agent) => run(agent, "claim", "design")));
  for (const result of race) show(result);
  const winners = race.filter(({ status }) => status === 0);
  check(winners.length === 1, `${winners.length} agents won the step`);
  const winner = winners[0].agent;
  for (const { agent, status, err } of race) {
    if (agent === winner) continue;
    check(
      status === 3 && err.includes(`already claimed by ${winner}`),
      `${agent} was not told who has the step`,
    );
  }
  const [next, third] = agents.filter((agent) => agent !== winner);

  chapter(`${next} waits, while ${winner} works and hands on`);
  const waiting = run(next, "wait-for", "design", "--timeout", "60");
  await expect(0, winner, "memory", "set", "design.contract", "POST /v1/items returns 201");
  writeFileSync(join(place, winner, "mockup.html"), "<h1>Shop</h1>\n");
  await expect(0, winner, "artifact", "upload", "mockup.html", "--step", "design");
  await expect(0, winner, "send", next, "the contract is in memory key design.contract");
  await expect(
    0,
    winner,
    "complete",
    "design",
    "--note",
    "mockup and contract are done",
    "--to",
    next,
    "--next-action",
    "build the API",
  );
  const waited = await waiting;
  show(waited);
  check(waited.status === 0, `${next} did not see the step complete`);

  chapter(`${next} goes on from there`);
  const handoff = await expect(0, next, "handoff", "design");
  check(handoff.out.includes("build the API"), "the handoff says nothing of the next action");
  const inbox = await expect(0, next, "inbox");
  check(inbox.out.includes("the contract is in memory key design.contract"), "the message did not arrive");
  const value = await expect(0, next, "memory", "get", "design.contract");
  check(value.out.trim() === "POST /v1/items returns 201", "the memory holds something else");
  await expect(0, next, "artifact", "download", "mockup.html", "--step", "design");
  await expect(0, next, "claim", "api");

  chapter(`${third} takes a step and is killed while it holds it`);
  await killWhileHolding(third, "tests");
  const early = await run(winner, "claim", "tests");
  show(early);
  check(early.status === 3, `${winner} took a step whose lease had not lapsed`);
  const taken = await claimWhenLapsed(winner, "tests");
  check(taken.out.includes("term 2"), "the take-over is not a later term");

  chapter(`${third} comes back to life, and is refused`);
  const late = await run(third, "complete", "tests", "--note", "all green");
  show(late);
  check(late.status === 6, `the late complete ended with ${late.status}, not 6`);
  await expect(0, winner, "complete", "tests", "--note", "done properly");

  chapter(`What ${winner} and ${next} said comes along, but for their secrets`);
  await mirrorTranscripts(winner, next);

  chapter("What everybody sees");
  await expect(0, next, "status");
  await expect(0, next, "log");

  chapter("What lies in the bucket");
  say(tree(bucket).join("\n"));

  chapter("One page of all of it");
  await replayPage(winner);
}

/** The page stays when the demo's own folder goes. */
async function replayPage(agent) {
  const page = join(mkdtempSync(join(tmpdir(), "tracecraft-replay-")), "replay.html");
  const wrote = await expect(0, agent, "replay", "--out", page);
  check(wrote.out.includes(", 3 agents, "), "the page has not all three agents");
  const [, packed = ""] = /id="header">([^<]*)</.exec(readFileSync(page, "utf8")) ?? [];
  const { lanes } = JSON.parse(inflateSync(Buffer.from(packed, "base64")).toString());
  const sessions = lanes.filter(({ kind }) => kind === "session");
  check(sessions.length === 2, `the page has ${sessions.length} of the two transcripts`);
  say(`  Open it in a browser, it needs no network: ${pathToFileURL(page)}`);
}

/** One agent works in Claude Code and pastes a token into it, the other in Codex: made up here, never a real one. */
async function mirrorTranscripts(claude, codex) {
  const secret = `ghp_${randomBytes(18).toString("hex")}`;
  const session = "5c1d0f7e-2b7a-4c7e-9f0b-7a1f2d3c4b5a";
  writeTranscript(
    claude,
    `.claude/projects/${join(place, claude).replaceAll(/[^A-Za-z0-9]/g, "-")}/${session}.jsonl`,
    [
      claudeLine(claude, session, "user", `push the mockup, the token is ${secret}`),
      claudeLine(claude, session, "assistant", [
        { type: "text", text: `Pushed, with GITHUB_TOKEN=${secret}` },
      ]),
    ],
  );
  const thread = "01994a10-0000-7000-8000-0000000000a1";
  const cwd = join(place, codex);
  const said = [{ type: "input_text", text: "build the API from the contract" }];
  writeTranscript(codex, `.codex/sessions/2026/09/14/rollout-2026-09-14T10-20-00-${thread}.jsonl`, [
    { timestamp: afterStart(1), type: "session_meta", payload: { id: thread, cwd } },
    {
      timestamp: afterStart(2),
      type: "response_item",
      payload: { type: "message", role: "user", content: said },
    },
  ]);

  const mirrored = await expect(0, claude, "session", "mirror", "--harness", "claude-code");
  check(/redactions=\{'github_token': 2\}/.test(mirrored.out), "the token was not counted");
  const plain = await expect(0, codex, "session", "mirror", "--harness", "codex");
  check(plain.out.includes("redactions=none"), "something harmless was taken out");
  const list = await expect(0, codex, "session", "list");
  check(
    [session, thread].every((id) => list.out.includes(id)),
    "a session is missing in the list",
  );
  const shown = await expect(0, codex, "session", "show", session, "--events");
  check(shown.out.includes("[REDACTED:github_token]"), "nothing stands where the token was");
  await expect(0, claude, "session", "verify", session);
  const holding = filesBelow(bucket).filter((path) => readFileSync(path).includes(secret.slice(4)));
  check(holding.length === 0, `the token is in the bucket: ${holding.join(", ")}`);
  say(`  ${filesBelow(bucket).length} files in the bucket, and the token in none of them`);
}

function claudeLine(agent, session, type, content) {
  const message = { role: type, content };
  return {
    type,
    sessionId: session,
    cwd: join(place, agent),
    timestamp: afterStart(type === "user" ? 1 : 2),
    message,
  };
}

/** When a harness of this story would have written a line. */
function afterStart(seconds) {
  return new Date(beganAt + seconds * 1000).toISOString();
}

function writeTranscript(agent, path, lines) {
  const file = join(place, agent, "home", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

/** Runs the program as one agent: its own folder, its own home, nothing of this shell's environment. */
function run(agent, ...words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: join(place, agent),
      env: environment(agent),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const result = { agent, words, out: "", err: "", status: 0 };
    child.stdout.on("data", (chunk) => (result.out += chunk));
    child.stderr.on("data", (chunk) => (result.err += chunk));
    child.on("error", reject);
    child.on("close", (status) => resolve({ ...result, status }));
  });
}

async function expect(status, agent, ...words) {
  const result = await run(agent, ...words);
  show(result);
  check(result.status === status, `"${words.join(" ")}" ended with ${result.status}, not ${status}`);
  return result;
}

function environment(agent) {
  return {
    PATH: process.env.PATH,
    HOME: join(place, agent, "home"),
    TRACECRAFT_AGENT: agent,
    TRACECRAFT_SESSION: `demo-${agent}`,
    LANG: "C.UTF-8",
  };
}

/** An agent that claims a step and goes on living: the whole of it dies at once. */
async function killWhileHolding(agent, step) {
  const script = `"$0" "$1" claim ${step} --ttl ${ttlS}s && echo working && exec sleep 60`;
  const child = spawn("sh", ["-c", script, process.execPath, program], {
    cwd: join(place, agent),
    env: environment(agent),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  await new Promise((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (out.includes("working")) resolve();
    });
    child.on("close", (status) => reject(new Error(`${agent} could not claim ${step} (${status})`)));
  });
  show({
    agent,
    words: ["claim", step, "--ttl", `${ttlS}s`],
    out: out.replace("working\n", ""),
    err: "",
    status: 0,
  });
  child.removeAllListeners("close");
  child.kill("SIGKILL");
  say(`  kill -9 ${agent}`);
}

async function claimWhenLapsed(agent, step) {
  const giveUpAt = Date.now() + (ttlS + 20) * 1000;
  for (;;) {
    const result = await run(agent, "claim", step);
    if (result.status === 0 || Date.now() > giveUpAt) {
      show(result);
      check(result.status === 0, `${step} never lapsed`);
      return result;
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

function show({ agent, words, out, err, status }) {
  say(
    `${agent} $ tracecraft ${words.map((word) => (/^[\w./:@=-]+$/.test(word) ? word : JSON.stringify(word))).join(" ")}${status === 0 ? "" : `   # ${status}`}`,
  );
  for (const line of `${out}${err}`.split("\n")) if (line !== "") say(`  ${line}`);
}

/** The bucket as a listing shows it: a mutable key is a row of numbered files below `.v`, of which the last is current. */
function tree(folder, indent = "  ") {
  const entries = readdirSync(folder, { withFileTypes: true });
  const rows = entries.some(({ name }) => name === ".v") ? readdirSync(join(folder, ".v")) : [];
  const mutable = rows.map((name) => {
    const versions = readdirSync(join(folder, ".v", name)).filter((file) => /^\d+$/.test(file)).length;
    return { name, lines: [`${indent}${name}  (${versions} ${versions === 1 ? "version" : "versions"})`] };
  });
  const others = entries
    .filter(({ name }) => !name.startsWith("."))
    .map((entry) => {
      const below = entry.isDirectory() ? tree(join(folder, entry.name), `${indent}  `) : [];
      return {
        name: entry.name,
        lines: [`${indent}${entry.name}${entry.isDirectory() ? "/" : ""}`, ...below],
      };
    });
  return [...mutable, ...others].toSorted((a, b) => (a.name < b.name ? -1 : 1)).flatMap(({ lines }) => lines);
}

function chapter(title) {
  say(`\n${title}`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

function check(fact, otherwise) {
  if (!fact) throw new Error(otherwise);
}
