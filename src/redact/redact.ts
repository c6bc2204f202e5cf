import { type FindSecrets, createEngine } from "./engine.ts";
import { environmentLiterals } from "./environment.ts";
import { ruleLiterals } from "./literals.ts";
import { type Counts, type Cut, countSpans, isJson, jsonCuts, plainCuts } from "./mask.ts";
import { createPrefilter } from "./prefilter.ts";
import { allowList, checkedProject, projectRules } from "./project.ts";
import { type Rules, builtInRules } from "./rules.ts";
import { type Scanner, createScanner, findInBytes } from "./stream.ts";
import { ranks } from "./search.ts";
import { tokenMatcher } from "./token.ts";

export interface RedactorOptions {
  /** The environment whose secret-looking values must not leave. Nothing is read from the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The `redaction` part of the project's configuration, not yet checked. */
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
  /** The same as stretches, in order, of the record itself and of what stands for secrets: nothing of it is copied. */
  pieces(bytes: Uint8Array): Redacted & { readonly pieces: readonly Uint8Array[] };
  /** A message, a value, a note. */
  text(text: string): Redacted & { readonly text: string };
  /** For what is warned about and not changed: counts over a stream, wherever its chunks end. */
  scanner(): Scanner;
}

/** A redactor for an environment and a project. Throws `config` for a rule of the project that cannot be used. */
export function createRedactor(options: RedactorOptions = {}): Redactor {
  const find = findSecrets(options, builtInRules());

  function pieces(bytes: Uint8Array): Redacted & { readonly pieces: readonly Uint8Array[] } {
    const spans = findInBytes(find, bytes);
    if (spans.length === 0) return { pieces: [bytes], counts: {} };
    const json = isJson(bytes.length, (end) => Buffer.from(bytes.subarray(0, end)).toString("utf8"));
    const cuts = json ? jsonCuts((at) => bytes[at]!, bytes.length, spans) : plainCuts(spans);
    return { pieces: piecesOf(bytes, cuts), counts: countSpans(spans) };
  }

  function line(bytes: Uint8Array): Redacted & { readonly bytes: Uint8Array } {
    const { pieces: clean, counts } = pieces(bytes);
    return { bytes: clean.length === 1 ? clean[0]! : Buffer.concat(clean), counts };
  }

  /** With lone surrogates, which have no bytes: searched as one character a byte, what is beyond Latin-1 being in no token. */
  function illFormed(text: string): Redacted & { readonly text: string } {
    const spans = findInBytes(find, text.replaceAll(/[^\x00-\xff]/g, "\xff"));
    if (spans.length === 0) return { text, counts: {} };
    const json = isJson(text.length, (end) => text.slice(0, end));
    const cuts = json ? jsonCuts((at) => text.charCodeAt(at), text.length, spans) : plainCuts(spans);
    return { text: replaceText(text, cuts), counts: countSpans(spans) };
  }

  return {
    line,
    pieces,
    text(text) {
      if (!text.isWellFormed()) return illFormed(text);
      const { bytes, counts } = line(Buffer.from(text, "utf8"));
      return { text: Object.keys(counts).length === 0 ? text : Buffer.from(bytes).toString("utf8"), counts };
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

/** Past this many secrets in one record the stretches would need more memory than a copy of it. */
const mostCuts = 1_000;

function piecesOf(bytes: Uint8Array, cuts: readonly Cut[]): Uint8Array[] {
  if (cuts.length > mostCuts) return [replaceBytes(bytes, cuts)];
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (const cut of cuts) {
    pieces.push(bytes.subarray(from, cut.start), Buffer.from(cut.text, "latin1"));
    from = cut.end;
  }
  return [...pieces, bytes.subarray(from)];
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
