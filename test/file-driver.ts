// One process of the kill tests: writes to a file store without end, and notes what was acknowledged. Every claim is a
// line in its own file, written after the store answered: `counter <epoch> <index> <nonce>`, `create <round> <id>`,
// `fresh <key>`, or `broken <what>` for what must never be seen.
import { appendFileSync, existsSync, readSync, writeSync } from "node:fs";
import { fileStore } from "../src/store/file.ts";
import { epochLength, type Counter } from "./file-processes.ts";

const [root = "", id = "", notes = "", stop = "", turns = "0", wait = "", pauseMs = "1"] =
  process.argv.slice(2);
// A signal in the middle of a look makes it two, between which a process may be stopped: file-row.ts.
const store = fileStore(root, { keep: { versionsMs: 300, temporariesMs: 500 } });
const limit = 1 << 20;
const note = (line: string) => appendFileSync(notes, `${line}\n`);

let epoch = 0;
let seen: { readonly epoch: number; readonly nonces: readonly string[] } = { epoch: 0, nonces: [] };

/** Adds one nonce to the chain of this epoch, and knows afterwards whether it is there, and where. */
async function count(nonce: string): Promise<void> {
  for (;;) {
    const key = `count/${epoch}.json`;
    const found = await store.get(key, { limit });
    const { nonces } = found ? (JSON.parse(Buffer.from(found.body).toString()) as Counter) : { nonces: [] };
    look(nonces);
    if (nonces.includes(nonce)) return note(`counter ${epoch} ${nonces.indexOf(nonce)} ${nonce}`);
    if (nonces.length >= epochLength) {
      epoch++;
      continue;
    }
    const body = Buffer.from(JSON.stringify({ nonces: [...nonces, nonce] } satisfies Counter));
    const put = await store.put(key, body, found ? { version: found.version } : "nothing");
    if (put.outcome === "written") return note(`counter ${epoch} ${nonces.length} ${nonce}`);
  }
}

/** What was read once must be the beginning of whatever is read later. */
function look(nonces: readonly string[]): void {
  if (seen.epoch === epoch && !seen.nonces.every((nonce, index) => nonces[index] === nonce)) {
    note(`broken epoch ${epoch} went from ${seen.nonces.length} to ${nonces.length}`);
  }
  seen = { epoch, nonces };
}

async function main(): Promise<void> {
  if (wait) {
    writeSync(1, "ready\n");
    readSync(0, Buffer.alloc(1)); // Until strace is attached.
  }
  const parent = process.ppid; // Nobody says stop once whoever started it is gone.
  const goesOn = (turn: number) =>
    turns === "0" ? !existsSync(stop) && process.ppid === parent : turn < Number(turns);
  for (let turn = 0; goesOn(turn); turn++) {
    await count(`${id}.${turn}`);
    const round = `create/${epoch}/${turn % 40}`;
    if ((await store.put(round, Buffer.from(id), "nothing")).outcome === "written")
      note(`create ${round} ${id}`);
    const fresh = `fresh/${id}-${turn}.json`;
    if ((await store.put(fresh, Buffer.from(fresh), "fresh")).outcome === "written") note(`fresh ${fresh}`);
    if (turns === "0") Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(pauseMs));
  }
}

void main();
