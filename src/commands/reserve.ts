import { reserve as reservePaths, type ReservationView } from "../coord/reservations.ts";
import { ensureVerdict } from "../coord/verdict.ts";
import { TracecraftError } from "../errors.ts";
import { isName, stepId } from "../format/names.ts";
import { formatTime } from "../format/records.ts";
import { defineCommand } from "./command.ts";
import { shownLine } from "./text.ts";
import { parseTtl, plainTime, span } from "./values.ts";

export const reserve = defineCommand({
  name: "reserve",
  summary: "Reserve paths, so that no other agent edits them",
  positionals: { pattern: { help: "paths from the repository's root, such as 'src/api/**'" } },
  options: {
    exclusive: { help: "nobody else may have a path of it (the default)" },
    shared: { help: "others may share it, nobody may have it exclusively" },
    ttl: { placeholder: "60m", default: "60m", help: "give it up unless reserved again by then" },
    step: { placeholder: "STEP", help: "the step that it is for" },
    advise: { help: "reserve it all the same and only warn of who else has it" },
  },
  exits: {
    done: "reserved, or reserved again",
    reserved: "another agent has a path of it",
    unfit_store: "this bucket cannot promise it",
  },
  examples: ["tracecraft reserve 'src/api/**'", "tracecraft reserve docs --shared --step manual"],
  needs: "project",

  async run({ project }, { pattern, exclusive, shared, ttl, step, advise }) {
    if (exclusive && shared) throw new TracecraftError("usage", "Use at most one of --exclusive / --shared");
    const ttlS = parseTtl(ttl, "reserve", pattern);
    await ensureVerdict(project, { act: "reserve", thing: pattern });
    const mode = shared ? "shared" : "exclusive";
    const wanted = {
      pattern,
      mode,
      ttlS,
      step: step === undefined ? undefined : stepId(step, "reserve for"),
      advise,
    } as const;
    const { reserved, conflicts } = await reservePaths(project, wanted);
    const holder = conflicts[0];
    if (!reserved) throw refusal(pattern, holder!, conflicts);
    return {
      data: { ...reservationJson(reserved), conflicts: conflicts.map(reservationJson) },
      text: `Reserved ${reserved.pattern} as ${project.agent}\n${mode}, until ${plainTime(reserved.expiresAt)} (${span(ttlS)})`,
      warnings: conflicts.map((one) => `${holdsWords(one)}`),
    };
  },
});

export function reservationJson({
  pattern,
  mode,
  agent,
  step,
  remainingS,
  expiresAt,
}: ReservationView): Record<string, unknown> {
  return {
    pattern,
    mode,
    agent,
    ...(step !== undefined && { step }),
    expires_at: formatTime(expiresAt),
    remaining_s: remainingS,
  };
}

function holdsWords({ agent, pattern, mode, remainingS }: ReservationView): string {
  return `${shownLine(agent)} holds ${shownLine(pattern)} (${mode}, ${span(remainingS)} left)`;
}

function refusal(
  pattern: string,
  holder: ReservationView,
  conflicts: readonly ReservationView[],
): TracecraftError {
  return new TracecraftError("reserved", `Cannot reserve "${pattern}": ${holdsWords(holder)}`, {
    // It is typed: no odd names.
    hint: `tracecraft send ${isName(holder.agent) ? holder.agent : "_broadcast"} "…"`,
    details: { pattern, conflicts: conflicts.map(reservationJson) },
  });
}
