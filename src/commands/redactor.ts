import { TracecraftError } from "../errors.ts";
import type { Redactor } from "../redact/redact.ts";
import type { Context } from "./command.ts";

type Configured = Pick<Context, "env" | "redaction">;

/** The redactor of this project. Throws `config` where its rules cannot be loaded: then nothing may be uploaded. */
export async function loadRedactor({ env, redaction }: Configured): Promise<Redactor> {
  try {
    const { createRedactor } = await import("../redact/redact.ts");
    return createRedactor({ env, project: redaction });
  } catch (error) {
    if (error instanceof TracecraftError && error.code === "config") throw error;
    throw new TracecraftError("config", "Cannot load the redaction rules: nothing is uploaded", {
      cause: error,
      hint: "docs/redaction.md",
    });
  }
}

/** Loads it once, when there is something to redact: to find nothing new takes no rules. */
export function redactorFor(context: Configured): () => Promise<Redactor> {
  let made: Promise<Redactor> | undefined;
  return () => (made ??= loadRedactor(context));
}
