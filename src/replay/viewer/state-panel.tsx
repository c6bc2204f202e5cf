import { Mark, type MarkName } from "./marks.tsx";
import { addressee, laneOf, now, select, selection, source, tab } from "./model.ts";
import { focusLane } from "./focus.ts";
import { More, mostRows, Section } from "./state-section.tsx";
import { Steps } from "./state-steps.tsx";
import { lifeOf, stateNow, unreadForAll, unreadNow, type Life } from "./state-now.ts";
import { story } from "./story.ts";
import { summary, sumOf } from "./summary.ts";
import { spentNow } from "./spent-now.ts";
import { Spent } from "./spent.tsx";
import { clock, dollars, long, short, whole } from "./words.ts";

function Mail({ t }: { t: number }) {
  const { count, oldest } = unreadNow.value;
  const all = unreadForAll.value.size;
  const letters = story.value?.letterBySeq;
  const header = source.value?.header ?? { lanes: [] };
  return (
    <Section title="Unread mail" note={whole(count + all)}>
      {count + all === 0 && <p class="faint">everything has been read</p>}
      {oldest.map(({ reader, letter }) => (
        <button
          type="button"
          class="msgrow"
          key={`${reader}-${letter.seq}`}
          data-letter={letter.id}
          onClick={() => void select(letter.seq)}
        >
          <Mark name={letter.urgent ? "urgent" : "unread"} />
          <span class="b">
            {reader < -1 ? `waiting for “${addressee(reader, header)}”` : laneOf(reader)?.name}
          </span>
          <span class="dim">
            {reader < -1 && ", never seen,"} from {laneOf(letter.from)?.name},{" "}
          </span>
          <span class="warn">{long(t - letter.at)}</span>
          {letter.urgent && <span class="err"> urgent</span>}
          <span class="text">{letters?.get(letter.seq)?.text.slice(0, 160)}</span>
        </button>
      ))}
      {all > 0 && <p class="dim rest">{whole(all)} to everyone, not read by all</p>}
      <More of={count} shown={mostRows} />
    </Section>
  );
}

const lifeMarks: Readonly<Record<Life, MarkName>> = {
  working: "alive",
  waiting: "idle",
  silent: "silent",
  absent: "idle",
};

/** The picture and the words for how a lane is at T. */
export function lifeWords(
  lane: number,
  t: number,
): { readonly mark: MarkName; readonly word: string; readonly life: Life } {
  const { life, heard } = lifeOf(lane, t);
  const word = life === "silent" ? `silent ${long(t - heard)}` : life === "absent" ? "not running" : life;
  return { mark: lifeMarks[life], word, life };
}

function Agents({ t }: { t: number }) {
  const lanes = source.value?.header.lanes ?? [];
  const shown = lanes.flatMap((lane, index) => {
    if (lane.kind === "session" || (lane.kind === "subagent" && (t < lane.from || t > lane.to))) return [];
    return [index];
  });
  const words = shown.slice(0, mostRows).map((lane) => ({ lane, ...lifeWords(lane, t) }));
  const running = words.filter(({ life }) => life === "working" || life === "waiting").length;
  const of = shown.length > mostRows ? whole(shown.length) : `${running} of ${shown.length} running`;
  return (
    <Section title="Agents" note={of}>
      {words.map(({ lane, mark, word, life }) => {
        const own = lanes[lane];
        const parent =
          own?.kind === "subagent" && own.parent !== undefined ? parentName(own.parent) : undefined;
        return (
          <button type="button" class="row agt" key={lane} onClick={() => focusLane(lane)}>
            <Mark name={mark} />
            <span>
              {parent !== undefined && <span class="faint">{parent} / </span>}
              <span class={parent === undefined ? "b" : ""}>{own?.name}</span>
            </span>
            <span class={life === "silent" ? "r err" : "r"}>{word}</span>
          </button>
        );
      })}
      <More of={shown.length} shown={mostRows} />
    </Section>
  );
}

function parentName(lane: number): string | undefined {
  const own = laneOf(lane);
  return own?.kind === "session" && own.parent !== undefined ? laneOf(own.parent)?.name : own?.name;
}

function Memory({ t }: { t: number }) {
  const values = [...stateNow.value.memory.values()]
    .filter(({ deleted }) => !deleted)
    .toSorted((a, b) => b.at - a.at);
  if (values.length === 0) return null;
  return (
    <Section title="Memory" note={values.length === 1 ? "1 key" : `${whole(values.length)} keys`}>
      {values.slice(0, mostRows).map(({ key, text, lane, at, seq }) => (
        <button type="button" class="mem" key={key} data-key={key} onClick={() => void select(seq)}>
          <span class="k">{key}</span>
          <span class="faint">
            {laneOf(lane)?.name}, {long(t - at)}
          </span>
          <span class="v">{text.slice(0, 200)}</span>
        </button>
      ))}
      <More of={values.length} shown={mostRows} />
    </Section>
  );
}

function SpentShort() {
  const total = source.value?.header.spent ?? [];
  const known = spentNow.value;
  if (total.length === 0 || !known) return null;
  const sum = sumOf(known.spent);
  const rows: (readonly [string, string])[] = [
    ["tokens", short(sum.tokens)],
    ["of these from the cache", short(sum.cacheRead)],
    ...(sum.priced ? [["cost", dollars(sum.usd)] as const] : []),
    ...(sum.unpricedTokens > 0 ? [["unpriced", `${short(sum.unpricedTokens)} tokens`] as const] : []),
  ];
  return (
    <Section title="Spent so far" note={`of ${short(sumOf(total).tokens)}`}>
      {rows.map(([word, count]) => (
        <div class="row two" key={word}>
          <span class="dim">{word}</span>
          <span class="r">{count}</span>
        </div>
      ))}
      <button type="button" class="link" onClick={() => (tab.value = "spent")}>
        by agent, step and model
      </button>
    </Section>
  );
}

/** What the page could not read or left out. */
function Notes() {
  const notes = source.value?.header.notes ?? [];
  if (notes.length === 0) return null;
  return (
    <Section title="Not on this page" note={String(notes.length)}>
      {notes.slice(0, mostRows).map((note, place) => (
        <p class="note warn" key={place}>
          {note.slice(0, 500)}
        </p>
      ))}
      <More of={notes.length} shown={mostRows} />
    </Section>
  );
}

function Chosen() {
  const chosen = selection.value;
  const lane = laneOf(chosen?.lane ?? -1);
  const offset = lane?.offset;
  if (!lane || offset === undefined || Math.abs(offset) < 1000) return null;
  return (
    <p class="faint rest">
      {lane.name}&apos;s clock is {long(Math.abs(offset))} {offset > 0 ? "ahead" : "behind"}; times are
      corrected
    </p>
  );
}

/** What T cuts, written out: who holds what, whose mail is unread, who is there, what the memory says. */
export function StatePanel() {
  const from = source.value;
  if (!from) return <aside class="pane state" aria-label="State at T" />;
  const t = now.value;
  const solo = summary.value?.solo ?? false;
  const costs = tab.value === "spent";
  return (
    <aside class="pane state" aria-label={costs ? "Tokens and cost" : "State at T"}>
      <div class="bar">
        <h2>
          {costs ? "Spent by " : "State at "}
          <span class="mono">{clock(costs ? (spentNow.value?.t ?? t) : t)}</span>
        </h2>
        {costs ? (
          <button type="button" class="push link" onClick={() => (tab.value = "state")}>
            back to the state
          </button>
        ) : (
          <span class="push faint">{long(t - from.header.from)} in</span>
        )}
      </div>
      <div class="scroll" tabIndex={0} role="group" aria-label={costs ? "Tokens and cost" : "State"}>
        {costs ? (
          <Spent />
        ) : (
          <div class="cols">
            {!solo && <Steps t={t} />}
            {!solo && <Mail t={t} />}
            <Agents t={t} />
            <Memory t={t} />
            <SpentShort />
            <Notes />
            <Chosen />
          </div>
        )}
      </div>
    </aside>
  );
}
