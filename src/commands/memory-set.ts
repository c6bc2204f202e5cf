import { setMemory } from "../coord/memory.ts";
import { TracecraftError } from "../errors.ts";
import { memoryKey } from "../format/names.ts";
import { valueLimit } from "../format/records.ts";
import { defineCommand } from "./command.ts";
import { givenText } from "./given-text.ts";
import { changedError, mustBeFit, valueText } from "./memory-words.ts";
import { mustBeNoSecret, redactTexts, redactionWarning } from "./redacted.ts";
import { echoed } from "./text.ts";

export const memorySet = defineCommand({
  name: "memory set",
  summary: "Set a shared key",
  positionals: {
    key: { help: "such as design.status" },
    value: { help: 'the value; "-" reads it from standard input', optional: true },
  },
  options: {
    file: { placeholder: "PATH", help: "take the value from a file" },
    jsonValue: { help: "the value is JSON and is kept as such" },
    ifRevision: { placeholder: "R", help: "only if that is its revision; none: only if it is not set" },
    noRedact: { help: "keep what looks like a secret" },
  },
  exits: { changed: "it has another revision", unfit_store: "--if-revision needs conditional writes" },
  examples: [
    "tracecraft memory set design.status draft",
    "tracecraft memory set design.status final --if-revision 7be01c44",
    "tracecraft memory set api.schema --file schema.json --json-value",
  ],
  needs: "project",

  async run(context, { key: name, value, file, jsonValue, ifRevision, noRedact }) {
    const key = memoryKey(name);
    const given = await givenText(context, {
      cannot: `Cannot set "${key}"`,
      what: "value",
      text: value,
      file,
      limitBytes: valueLimit,
      hint: `tracecraft memory set ${key} VALUE`,
    });
    const parsed = jsonValue ? parse(key, given) : undefined;
    // JSON is redacted as text, where its names stand beside its values, and stays JSON.
    const text = jsonValue ? JSON.stringify(parsed) : given;
    const path = key.replaceAll(".", "/"); // As it is in the bucket.
    const { texts, counts } = await redactTexts(context, { text, key, path }, noRedact);
    mustBeNoSecret("Cannot set", key, texts.key);
    mustBeNoSecret("Cannot set", path, texts.path);
    const kept = texts.text ?? "";
    if (ifRevision !== undefined) await mustBeFit(context.project, "set", key);
    const result = await setMemory(context.project, key, jsonValue ? parse(key, kept) : kept, { ifRevision });
    if (result.kind !== "done")
      throw changedError("set", key, result.kind === "changed" ? result.now : undefined);

    const { revision, set_at } = result.now;
    return {
      data: { key, revision, set_at, redactions: counts },
      text: `Set ${key} = ${echoed(valueText(result.now.value))}\nrevision ${revision}`,
      warnings: redactionWarning(counts),
    };
  },
});

function parse(key: string, text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
    JSON.stringify(value); // What is nested too deep to be written again is refused here.
  } catch (error) {
    throw new TracecraftError("usage", `Cannot set "${key}": the value is not JSON`, {
      cause: error instanceof Error ? error.message : undefined,
    });
  }
  const changed = text.match(jsonToken)?.find(isChanged);
  if (changed === undefined) return value;
  throw new TracecraftError(
    "usage",
    `Cannot set "${key}": ${changed.slice(0, 40)} would become ${Number(changed)}`,
    { cause: "a number beyond what JSON readers keep: make it a string" },
  );
}

const jsonToken = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g;

/** Whether it is a number that would be kept as another one: a long integer, or one that is too large. */
function isChanged(token: string): boolean {
  if (token.startsWith('"')) return false;
  const kept = Number(token);
  if (/[.eE]/.test(token) || !Number.isFinite(kept)) return !Number.isFinite(kept);
  return token.length > 15 && BigInt(token) !== BigInt(kept);
}
