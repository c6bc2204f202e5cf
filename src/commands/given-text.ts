import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { TracecraftError } from "../errors.ts";
import type { Context } from "./command.ts";

export interface Given {
  /** The beginning of every error: `Cannot set "design.status"`. */
  readonly cannot: string;
  /** What the text is: "value". */
  readonly what: string;
  /** The words of the line; "-" stands for standard input. */
  readonly text?: string | undefined;
  /** The file of `--file`; "-" stands for standard input here too. */
  readonly file?: string | undefined;
  readonly limitBytes: number;
  /** What to do where it is neither given. */
  readonly hint: string;
}

const asArtifact = { hint: "tracecraft artifact upload FILE" };

/**
 * One text, given on the line, in a file, or on standard input. Throws `usage` for none, for two, for bytes over the
 * limit and for what is no UTF-8; `not_found` for a file that is not there.
 */
export async function givenText(context: Context, given: Given): Promise<string> {
  const { cannot, what, text, file, limitBytes, hint } = given;
  if ((text === undefined) === (file === undefined)) {
    throw new TracecraftError("usage", `${cannot}: give a ${what} or --file, one of them`, { hint });
  }
  if (text !== undefined && text !== "-") return text;
  const bytes =
    text === "-" || file === "-"
      ? await context.readStdin(limitBytes)
      : readGiven(resolve(context.cwd, file!), file!);
  if (bytes.length > limitBytes) {
    const over = `the ${what} has ${bytes.length} bytes, over ${limitBytes}`;
    throw new TracecraftError("usage", `${cannot}: ${over}`, asArtifact);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new TracecraftError("usage", `${cannot}: the ${what} is not UTF-8 text`, asArtifact);
  }
}

function readGiven(path: string, shown: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    throw new TracecraftError(
      code === "ENOENT" ? "not_found" : "usage",
      `Cannot read "${shown}": ${code === "ENOENT" ? "no such file" : code === "EISDIR" ? "it is a folder" : String(code)}`,
    );
  }
}
