import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { commandNames } from "../src/commands/all.ts";
import { exitStatus, TracecraftError } from "../src/errors.ts";
import { checkDocuments, schemaOf, schemas, sharedSchemas } from "./json-schemas.ts";
import { noteFields, schemaFields, seenFields } from "./schema-fields.ts";
import { enact } from "./enact.ts";
import { openPlaces } from "./situation-places.ts";
import { situations } from "./situations.ts";

let open: Awaited<ReturnType<typeof openPlaces>>;
beforeAll(async () => void (open = await openPlaces()));
afterAll(() => open?.close());

describe.concurrent("--json", { timeout: 120_000 }, () => {
  it.for(situations)("$line: $when ($ends)", async (situation) => {
    const { words, ran } = await enact(situation, open.places, ["--json"]);
    const { ends } = situation;
    const documents = checkDocuments(words, ran.stdout) as { ok: boolean; error?: { message: string } }[];
    for (const document of documents) noteFields(schemaOf(words, document), document);
    const streams = ends === "interrupted" || ends === "terminated";
    const last = documents.at(-1);
    if (ends === "done") {
      expect([ran.status, ran.stderr, last?.ok]).toEqual([0, "", true]);
    } else if (!(streams && documents.length > 0 && last?.ok)) {
      // What told something before it was stopped has said all: the status says the rest.
      const { retryable } = new TracecraftError(ends, "");
      expect(last).toMatchObject({ ok: false, error: { code: ends, retryable } });
      expect(ran.stderr).toBe(`Error: ${last?.error?.message}\n`);
    }
    expect(ran.status).toBe(ends === "done" ? 0 : exitStatus[ends]);
  });
});

it("every command has a schema, and every schema a command", () => {
  const names = commandNames.map((name) => name.replace(" ", "-"));
  expect(Object.keys(schemas).toSorted()).toEqual([...names, ...sharedSchemas, "version"].toSorted());
  expect(schemas["error"]?.properties?.["code"]?.enum).toEqual(Object.keys(exitStatus));
});

it("every field of a schema was seen in a document, and every optional one was missing in another", () => {
  const { present, absent } = seenFields();
  const fields = schemaFields().filter(({ name }) => !/ data$|\.(?:notices|warnings)$/.test(name)); // Of any.
  const unseen = fields.filter(({ name }) => !present.has(name)).map(({ name }) => `unseen ${name}`);
  const always = fields
    .filter(({ name, required }) => !required && present.has(name) && !absent.has(name))
    .map(({ name }) => `always ${name}`);
  const rare = readFields("../test/fixtures/json-fields-rare.txt");
  const found = [...unseen, ...always];
  // Only where this machine is too busy to answer itself.
  const hasty = "unseen error details.given_up";
  expect(found.filter((line) => !rare.includes(line) && line !== hasty).join("\n")).toBe("");
  expect(rare.filter((line) => !found.includes(line)).join("\n"), "not rare after all").toBe("");
});

it("schemas of version 1 only grow", () => {
  const frozen = readFields("../test/fixtures/json-fields.txt");
  const now = schemaFields().map(({ name, types, required }) => `${name} ${types}${required ? "" : " ?"}`);
  expect(
    frozen.filter((field) => !now.includes(field)),
    "removed or changed: that is schema_version 2",
  ).toEqual([]);
  expect(
    now.filter((field) => !frozen.includes(field)),
    "new: add it to the list",
  ).toEqual([]);
});

function readFields(path: string): string[] {
  const text = readFileSync(new URL(path, new URL("../docs/", import.meta.url)), "utf8");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}
