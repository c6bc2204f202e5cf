import { schemas, type Schema } from "./json-schemas.ts";

/** A field of a document: `claim data.term`; of what documents share, `parts step.term`. */
export interface Field {
  readonly name: string;
  /** Types as JSON has them, joined by "|". */
  readonly types: string;
  readonly required: boolean;
}

/** A schema that is reached from another, and under which name its own fields stand. */
interface Place {
  readonly schema: Schema;
  readonly path: string;
}

const present = new Set<string>();
const absent = new Set<string>();

/** Which fields were in a document that was noted, and which were missing from an object that may have them. */
export function seenFields(): {
  readonly present: ReadonlySet<string>;
  readonly absent: ReadonlySet<string>;
} {
  return { present, absent };
}

/** Notes the fields of a document that follows this schema. */
export function noteFields(name: string, document: unknown): void {
  note(root("envelope"), document);
  note({ schema: schemas[name]!, path: `${name} ` }, document);
}

function note(place: Place, value: unknown): void {
  for (const { schema, path } of meant(place, value)) {
    if (Array.isArray(value)) {
      for (const item of value) if (schema.items) note({ schema: schema.items, path: `${path}[]` }, item);
    } else if (typeof value === "object" && value !== null) {
      for (const [field, below] of Object.entries(schema.properties ?? {})) {
        const name = join(path, field);
        const held = (value as Record<string, unknown>)[field];
        (held === undefined ? absent : present).add(name);
        if (held !== undefined) note({ schema: below, path: name }, held);
      }
    }
  }
}

/** What a value follows: the schema itself, what it refers to, and of several alternatives the one that it has the fields of. */
function meant({ schema, path }: Place, value: unknown): Place[] {
  const fits = schema.anyOf?.find((one) => {
    const { schema: target } = one.$ref ? followed(one.$ref) : { schema: one };
    if (typeof value !== "object" || value === null) return target.type === typeOf(value);
    const given = Object.keys(value);
    const known = Object.keys(target.properties ?? {});
    return given.every((field) => known.includes(field));
  });
  return [
    { schema, path },
    ...(schema.$ref ? [followed(schema.$ref)] : []),
    ...(fits ? meant({ schema: fits, path }, value) : []),
  ];
}

function typeOf(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
}

function followed(ref: string): Place {
  const [file, def] = ref.split(".json#/$defs/") as [string, string | undefined];
  if (def === undefined) return root(ref.replace(/\.json$/, ""));
  return { schema: schemas[file]!.$defs![def]!, path: `${file} ${def}` };
}

function root(name: string): Place {
  return { schema: schemas[name]!, path: `${name} ` };
}

/** Every field that the committed schemas name, each once, in their order. */
export function schemaFields(): readonly Field[] {
  const fields = new Map<string, Field>();
  const add = (schema: Schema, path: string): void => {
    const required = schema.required ?? [];
    for (const [field, below] of Object.entries(schema.properties ?? {})) {
      const name = join(path, field);
      fields.set(name, { name, types: typesOf(below), required: required.includes(field) });
      add(below, name);
    }
    if (schema.items) add(schema.items, `${path}[]`);
    for (const one of schema.anyOf ?? []) add(one, path);
  };
  for (const [name, schema] of Object.entries(schemas)) {
    add(schema, `${name} `);
    for (const [def, below] of Object.entries(schema.$defs ?? {})) add(below, `${name} ${def}`);
  }
  return [...fields.values()];
}

function typesOf(schema: Schema): string {
  const { $ref, type, items, anyOf } = schema;
  if ($ref) return $ref.replace(/^.*\/|\.json$/g, "");
  if (anyOf) return [...new Set(anyOf.map(typesOf))].join("|");
  if ("const" in schema) return typeOf(schema.const);
  if (type === undefined && schema.enum) return [...new Set(schema.enum.map(typeOf))].join("|");
  if (type === "array" && items) return `${typesOf(items)}[]`;
  return type === undefined ? "any" : [type].flat().join("|");
}

function join(path: string, field: string): string {
  return path.endsWith(" ") ? `${path}${field}` : `${path}.${field}`;
}
