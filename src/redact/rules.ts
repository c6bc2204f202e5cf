import { type Rule, parseRules } from "./rule.ts";
import { aiRules } from "./rules-ai.ts";
import { assignedRules, scannedRules } from "./rules-assigned.ts";
import { chatRules } from "./rules-chat.ts";
import { cloudRules } from "./rules-cloud.ts";
import { codeRules } from "./rules-code.ts";
import { moneyRules } from "./rules-money.ts";
import { workRules } from "./rules-work.ts";

/** Every rule that is built in. Where two match the same text, the earlier field and the longer key win. */
export interface Rules {
  /** Tokens that a fixed prefix or infix gives away. */
  readonly tokens: readonly Rule[];
  /** Keys, PEM blocks, JWTs, URLs and headers, found by reading. */
  readonly scanned: readonly Rule[];
  /** Values that the name before them gives away; the keys are words in that name. */
  readonly assigned: () => readonly Rule[];
}

let loaded: Rules | undefined;

/** Reads the tables once. Throws when one of them is malformed: without its rules nothing may be uploaded. */
export function builtInRules(): Rules {
  if (loaded) return loaded;
  const tokens: Rule[] = [];
  for (const table of [aiRules, cloudRules, codeRules, chatRules, moneyRules, workRules])
    tokens.push(...parseRules(table));
  let assigned: Rule[] | undefined;
  loaded = {
    tokens,
    scanned: parseRules(scannedRules),
    assigned: () => (assigned ??= parseRules(assignedRules)),
  };
  return loaded;
}
