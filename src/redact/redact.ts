import { type FindSecrets, createEngine } from "./engine.ts";
import { environmentLiterals } from "./environment.ts";
import { ruleLiterals } from "./literals.ts";
import { type Counts, type Cut, countSpans, jsonCuts, plainCuts } from "./mask.ts";
import { createPrefilter } from "./prefilter.ts";
import { allowList, checkedProject, projectRules } from "./project.ts";
import { type Rules, builtInRules } from "./rules.ts";
import { type Scanner, createScanner, findInBytes } from "./stream.ts";
import { ranks } from "./search.ts";
import { tokenMatcher } from "./token.ts";

export interface RedactorOptions {
  /** The environment whose secret-looking values must not leave. Nothing is read from the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The `redact` part of the project's configuration, not yet checked. */
  readonly project?: unknown;
}

export interface Redacted {
  readonly counts: Counts;
}

/**
 * Takes secrets out. Whatever it leaves is as it was, byte for byte; what was JSON stays JSON; a second pass finds
 * nothing. Whoever calls must not upload when a call throws.
 */
export interface Redactor {
  /** One whole record: a line of a transcript, or an attachment. The same array when there is nothing to take out. */
  line(bytes: Uint8Array): Redacted & { readonly bytes: Uint8Array };
  /** A message, a value, a note. */
  text(text: string): Redacted & { readonly text: string };
  /** For what is warned about and not changed: counts over a stream, wherever its chunks end. */
  scanner(): Scanner;
}

/** A redactor for an environment and a project. Throws `config` for a rule of the project that cannot be used. */
export function createRedactor(options: RedactorOptions = {}): Redactor {
  const find = findSecrets(options, builtInRules());
  return {
    line(bytes) {
      const spans = findInBytes(find, bytes);
      if (spans.length === 0) return { bytes, counts: {} };
      const cuts = looksJson((at) => bytes[at]!, bytes.length)
        ? jsonCuts((at) => bytes[at]!, bytes.length, spans)
        : plainCuts(spans);
      return { bytes: replaceBytes(bytes, cuts), counts: countSpans(spans) };
    },
    text(text) {
      // One character a byte, as the rules expect it: what is beyond Latin-1 is no part of a token.
      const shadow = text.replaceAll(/[^\x00-\xff]/g, "\xff");
      const spans = findInBytes(find, shadow);
      if (spans.length === 0) return { text, counts: {} };
      const cuts = isJson(text)
        ? jsonCuts((at) => text.charCodeAt(at), text.length, spans)
        : plainCuts(spans);
      return { text: replaceText(text, cuts), counts: countSpans(spans) };
    },
    scanner: () => createScanner(find),
  };
}

function findSecrets(options: RedactorOptions, rules: Rules): FindSecrets {
  const project = checkedProject(options.project);
  const own = projectRules(project, rules).flatMap((rule) =>
    rule.keys.map((key) => ({ text: key, exact: true, found: tokenMatcher(rule, key, ranks.project) })),
  );
  const { literals, encoded } = ruleLiterals(rules);
  literals.push(...own, ...environmentLiterals(options.env ?? {}));
  return createEngine(createPrefilter(literals, encoded), allowList(project));
}

function looksJson(codeAt: (at: number) => number, length: number): boolean {
  let at = 0;
  while (at < length && codeAt(at) <= 0x20) at++;
  const code = at < length ? codeAt(at) : 0;
  return code === 0x7b || code === 0x5b || code === 0x22;
}

function isJson(text: string): boolean {
  if (!looksJson((at) => text.charCodeAt(at), text.length)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false; // Prose that begins with a bracket or a quote.
  }
}

function replaceBytes(bytes: Uint8Array, cuts: readonly Cut[]): Uint8Array {
  const size = cuts.reduce((sum, cut) => sum + cut.text.length - (cut.end - cut.start), bytes.length);
  const out = Buffer.allocUnsafe(size);
  let from = 0;
  let to = 0;
  for (const cut of cuts) {
    out.set(bytes.subarray(from, cut.start), to);
    to += cut.start - from;
    to += out.write(cut.text, to, "latin1");
    from = cut.end;
  }
  out.set(bytes.subarray(from), to);
  return out;
}

function replaceText(text: string, cuts: readonly Cut[]): string {
  const parts: string[] = [];
  let from = 0;
  for (const cut of cuts) {
    parts.push(text.slice(from, cut.start), cut.text);
    from = cut.end;
  }
  return parts.join("") + text.slice(from);
}
