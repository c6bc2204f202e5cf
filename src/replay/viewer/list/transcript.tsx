import { useComputed, useSignalEffect } from "@preact/signals";
import { createRef } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Lane } from "../../page.ts";
import { following, now, selection, source } from "../model.ts";
import { bodiesArrived } from "./bodies.ts";
import type { Place } from "./extent.ts";
import { nowSeq } from "./merged.ts";
import { arrived } from "./pages.ts";
import type { Script } from "./script.ts";
import { openFolds, script, scriptLane, shownMore, talkOnly, turned } from "./script.ts";
import { Scroller } from "./scroller.tsx";
import { TurnItem } from "./turn.tsx";
import { clock } from "../words.ts";
import { kinds } from "../../page.ts";
import { signal } from "@preact/signals";

const scroller = createRef<Scroller>();

/** Where T stands in a block of the transcript: before this turn. */
function turnOfNow(list: Script, block: number): number | undefined {
  const seq = nowSeq.value;
  const here = list.turns(block);
  if (seq === undefined || !here || Math.floor(seq / 4096) !== block) return undefined;
  const after = here.turns.findIndex((turn) => !turn.inner && turn.index > seq - here.page.events.first);
  return after < 0 ? here.turns.length : after;
}

function Item({
  list,
  block,
  item,
}: {
  readonly list: Script;
  readonly block: number;
  readonly item: number;
}) {
  const place = { block, item };
  const here = list.turns(place.block);
  const turn = here?.turns[place.item];
  if (!here || !turn) return <div />;
  const line = turnOfNow(list, place.block);
  return (
    <div>
      {line === place.item && <div class="nowline">{clock(now.value)}</div>}
      <TurnItem script={list} page={here.page} turn={turn} before={here.turns[place.item - 1]} />
      {line === here.turns.length && place.item === line - 1 && <div class="nowline">{clock(now.value)}</div>}
    </div>
  );
}

async function reveal(seq: number | undefined, share?: number): Promise<void> {
  const list = script.peek();
  if (!list || seq === undefined) return;
  const block = Math.floor(seq / 4096);
  const place = (await list.find(seq)) ?? (await nearest(list, seq, block));
  if (place && script.peek() === list) scroller.current?.reveal(place, share);
}

/** The last turn that is not after an event of another lane. */
async function nearest(list: Script, seq: number, from: number): Promise<Place | undefined> {
  let block = Math.min(from, list.counts.length - 1);
  while (block > 0 && (list.counts[block] ?? 0) === 0) block--;
  if (!list.counts[block]) return undefined;
  await list.pages.load(block);
  const here = list.turns(block);
  if (!here) return undefined;
  const item = here.turns.findLastIndex((turn) => here.page.events.first + turn.index <= seq);
  return { block, item: Math.max(0, item) };
}

function title(lane: Lane | undefined): { name: string; harness: string; session: string } {
  const lanes = source.value?.header.lanes ?? [];
  const mine = lanes.filter(({ kind, parent }) => kind === "session" && parent === scriptLane.value);
  const session = lane?.session ?? (mine.length === 1 ? mine[0]?.session : undefined) ?? "";
  const harness = lane?.harness ?? [...new Set(mine.map((one) => one.harness ?? ""))].join(", ");
  const above = lane?.kind === "session" && lane.parent !== undefined ? lanes[lane.parent] : undefined;
  const many = mine.length > 1 ? `${mine.length} sessions` : "";
  return { name: above?.name ?? lane?.name ?? "", harness, session: session.slice(0, 8) || many };
}

/** Harnesses of which a long transcript was seen without a single thought, by lane: said once, at its head. */
const thoughtless = signal<ReadonlyMap<number, string>>(new Map());
const looked = new Set<number>();
const thought = kinds.indexOf("thought");
const reply = kinds.indexOf("reply");

async function lookForThoughts(list: Script, lane: number, harness: string): Promise<void> {
  if (looked.has(lane) || harness === "") return;
  looked.add(lane);
  const blocks = [...list.counts.keys()].filter((block) => (list.counts[block] ?? 0) > 0);
  if (blocks.length > 4) return;
  let replies = 0;
  for (const block of blocks) {
    const here = list.turns(block) ?? (await list.pages.load(block).then(() => list.turns(block)));
    for (const { index } of here?.turns ?? []) {
      const kind = here?.page.events.kind[index];
      if (kind === thought) return;
      if (kind === reply) replies++;
    }
  }
  if (replies > 0) thoughtless.value = new Map(thoughtless.peek()).set(lane, harness);
}

/** The transcript of the agent that has the focus: what was said, thought and done, and what its records say, in one column. */
export function Transcript() {
  const width = useRef(0);
  useSignalEffect(() => {
    const seq = selection.value?.seq;
    void script.value;
    if (seq !== undefined) void reveal(seq);
    else void reveal(nowSeq.peek(), 0.4);
  });
  useSignalEffect(() => {
    const seq = nowSeq.value;
    if (following.value && selection.peek()?.seq !== seq) void reveal(seq, 0.62);
  });
  const lane = useComputed(() => source.value?.header.lanes[scriptLane.value]);
  const { name, harness, session } = title(lane.value);
  const list = script.value;
  useEffect(() => {
    if (list && !talkOnly.value) void lookForThoughts(list, scriptLane.value, harness);
  }, [list]);
  const without = thoughtless.value.get(scriptLane.value);
  const changes =
    arrived.value +
    bodiesArrived.value +
    turned.value.size +
    openFolds.value.size +
    shownMore.value.size +
    (nowSeq.value ?? 0);
  return (
    <section class="pane script" aria-label="Transcript">
      <div class="bar">
        <h2>{name}</h2>
        <span class="dim">{harness}</span>
        <span class="faint mono">{session}</span>
        <span class="push" />
        <span class="seg" role="group" aria-label="What is shown">
          {[false, true].map((talk) => (
            <button
              type="button"
              aria-pressed={talkOnly.value === talk}
              onClick={() => (talkOnly.value = talk)}
            >
              {talk ? "Prompts and replies" : "All"}
            </button>
          ))}
        </span>
      </div>
      {without !== undefined && <p class="aside once">{without} wrote no thoughts here</p>}
      {list && (
        <Scroller
          key={`${scriptLane.value} ${talkOnly.value}`}
          ref={scroller}
          extent={list.extent}
          version={changes}
          label={`Transcript of ${name}`}
          measured
          item={({ block, item }) => <Item key={`${block}.${item}`} list={list} block={block} item={item} />}
          waiting={(block) => <Waiting key={`w${block}`} list={list} block={block} />}
          onReader={() => (following.value = false)}
          onTop={({ block }) => {
            list.keepHeights(block);
            const wide = scroller.current?.width ?? 0;
            if (width.current !== 0 && width.current !== wide) list.forgetHeights();
            width.current = wide;
          }}
        />
      )}
    </section>
  );
}

function Waiting({ list, block }: { readonly list: Script; readonly block: number }) {
  list.turns(block);
  return (
    <div class="waiting" data-waiting="" style={{ height: `${list.extent.height({ block, item: 0 })}px` }}>
      {list.pages.trouble(block)}
    </div>
  );
}
