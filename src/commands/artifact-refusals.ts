import { TracecraftError } from "../errors.ts";

/** Why some of several files were left out: the one refusal itself, or one error that names them all. */
export function refusalOfSome(
  refused: readonly TracecraftError[],
  message: string,
): TracecraftError | undefined {
  const [first, ...others] = refused;
  if (others.length === 0) return first;
  return new TracecraftError("exists", message, {
    cause: refused.map(({ details }) => String(details["path"])).join(", "),
    details: { refused: refused.map(({ details }) => details) },
  });
}
