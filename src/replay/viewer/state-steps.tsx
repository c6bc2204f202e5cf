import { Mark, type MarkName } from "./marks.tsx";
import { laneOf, select } from "./model.ts";
import type { StepState } from "../state.ts";
import { leaseAt, leaseStart, stateNow } from "./state-now.ts";
import { More, mostRows, Section } from "./state-section.tsx";
import { summary } from "./summary.ts";
import { clock, long } from "./words.ts";

const stepMarks: Readonly<Record<StepState["state"], MarkName>> = {
  held: "claim",
  lapsed: "lapse",
  complete: "complete",
  blocked: "block",
  needs_review: "review",
  released: "free",
};

const stepWords: Readonly<Record<StepState["state"], string>> = {
  held: "held",
  lapsed: "lapsed",
  complete: "complete",
  blocked: "blocked",
  needs_review: "for review",
  released: "released",
};

/** How much of the lease is left is a bar, how long the step is held a number: two questions. */
function Left({ step, t }: { step: StepState; t: number }) {
  const lease = leaseAt(step.step, step.lane, t);
  const until = step.until ?? lease?.until;
  const start = lease ? leaseStart(lease, t) : step.since;
  const left = until === undefined ? undefined : Math.max(0, until - t);
  const share = until === undefined ? 1 : Math.min(1, Math.max(0, (until - t) / Math.max(1, until - start)));
  const title = left === undefined ? "nobody said until when" : `${long(left)} of the lease left`;
  return (
    <span class="held" title={title}>
      <span class="left">
        <i style={{ width: `${Math.round(share * 100)}%` }} />
      </span>
      <span class="hidden">{title}, held for</span>
      <span>{long(t - step.since)}</span>
    </span>
  );
}

/** Over the bars and over the numbers. */
function Heads() {
  return (
    <span class="heads">
      <span>lease left</span>
      <span>held for</span>
    </span>
  );
}

/** Who holds what at T, and how the other steps stand. */
export function Steps({ t }: { t: number }) {
  const known = stateNow.value.steps;
  const names = summary.value?.steps ?? [];
  const held = [...known.values()].filter(({ state }) => state === "held").length;
  const order = names.length > mostRows ? urgentFirst(names, known) : names;
  return (
    <Section title="Steps" only="steps" note={held > 0 ? <Heads /> : "nothing is held"}>
      {order.slice(0, mostRows).map((name) => {
        const step = known.get(name);
        const term = step && step.term > 1 ? `, term ${step.term}` : "";
        const mark = step
          ? step.state === "held" && step.term > 1
            ? "taken"
            : stepMarks[step.state]
          : "free";
        const nobody = !step || step.state === "released";
        return (
          <button
            type="button"
            class="row st"
            key={name}
            data-step={name}
            data-state={step?.state ?? "free"}
            disabled={!step}
            onClick={() => step && void select(step.seq)}
          >
            <Mark name={mark} />
            <span class="b">{name}</span>
            <span class={nobody ? "faint" : ""}>
              {nobody ? "nobody" : `${laneOf(step.lane)?.name ?? "?"}${term}`}
            </span>
            <span class="r">
              {step?.state === "held" ? (
                <Left step={step} t={t} />
              ) : (
                step && (
                  <span class={step.state === "lapsed" || step.state === "blocked" ? "warn" : ""}>
                    {step.forced && step.state !== "lapsed" && <span class="warn">by force, </span>}
                    {stepWords[step.state]} {clock(step.since, false)}
                  </span>
                )
              )}
            </span>
          </button>
        );
      })}
      <More of={names.length} shown={mostRows} />
    </Section>
  );
}

/** The first rows of many: what is held, then what is stuck, then the rest in the order of the page. */
function urgentFirst(names: readonly string[], known: ReadonlyMap<string, StepState>): string[] {
  const ranks: string[][] = [[], [], [], []];
  for (const name of names) {
    const rank = ranks[rankOf(known.get(name))];
    if (rank && rank.length < mostRows) rank.push(name);
  }
  return ranks.flat().slice(0, mostRows);
}

function rankOf(step: StepState | undefined): number {
  if (!step) return 3;
  return step.state === "held" ? 0 : step.state === "lapsed" || step.state === "blocked" ? 1 : 2;
}
