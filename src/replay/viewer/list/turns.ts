import type { Events, Header } from "../../page.ts";
import { kinds } from "../../page.ts";
import { isFailed } from "./rows.ts";

/** One part of a transcript: what somebody said, thought or did, or what the bucket's records say of the agent. */
export interface Turn {
  readonly type:
    | "prompt"
    | "reply"
    | "thought"
    | "call"
    | "calls"
    | "result"
    | "record"
    | "notes"
    | "mark"
    | "card";
  /** The place of its event in the block. */
  readonly index: number;
  /** Of folded calls and of notes: all places, in order. */
  readonly all?: readonly number[];
  /** A call that an opened fold shows. */
  readonly inner?: true;
}

/** What is shown of a lane. */
export interface Shown {
  /** 1 for each lane whose events are in the transcript. */
  readonly lanes: Uint8Array;
  /** Only what was said. */
  readonly talk: boolean;
  /** The first events of the folds that are open, by `seq`. */
  readonly open: ReadonlySet<number>;
  /** The places in `Header.tools` of tools that change files: their calls are not folded away. */
  readonly edits: ReadonlySet<number>;
}

const number = (kind: (typeof kinds)[number]) => kinds.indexOf(kind);
const call = number("call");
const result = number("result");
const note = number("note");
const firstRecord = number("claim");
const types = new Map<number, Turn["type"]>([
  [number("prompt"), "prompt"],
  [number("reply"), "reply"],
  [number("thought"), "thought"],
  [number("model"), "mark"],
  [number("compaction"), "mark"],
  [number("error"), "card"],
  [number("unknown"), "card"],
]);
const said = new Set([number("prompt"), number("reply"), number("send"), number("read"), number("handoff")]);

/** Tools that write files, by the names that the harnesses give them. */
export function editTools(header: Header): ReadonlySet<number> {
  const names =
    /^(?:edit|multiedit|write|notebookedit|str_replace(?:_.*)?|create_file|apply_patch|patch|replace|write_file|edit_file)$/i;
  return new Set(header.tools.flatMap((tool, place) => (names.test(tool) ? [place] : [])));
}

/** A session's transcript has what its agent's records say while it ran; an agent's has all its sessions; a sub-agent's itself. */
export function lanesShown(header: Header, focused: number): Uint8Array {
  const shown = new Uint8Array(header.lanes.length);
  const lane = header.lanes[focused];
  if (!lane) return shown;
  shown[focused] = 1;
  if (lane.kind === "agent") {
    for (const [child, { kind, parent }] of header.lanes.entries())
      if (kind === "session" && parent === focused) shown[child] = 1;
  }
  if (lane.kind === "session" && lane.parent !== undefined && header.lanes[lane.parent])
    shown[lane.parent] = 1;
  return shown;
}

/** The parts of a transcript that one block holds. A call stands for its result; calls that nothing stands between fold. */
export function turnsOf(events: Events, shown: Shown): readonly Turn[] {
  const turns: Turn[] = [];
  let run: number[] = [];
  let notes: number[] = [];
  const end = () => {
    const [first, second] = run;
    if (first !== undefined && second === undefined) turns.push({ type: "call", index: first });
    else if (first !== undefined) {
      turns.push({ type: "calls", index: first, all: run });
      if (shown.open.has(events.first + first))
        for (const index of run) turns.push({ type: "call", index, inner: true });
    }
    if (notes[0] !== undefined) turns.push({ type: "notes", index: notes[0], all: notes });
    run = [];
    notes = [];
  };
  for (let index = 0; index < events.at.length; index++) {
    if (shown.lanes[events.lane[index] ?? 0] !== 1) continue;
    const kind = events.kind[index] ?? 0;
    if (shown.talk && !said.has(kind)) continue;
    if (kind === note) {
      notes.push(index);
      continue;
    }
    if (kind === result) {
      if ((events.pair[index] ?? -1) < 0) {
        end();
        turns.push({ type: "result", index });
      }
      continue;
    }
    if (kind === call && !standsAlone(events, index, shown)) {
      if (notes.length > 0 && run.length === 0) end();
      run.push(index);
      continue;
    }
    end();
    turns.push({
      type: kind === call ? "call" : kind >= firstRecord ? "record" : (types.get(kind) ?? "card"),
      index,
    });
  }
  end();
  return turns;
}

function standsAlone(events: Events, index: number, { edits }: Shown): boolean {
  const pair = (events.pair[index] ?? -1) - events.first;
  const failed = isFailed(events, index) || (pair >= 0 && pair < events.at.length && isFailed(events, pair));
  return failed || edits.has((events.tool[index] ?? 0) - 1);
}

/** The turn that shows an event: its own, its call's, or the fold that has it. -1 for an event that is not in the transcript. */
export function turnShowing(turns: readonly Turn[], events: Events, index: number): number {
  const own = turns.findIndex(
    (turn) => turn.index === index && (turn.type !== "calls" || !openAfter(turns, turn)),
  );
  if (own >= 0) return own;
  const fold = turns.findIndex((turn) => turn.all?.includes(index) === true);
  if (fold >= 0) return fold;
  const pair = (events.pair[index] ?? -1) - events.first;
  return events.kind[index] === result && pair >= 0 ? turnShowing(turns, events, pair) : -1;
}

function openAfter(turns: readonly Turn[], turn: Turn): boolean {
  return turns[turns.indexOf(turn) + 1]?.inner === true;
}

/** About how high a turn will be, before the browser has made it. */
export function guessHeight(turn: Turn, events: Events): number {
  if (turn.type !== "prompt" && turn.type !== "reply") return 24;
  const lines = Math.min(40, Math.ceil(((events.length[turn.index] ?? 0) || 60) / 66));
  return 33 + 20 * Math.max(1, lines);
}
