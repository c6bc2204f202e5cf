import type { ComponentChild } from "preact";
import { flag, type Events, type Moment } from "../../page.ts";
import { Mark, markOf } from "../marks.tsx";
import { following, select, selection, work } from "../model.ts";
import { clock, counted, long, short } from "../words.ts";
import { bodyOf } from "./bodies.ts";
import { Call, Output } from "./call.tsx";
import { actor, eventWords, kindOf, latency, momentWords, oneLine, toolOf, whom } from "./event-words.tsx";
import { hitsAround } from "./hits.ts";
import { LongText } from "./long-text.tsx";
import { markdown } from "./rich/markdown.tsx";
import type { Page } from "./pages.ts";
import { momentAt } from "./pages.ts";
import { recordsOf } from "./records.ts";
import { toolCounts } from "./rows.ts";
import type { Script } from "./script.ts";
import { openFolds, turn as turnOver, turned } from "./script.ts";
import type { Turn } from "./turns.ts";
import { editTools } from "./turns.ts";

interface TurnProps {
  readonly script: Script;
  readonly page: Page;
  readonly turn: Turn;
  readonly before: Turn | undefined;
}

/** One turn with its time in the margin. A press anywhere but on what can be pressed selects its event. */
export function TurnItem(props: TurnProps) {
  work.rows++;
  const { page, turn } = props;
  const { events } = page;
  const seq = events.first + turn.index;
  const selected = isSelected(page, turn);
  const press = (event: MouseEvent) => {
    const target = event.target instanceof Element ? event.target : undefined;
    if (target?.closest("button, a, summary") || getSelection()?.isCollapsed === false) return;
    following.value = false;
    void select(seq);
  };
  const mail = mailIn(props);
  const say = mail !== undefined || turn.type === "prompt" || turn.type === "reply";
  const kind = mail ? "mail" : turn.type;
  return (
    <div
      class={`turn ${say ? "say " : ""}${kind}${turn.inner ? " inner" : ""}${selected ? " chosen" : ""}`}
      data-seq={seq}
      onClick={press}
    >
      <span class="tm">{clock(events.at[turn.index] ?? NaN)}</span>
      <div>{mail ?? <Content {...props} selected={selected} />}</div>
    </div>
  );
}

function isSelected({ events }: Page, { index, all, type }: Turn): boolean {
  const chosen = selection.value?.seq;
  if (chosen === undefined) return false;
  const inside = chosen - events.first;
  if (inside === index) return type !== "calls" || true;
  if (type === "call") return events.pair[index] === chosen;
  return all?.includes(inside) === true;
}

function Content({
  script,
  page,
  turn,
  before,
  selected,
}: TurnProps & { readonly selected: boolean }): ComponentChild {
  const { source, pages } = script;
  const { events, previews } = page;
  const { index } = turn;
  const preview = previews[index] ?? "";
  switch (turn.type) {
    case "call": {
      const edit = editTools(source.header).has((events.tool[index] ?? 0) - 1);
      return <Call source={source} pages={pages} page={page} index={index} selected={selected} edit={edit} />;
    }
    case "calls":
      return <Calls script={script} page={page} turn={turn} />;
    case "prompt":
    case "reply":
      return <Said script={script} page={page} turn={turn} before={before} />;
    case "thought":
      return <Folded name="Thought" meta={spent(page, index)} manner="prose" {...{ script, page, turn }} />;
    case "notes":
      return <Notes script={script} page={page} turn={turn} />;
    case "result": {
      const body = bodyOf(source, events, index, preview);
      return (
        <>
          <div class="who">{isPicture(events, index) ? "picture of a result" : "result without a call"}</div>
          <Output page={page} index={index} body={body} />
        </>
      );
    }
    case "record":
      return <RecordLine script={script} page={page} index={index} />;
    case "mark":
      return kindOf(events, index) === "compaction" ? (
        <Folded name="Context compacted" meta="" manner="prose" {...{ script, page, turn }} />
      ) : (
        <p class="aside">{eventWords(source.header, events, index, preview).text}</p>
      );
    default:
      return <Card script={script} page={page} turn={turn} />;
  }
}

function spent({ events }: Page, index: number): string {
  const output = events.tokens.output[index] ?? 0;
  return output > 0 ? `${short(output)} tokens` : "";
}

function Said({ script, page, turn, before }: TurnProps) {
  const { events, previews } = page;
  const { index } = turn;
  const header = script.source.header;
  const lane = events.lane[index] ?? 0;
  const body = bodyOf(script.source, events, index, previews[index] ?? "");
  const flags = events.flags[index] ?? 0;
  const same = before && before.type === turn.type && events.lane[before.index] === lane;
  const who =
    turn.type === "prompt"
      ? header.lanes[lane]?.kind === "subagent"
        ? "task"
        : "prompt"
      : actor(header, lane);
  const time = clock(events.at[index] ?? NaN, false);
  return (
    <>
      {!same && (
        <div class="who" data-t={time}>
          {who}
        </div>
      )}
      {(flags & flag.image) !== 0 ? (
        <Output page={page} index={index} body={body} />
      ) : (
        <LongText body={body} seq={events.first + index} manner="prose" cut={(flags & flag.cut) !== 0} />
      )}
    </>
  );
}

/** A picture beside the words of a result is an event of its own. */
function isPicture({ flags }: Events, index: number): boolean {
  return ((flags[index] ?? 0) & flag.image) !== 0;
}

/** The message that a record brings, as the agent that reads it sees it, or as it was sent. Undefined for any other turn. */
function mailIn({ script, page, turn }: TurnProps): ComponentChild | undefined {
  if (turn.type !== "record") return undefined;
  const { source } = script;
  const moment = momentAt(source, page.events.first + turn.index);
  if (!moment || !/^(?:send|read|handoff)$/.test(moment.kind)) return undefined;
  const records = recordsOf(source);
  const time = clock(moment.at, false);
  if (moment.kind !== "read") {
    const what = moment.kind === "handoff" ? `handoff of ${moment.step ?? "work"}` : mailWord(moment);
    const to = moment.to === undefined ? "whoever comes next" : whom(moment, source.header);
    const meta = moment.kind === "send" ? `, ${latency(moment, records).meta}` : "";
    return (
      <Letter who={`${what} to ${to}${meta}`} time={time} text={moment.text ?? ""} files={moment.files} />
    );
  }
  const ids = moment.ids ?? [];
  return (
    <>
      {ids.slice(0, 20).map((id) => {
        const sent = records.sent.get(id);
        if (!sent) return <div class="who">mail that is not on this page</div>;
        const from = actor(source.header, sent.lane);
        return (
          <Letter
            who={`${mailWord(sent)} from ${from}, sent ${clock(sent.at)}`}
            time={time}
            text={sent.text ?? ""}
            files={sent.files}
          />
        );
      })}
      {ids.length > 20 && <div class="who">and {ids.length - 20} more</div>}
    </>
  );
}

const mailWord = ({ urgent }: Moment) => (urgent ? "urgent mail" : "mail");

function Letter({
  who,
  time,
  text,
  files,
}: {
  readonly who: string;
  readonly time: string;
  readonly text: string;
  readonly files?: readonly string[] | undefined;
}) {
  return (
    <>
      <div class="who" data-t={time}>
        {who}
      </div>
      <div class="md">
        {markdown(text, { nodes: 200 }, () => performance.now())}
        {files && files.length > 0 && (
          <p class="files">
            {counted(files.length, "file")}: {files.slice(0, 12).join(", ")}
            {files.length > 12 && " …"}
          </p>
        )}
      </div>
    </>
  );
}

function RecordLine({
  script,
  page,
  index,
}: {
  readonly script: Script;
  readonly page: Page;
  readonly index: number;
}) {
  const { source } = script;
  const moment = momentAt(source, page.events.first + index);
  const kind = kindOf(page.events, index);
  if (!moment) return <p class="aside">{oneLine(page.previews[index] ?? "") || kind}</p>;
  const { text, meta } = momentWords(moment, source.header, recordsOf(source));
  const late = moment.said !== undefined && Math.abs(moment.said - moment.at) >= 1000;
  return (
    <p class={`record ${kind}`}>
      <Mark name={markOf(kind, moment)} />
      <span>{text}</span>
      <span class="m">
        {meta}
        {late && ` its own clock said ${clock(moment.said ?? NaN)}`}
      </span>
    </p>
  );
}

function Calls({
  script,
  page,
  turn,
}: {
  readonly script: Script;
  readonly page: Page;
  readonly turn: Turn;
}) {
  const { events } = page;
  const seq = events.first + turn.index;
  const all = turn.all ?? [];
  const open = openFolds.value.has(seq);
  const names = all.map((index) => toolOf(script.source.header, events, index) || "call");
  const ends = all.map((index) => (events.pair[index] ?? -1) - events.first);
  const last = Math.max(
    ...ends.map((end) => events.at[end] ?? 0),
    ...all.map((index) => events.at[index] ?? 0),
  );
  const found = all.reduce(
    (sum, index, at) => sum + hitsAround(events.first + index) + hitsAround(events.first + (ends[at] ?? -1)),
    0,
  );
  return (
    <button type="button" class="fold" aria-expanded={open} onClick={() => turnOver(openFolds, seq)}>
      <span class="name">{all.length} calls</span>
      <span class="c">{toolCounts(names)}</span>
      {!open && found > 0 && <span class="found">{found} inside</span>}
      <span class="m">{long(last - (events.at[turn.index] ?? 0))}</span>
    </button>
  );
}

interface PartProps {
  readonly script: Script;
  readonly page: Page;
  readonly turn: Turn;
}

function Folded({
  script,
  page,
  turn,
  name,
  meta,
  manner,
}: PartProps & {
  readonly name: string;
  readonly meta: string;
  readonly manner: "prose" | "plain";
}) {
  const { events, previews } = page;
  const seq = events.first + turn.index;
  const open = turned.value.has(seq) !== (selection.value?.seq === seq);
  const found = hitsAround(seq);
  const flags = events.flags[turn.index] ?? 0;
  const preview = previews[turn.index] ?? "";
  return (
    <>
      <button type="button" class="fold" aria-expanded={open} onClick={() => turnOver(turned, seq)}>
        <span class="name">{name}</span>
        <span class="c quiet">{open ? "" : oneLine(preview)}</span>
        {!open && found > 0 && <span class="found">{found} inside</span>}
        <span class="m">{meta}</span>
      </button>
      {open && (
        <div class="out think">
          <LongText
            body={bodyOf(script.source, events, turn.index, preview)}
            seq={seq}
            manner={manner}
            cut={(flags & flag.cut) !== 0}
          />
        </div>
      )}
    </>
  );
}

function Notes({ page, turn }: PartProps) {
  const all = turn.all ?? [];
  const seq = page.events.first + turn.index;
  const open = turned.value.has(seq);
  return (
    <>
      <button type="button" class="fold note" aria-expanded={open} onClick={() => turnOver(turned, seq)}>
        <span>{counted(all.length, "note")}</span>
        <span class="c quiet">{open ? "" : oneLine(page.previews[turn.index] ?? "")}</span>
      </button>
      {open && (
        <div class="out">
          {all.slice(0, 100).map((index) => (
            <div>{oneLine(page.previews[index] ?? "")}</div>
          ))}
          {all.length > 100 && <div class="faint">and {all.length - 100} more</div>}
        </div>
      )}
    </>
  );
}

/** What is no part of a conversation that we know: shown as it is. */
function Card({ script, page, turn }: PartProps) {
  const { events, previews } = page;
  const { index } = turn;
  const kind = kindOf(events, index);
  const body = bodyOf(script.source, events, index, previews[index] ?? "");
  return (
    <>
      <div class={kind === "error" ? "who err" : "who"}>
        {kind === "error" ? "error" : "record of an unknown kind"}
      </div>
      <div class="out">
        <LongText
          body={body}
          seq={events.first + index}
          manner="output"
          cut={((events.flags[index] ?? 0) & flag.cut) !== 0}
        />
      </div>
    </>
  );
}
