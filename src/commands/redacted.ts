import { TracecraftError } from "../errors.ts";
import type { Context } from "./command.ts";
import { loadRedactor } from "./redactor.ts";

/** How many secrets of each rule went. */
export type RedactionCounts = Readonly<Record<string, number>>;

/**
 * Texts that are about to leave this machine, with what looks like a secret taken out. `keep` is the user's explicit
 * choice. If the rules cannot be loaded this throws, and nothing is sent.
 */
export async function redactTexts<Name extends string>(
  context: Pick<Context, "env" | "redaction">,
  texts: Readonly<Record<Name, string | undefined>>,
  keep: boolean,
): Promise<{ readonly texts: Readonly<Record<Name, string | undefined>>; readonly counts: RedactionCounts }> {
  if (keep || Object.values(texts).every((text) => text === undefined || text === ""))
    return { texts, counts: {} };
  const redactor = await loadRedactor(context);
  const counts: Record<string, number> = {};
  const clean: Record<Name, string | undefined> = { ...texts };
  for (const name of Object.keys(texts) as Name[]) {
    const text = texts[name];
    if (text === undefined) continue;
    const redacted = redactor.text(text);
    clean[name] = redacted.text;
    for (const [rule, count] of Object.entries(redacted.counts)) counts[rule] = (counts[rule] ?? 0) + count;
  }
  return { texts: clean, counts };
}

/** `1 secret redacted in the note (github_token); --no-redact keeps it`; no line when nothing went. */
export function redactionWarning(counts: RedactionCounts, where?: string): string[] {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  const secrets = total === 1 ? "1 secret" : `${total} secrets`;
  return [
    `${secrets} redacted${where ? ` in ${where}` : ""} (${Object.keys(counts).join(", ")}); --no-redact keeps ${total === 1 ? "it" : "them"}`,
  ];
}

/** Refuses a name out of which something would go: it is part of a key, and cannot be redacted as a text can. */
export function mustBeNoSecret(cannot: string, name: string, clean: string | undefined): void {
  if (clean === undefined || clean === name) return;
  throw new TracecraftError("usage", `${cannot} "${clean}": a name cannot be redacted`, {
    cause: "it looks like a secret; --no-redact keeps it",
    hint: "docs/redaction.md",
  });
}
