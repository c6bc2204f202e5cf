import { TracecraftError } from "../errors.ts";
import { formatTime } from "../format/records.ts";
import { bucketName } from "../store/probe-name.ts";
import type { Store } from "../store/store.ts";
import type { Fitness } from "./verdict.ts";

/** The refusal of what needs conditions in a bucket that was seen not to keep them: why, what showed it and when. */
export function unfitError(
  store: Store,
  { fault, evidence, measuredAt }: Pick<Fitness, "fault" | "evidence" | "measuredAt">,
  { act, thing }: { readonly act: string; readonly thing?: string | undefined },
): TracecraftError {
  const what = thing === undefined ? act : `${act} "${thing}"`;
  const at = measuredAt === undefined ? "" : `measured ${new Date(measuredAt).toISOString().slice(0, 19)}Z`;
  const words = [evidence, at].filter(Boolean).join(", ");
  return new TracecraftError(
    "unfit_store",
    `Cannot ${what}: ${bucketName(store)} ${fault ?? "is unfit for claims"}`,
    {
      ...(words && { cause: words }),
      hint: "tracecraft doctor",
      details: {
        fault: fault ?? null,
        evidence: evidence ?? null,
        measured_at: measuredAt === undefined ? null : formatTime(measuredAt),
      },
    },
  );
}
