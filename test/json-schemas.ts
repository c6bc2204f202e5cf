import { readdirSync, readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { commandNames } from "../src/commands/all.ts";

/** As far as the committed schemas use the language. */
export interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const folder = new URL("../docs/schemas/", import.meta.url);

/** Every committed schema by the name of its file, without `.json`. */
export const schemas: Readonly<Record<string, Schema>> = Object.fromEntries(
  readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => [
      name.slice(0, -".json".length),
      JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Schema,
    ]),
);

/** What belongs to no single command. */
export const sharedSchemas = ["envelope", "error", "parts"] as const;

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
for (const [name, schema] of Object.entries(schemas)) ajv.addSchema(closed(schema, true), `${name}.json`);

/**
 * The schema with no room for fields that it does not name: readers must ignore those, but we write none. The top is
 * left open, because the envelope stands beside it.
 */
function closed(schema: Schema, top = false): Schema {
  const inner = (some: Readonly<Record<string, Schema>> | undefined) =>
    some && Object.fromEntries(Object.entries(some).map(([name, one]) => [name, closed(one)]));
  return {
    ...schema,
    ...(schema.$defs && { $defs: inner(schema.$defs)! }),
    ...(schema.properties && { properties: inner(schema.properties)! }),
    ...(schema.items && { items: closed(schema.items) }),
    ...(schema.anyOf && { anyOf: schema.anyOf.map((one) => closed(one)) }),
    ...(schema.properties && !top && { unevaluatedProperties: false }),
  };
}

/** Which schema a document of a command line follows; `envelope` where the line is not understood. */
export function schemaOf(words: readonly string[], document: unknown): string {
  const line = words.slice(0, words.includes("--") ? words.indexOf("--") : words.length);
  if (line.includes("--version")) return "version";
  const named = line.filter((word, at) => {
    return !word.startsWith("-") && !["--agent", "--deadline"].includes(line[at - 1] ?? "");
  });
  const name = [named.slice(0, 2).join(" "), named[0] ?? ""].find((known) => commandNames.includes(known));
  if (line.includes("--help") || line.includes("-h")) return "help";
  if (name !== undefined) return name.replace(" ", "-");
  const { data } = document as { data?: { project?: unknown } };
  // A bare call says how things stand, or that there is no project.
  return data === undefined ? "envelope" : data.project === null ? "version" : "status";
}

/** Throws unless stdout is the documents that the schema of this line describes: one, or of what watches one a line. */
export function checkDocuments(words: readonly string[], stdout: string): readonly unknown[] {
  const lines = stdout.split("\n");
  if (lines.pop() !== "") throw new Error(`${words.join(" ")}: the last line of stdout has no end`);
  const several = words[0] === "watch" || words.includes("--watch");
  if (lines.length !== 1 && !several)
    throw new Error(`${words.join(" ")}: ${lines.length} lines on stdout instead of one document`);
  return lines.map((line) => {
    const document: unknown = JSON.parse(line);
    const name = schemaOf(words, document);
    const validate = ajv.getSchema(`${name}.json`) as ValidateFunction;
    if (validate(document)) return document;
    const why = ajv.errorsText(validate.errors, { separator: "\n  ", dataVar: "" });
    throw new Error(`${words.join(" ")}: not as docs/schemas/${name}.json has it:\n  ${why}\n${line}`);
  });
}
