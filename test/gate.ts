import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removed } from "./removed.ts";

/** Holds processes at their first link to a name with `part` in it, until as many are there as were expected. */
export interface Gate {
  readonly env: Readonly<Record<string, string>>;
  /** Opens once so many processes have come to it. */
  openFor(count: number): Promise<void>;
  remove(): void;
}

const pollMs = 2;
const patienceMs = 30_000;

// Loaded before the program. It blocks the whole process, as a processor that was taken away would.
const preload = `
const fs = require("node:fs");
const { join } = require("node:path");
const folder = process.env.TEST_GATE, part = process.env.TEST_GATE_PART, link = fs.linkSync;
fs.linkSync = function (from, to) {
  if (String(to).includes(part)) {
    fs.linkSync = link;
    fs.writeFileSync(join(folder, "here-" + process.pid), "");
    const cell = new Int32Array(new SharedArrayBuffer(4));
    for (let left = ${patienceMs / pollMs}; left > 0 && !fs.existsSync(join(folder, "open")); left--)
      Atomics.wait(cell, 0, 0, ${pollMs});
  }
  return link.apply(fs, arguments);
};
`;

export function gate(part: string): Gate {
  const folder = mkdtempSync(join(tmpdir(), "tracecraft-gate-"));
  const script = join(folder, "gate.cjs");
  writeFileSync(script, preload);
  return {
    env: { NODE_OPTIONS: `--require ${script}`, TEST_GATE: folder, TEST_GATE_PART: part },
    async openFor(count) {
      const giveUpAt = Date.now() + patienceMs;
      const here = () => readdirSync(folder).filter((name) => name.startsWith("here-")).length;
      while (here() < count) {
        if (Date.now() > giveUpAt) throw new Error(`${here()} of ${count} processes came to the gate`);
        await new Promise((resolve) => setTimeout(resolve, pollMs));
      }
      writeFileSync(join(folder, "open"), "");
    },
    remove: () => removed(folder),
  };
}
