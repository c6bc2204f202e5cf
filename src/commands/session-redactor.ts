import type { Redactor } from "../redact/redact.ts";
import type { Context } from "./command.ts";

/**
 * Loads the redactor of this project once, when there is something to redact: to find nothing new takes no rules.
 * Throws `config` where the rules cannot be used: then nothing is uploaded.
 */
export function redactorFor({ env, redaction }: Pick<Context, "env" | "redaction">): () => Promise<Redactor> {
  let made: Promise<Redactor> | undefined;
  const load = async (): Promise<Redactor> => {
    const { createRedactor } = await import("../redact/redact.ts");
    return createRedactor({ env, project: redaction });
  };
  return () => (made ??= load());
}
