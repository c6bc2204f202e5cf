import { TracecraftError } from "../errors.ts";

/** The error for an object of more bytes than its reader takes. What is said of other malformed objects is said of it. */
export function tooLarge(key: string, size: number, limit: number): TracecraftError {
  const why = `${size} bytes, over the limit of ${limit}`;
  return new TracecraftError("malformed", `Cannot read "${key}": ${why}`, { details: { key, why } });
}
