import { TracecraftError } from "../errors.ts";
import { unsafeReason } from "./pattern.ts";
import type { Rule } from "./rule.ts";
import type { Rules } from "./rules.ts";

/** A rule of a project's configuration. Each match begins with one of the keywords, or with the letters that begin the pattern. */
export interface ProjectRule {
  readonly name: string;
  readonly pattern: string;
  readonly keywords?: readonly string[];
}

/** What a project adds to the built-in rules: its own shapes, and what is not secret (a text, or a pattern for the whole). */
export interface ProjectRules {
  readonly rules?: readonly ProjectRule[];
  readonly allow?: readonly (string | { readonly pattern: string })[];
}

const shortestKeyword = 3;
const longestKeyword = 64;
const mostEntries = 200;

/** The `redaction` part of a configuration as an object that has nothing but what is known here. */
export function checkedProject(project: unknown): ProjectRules {
  if (project === undefined || project === null) return {};
  if (typeof project !== "object" || Array.isArray(project))
    throw refused("redaction", "it is not an object");
  const unknown = Object.keys(project).find((key) => key !== "rules" && key !== "allow");
  if (unknown !== undefined) throw refused(unknown, "only rules and allow are known");
  return project;
}

/** Checks a project's rules. A bad one is a `config` error that says what is wrong: nothing is uploaded without it. */
export function projectRules(project: ProjectRules, builtIn: Rules): Rule[] {
  const rules: unknown = project.rules ?? [];
  if (!Array.isArray(rules) || rules.length > mostEntries)
    throw refused("rules", `not a list of at most ${mostEntries}`);
  if (rules.length === 0) return [];
  const taken = new Set(
    [...builtIn.tokens, ...builtIn.scanned, ...builtIn.assigned()].map((rule) => rule.name),
  );
  return rules.map((rule: unknown) => {
    const { name, pattern, keywords } = (rule ?? {}) as Record<string, unknown>;
    if (typeof name !== "string" || !/^[a-z][a-z0-9_]{1,63}$/.test(name)) {
      throw refused(String(name), "a name is 2 to 64 of a-z, 0-9 and _, a letter first");
    }
    if (taken.has(name)) throw refused(name, "a built-in rule has this name");
    if (typeof pattern !== "string") throw refused(name, "it has no pattern");
    const reason = unsafeReason(pattern);
    if (reason !== undefined) throw refused(name, reason);
    const shape = new RegExp(pattern, "y");
    const keys = keywords ?? [
      /^(?:[A-Za-z0-9_:/=@~ -]|\\[.$+/-]){0,64}/.exec(pattern)?.[0].replaceAll("\\", "") ?? "",
    ];
    return {
      name,
      keys: checkedKeys(name, pattern, keys),
      details: () => ({ shape, yes: [], no: [], back: [0, 0], floor: 0, mixed: false, base64: false }),
    };
  });
}

function checkedKeys(name: string, pattern: string, keys: unknown): string[] {
  const wanted = `keywords are ${shortestKeyword} to ${longestKeyword} characters that begin a match`;
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > mostEntries) throw refused(name, wanted);
  return keys.map((key: unknown) => {
    if (typeof key !== "string") throw refused(name, wanted);
    // The last letter of a literal beginning may be quantified ("keys?"): it is not certain then.
    const literal =
      pattern.startsWith(key) && /^[?{*]/.test(pattern.slice(key.length)) ? key.slice(0, -1) : key;
    if (literal.length < shortestKeyword || literal.length > longestKeyword || /[^\x20-\x7e]/.test(literal))
      throw refused(name, wanted);
    return literal;
  });
}

/** Whether a project allows a text to stay. The whole of it must be listed or match. */
export function allowList(project: ProjectRules): (secret: string) => boolean {
  const entries: unknown = project.allow ?? [];
  if (!Array.isArray(entries) || entries.length > mostEntries)
    throw refused("allow", `not a list of at most ${mostEntries}`);
  const texts = new Set<string>();
  const patterns: RegExp[] = [];
  for (const entry of entries as unknown[]) {
    if (typeof entry === "string" && entry.length > 0) {
      texts.add(Buffer.from(entry, "utf8").toString("latin1"));
      continue;
    }
    const pattern =
      typeof entry === "object" && entry !== null ? (entry as Record<string, unknown>)["pattern"] : undefined;
    if (typeof pattern !== "string") throw refused("allow", "an entry is a text or {pattern}");
    const reason = unsafeReason(pattern);
    if (reason !== undefined) throw refused(`allow ${pattern.slice(0, 40)}`, reason);
    patterns.push(new RegExp(`^(?:${pattern})$`));
  }
  if (texts.size + patterns.length === 0) return () => false;
  return (secret) => texts.has(secret) || patterns.some((pattern) => pattern.test(secret));
}

function refused(name: string, why: string): TracecraftError {
  return new TracecraftError("config", `Cannot use the redaction rule "${name}": ${why}`, {
    hint: "see docs/redaction.md",
  });
}
