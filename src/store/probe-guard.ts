import { TracecraftError } from "../errors.ts";
import {
  bodyOf,
  keyOf,
  newNonce,
  troubleWords,
  type Bench,
  type Check,
  type CheckName,
} from "./probe-bench.ts";
import { faults } from "./probe-conditions.ts";

/** What is wrong with the place and not with its promises (keys, bucket, address, network) shows here, as it is. */
export async function isWritable(bench: Bench): Promise<void> {
  const put = await bench.store.put(keyOf(bench, "plain"), bodyOf(newNonce(bench)), "anything");
  if (put.outcome === "unknown") throw put.cause;
}

/**
 * A check, or what its failure says. Refusing a condition is a fault, trouble on the way decides nothing, and what is
 * wrong with the keys or the machine ends the measurement; but for a right that the verdict does not need.
 */
export async function guarded(name: CheckName, work: () => Promise<Check>): Promise<Check> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof TracecraftError)) throw error;
    const { code } = error;
    const words = troubleWords(error);
    if (code === "unfit_store") return { name, result: "bad", detail: words, fault: faults.refuses };
    if (code === "unreachable") return { name, result: "skipped", detail: words, undecided: error };
    if (code === "denied" && (name === "list" || name === "delete")) {
      return { name, result: "skipped", detail: "access denied", undecided: error };
    }
    if (code === "config" || code === "malformed" || code === "changed") {
      return { name, result: "bad", detail: words, fault: faults.refuses };
    }
    throw error;
  }
}
