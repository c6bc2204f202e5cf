import { commandNames } from "../src/commands/all.ts";
import { schemas, sharedSchemas, type Schema } from "./json-schemas.ts";

/** The last line of docs/output.md that is written by hand. */
export const madeFromHere = /<!-- Made from schemas[^\n]*-->\n/;

/** Of any command, and told once by hand. */
const common = ["notices", "warnings"];
/** Told by their own word, without a section. */
const plainParts = ["time", "recordTime", "notices", "warnings", "problems", "untrusted", "redactions"];

/** The part of docs/output.md that the schemas tell: the fields of each command's `data`, and what several share. */
export function fieldPages(): string {
  const names = [...commandNames.map((name) => name.replace(" ", "-")), "version"];
  const parts = Object.entries(schemas["parts"]!.$defs!).filter(([name]) => !plainParts.includes(name));
  const documented = names.filter((name) => schemas[name] && !sharedSchemas.includes(name as never));
  return [
    "## Fields by command",
    "",
    "`?` marks a field that may be missing; `notices` and `warnings` are left out, since any command has them.",
    ...documented.flatMap((name) => section(titleOf(name), schemas[name]!.properties!["data"]!)),
    "",
    "## What several commands share",
    ...parts.flatMap(([name, schema]) => section(name, schema)),
    ...section("error", schemas["error"]!),
    "",
  ].join("\n");
}

function titleOf(name: string): string {
  return schemas[name]!.title!.replace(/^tracecraft | --json$/g, "");
}

function section(title: string, schema: Schema): string[] {
  const choices = schema.anyOf ?? [schema];
  const what = schema.description ? ["", `${schema.description}.`] : [];
  const tables = choices.map((one) =>
    [...(one.title ? [`${one.title[0]!.toUpperCase()}${one.title.slice(1)}:`, ""] : []), ...table(one)].join(
      "\n",
    ),
  );
  return ["", `### ${title}`, ...what, "", tables.join("\n\nor\n\n")];
}

function table(schema: Schema): string[] {
  const rows = schema.$ref
    ? [`See [${nameOf(schema.$ref)}](#${nameOf(schema.$ref).toLowerCase()}).`]
    : rowsOf(schema, "");
  if (rows.length === 0) return ["No fields of its own."];
  return schema.$ref ? rows : ["| Field | Type | |", "|---|---|---|", ...rows];
}

function rowsOf(schema: Schema, path: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([field, below]) => {
    if (path === "" && common.includes(field)) return [];
    const optional = schema.required?.includes(field) ? "" : "?";
    const name = `${path}${field}`;
    const words = below.description ?? (below.$ref ? partOf(below.$ref)?.description : undefined) ?? "";
    return [
      `| \`${name}${optional}\` | ${typeOf(below)} | ${words.replaceAll("|", "\\|")} |`,
      ...inner(below, name),
    ];
  });
}

function inner(schema: Schema, name: string): string[] {
  if (schema.items) return inner(schema.items, `${name}[]`);
  return [schema, ...(schema.anyOf ?? [])].flatMap((one) => rowsOf(one, `${name}.`));
}

function typeOf(schema: Schema): string {
  if (schema.$ref) return linked(nameOf(schema.$ref));
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.anyOf) return [...new Set(schema.anyOf.map(typeOf))].join(" or ");
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(" ");
  if ("const" in schema) return `\`${JSON.stringify(schema.const)}\``;
  return schema.type === undefined ? "any" : [schema.type].flat().join(" or ");
}

function nameOf(ref: string): string {
  return ref.replace(/^.*\/|\.json$/g, "");
}

function partOf(ref: string): Schema | undefined {
  return schemas["parts"]!.$defs![nameOf(ref)];
}

function linked(name: string): string {
  if (name === "recordTime") return "time";
  return plainParts.includes(name) ? name : `[${name}](#${name.toLowerCase()})`;
}
