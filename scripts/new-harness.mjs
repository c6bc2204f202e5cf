// npm run new:harness <name>: writes an adapter for a harness that keeps one JSONL file a session, its fixtures, its
// test and its line in the list. What it writes runs, and the contract suite passes on it before a word is changed.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const name = process.argv[2] ?? "";
const root = process.argv[3] ?? fileURLToPath(new URL("..", import.meta.url));
const list = join(root, "src/harness/all.ts");

if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
  fail(`Cannot make a harness "${name}": its name must be lower case with dashes, such as "pi"`);
}
const value = name.replaceAll(/-(.)/g, (_all, letter) => letter.toUpperCase());
const session = "5b0d6c1e-2f3a-4b5c-8d6e-7f8091a2b3c4";

const adapter = `import { join } from "node:path";
import { contentText, fieldsOf, origin, prompt, textOr } from "./events.ts";
import { about, collector, filesIn, headOf, isKeyName, namesOf, sessionId } from "./folders.ts";
import type { Harness, Host } from "./harness.ts";
import { readLog } from "./jsonl.ts";
import { eventsOf, typeOf } from "./record-events.ts";

// ~/.${name}/sessions/<session>.jsonl. Checked against: test/fixtures/${name}/README.md.
const folder = (host: Host) => join(host.home, ".${name}", "sessions");

export const ${value}: Harness = {
  name: "${name}",

  async sessions(host, cwd) {
    const found = collector();
    const names = cwd === undefined ? undefined : await namesOf(cwd);
    await found.from(async () => {
      for (const file of await filesIn(folder(host), /\\.jsonl$/)) {
        await found.from(async () => {
          const path = join(folder(host), file);
          const stats = await about(path);
          const own = textOr(fieldsOf((await headOf(path)).objects[0])["cwd"], undefined);
          if (stats === undefined || (names !== undefined && !names.has(own?.normalize("NFC") ?? ""))) return [];
          const id = sessionId(file.replace(/\\.jsonl$/, ""));
          return [{ id, paths: [path], activeAt: stats.changedAt, ...(own !== undefined && { cwd: own }) }];
        });
      }
      return [];
    });
    return found.found();
  },

  read: readLog,

  events(record) {
    return eventsOf(record, (line) => {
      const from = origin(line["timestamp"], line["id"], line["parentId"]);
      if (typeOf(line) === "session") return [{ ...from, type: "note", what: "session" }];
      if (typeOf(line) === "user") return [{ ...from, ...prompt(contentText(line["content"]), 0) }];
      return [{ ...from, type: "unknown", what: typeOf(line) }];
    });
  },

  place: (host, { id }) => (isKeyName(id) ? join(folder(host), \`\${id}.jsonl\`) : undefined),
};
`;

const lines = [
  { type: "session", timestamp: "2026-01-02T03:04:05.000Z", id: session, cwd: "/home/ana/my_app" },
  { type: "user", timestamp: "2026-01-02T03:04:06.000Z", id: "1", content: "Fix the flaky test." },
];
const expected = { cwd: "/home/ana/my_app", sessions: [{ id: session, records: 2, events: { prompt: 1 } }] };
const readme = `# ${name} fixtures

Made by hand; all data is invented. Say here which version of the program they follow and what each file shows.

| File | Shows |
|---|---|
| \`.${name}/sessions/….jsonl\` | a prompt |
`;
const test = `import { ${value} } from "../src/harness/${name}.ts";
import { harnessContract } from "./harness-contract.ts";

harnessContract(${value});
`;

const written = {
  [`src/harness/${name}.ts`]: adapter,
  [`test/harness-${name}.test.ts`]: test,
  [`test/fixtures/${name}/README.md`]: readme,
  [`test/fixtures/${name}/expected.json`]: `${JSON.stringify(expected, undefined, 2)}\n`,
  [`test/fixtures/${name}/home/.${name}/sessions/${session}.jsonl`]: lines
    .map((line) => `${JSON.stringify(line)}\n`)
    .join(""),
};

for (const path of Object.keys(written)) {
  if (existsSync(join(root, path))) fail(`Cannot make a harness "${name}": ${path} is there`);
}
for (const [path, text] of Object.entries(written)) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
const before = readFileSync(list, "utf8");
const imported = before.replace(/\n\n/, `\nimport { ${value} } from "./${name}.ts";\n\n`);
writeFileSync(
  list,
  imported.replace(/(harnesses: readonly Harness\[\] = \[[^\]]*?),?\s*\]/, `$1, ${value}]`),
);
console.log(`Made src/harness/${name}.ts, its test, its fixtures and its line in src/harness/all.ts`);
console.log(`next: npx oxfmt src/harness && npx vitest run test/harness-${name}.test.ts`);

function fail(message) {
  console.error(`Error: ${message}`);
  process.exit(2);
}
