import type { Moment } from "./page.ts";

/** A message, or a handoff to somebody, which is one too: who sent it, and who read it when. */
export interface Letter {
  /** Eight hex digits; of a message without any, its `seq` in words. */
  readonly id: string;
  readonly seq: number;
  readonly from: number;
  /** -1 for everybody, below that for one who is no agent, as `Moment.to`. */
  readonly to: number;
  readonly at: number;
  readonly urgent: boolean;
  readonly text: string;
  readonly step?: string;
  readonly handoff?: true;
  /** In the order of reading, each lane once. */
  readonly reads: readonly Reading[];
  readonly acks: readonly Reading[];
}

export interface Reading {
  readonly lane: number;
  readonly at: number;
  readonly seq: number;
}

interface Open extends Letter {
  readonly reads: Reading[];
  readonly acks: Reading[];
}

/** Whether a moment is a message to somebody. */
export function isLetter({ kind, to }: Moment): boolean {
  return (kind === "send" || kind === "handoff") && to !== undefined;
}

/** The messages that moments tell of, in the order of sending. The moments are in the order of `seq`. */
export function lettersOf(moments: Iterable<Moment>): Letter[] {
  const letters: Open[] = [];
  const byId = new Map<string, Open[]>();
  for (const moment of moments) {
    if (isLetter(moment)) {
      const letter = letterOf(moment);
      letters.push(letter);
      const same = byId.get(letter.id);
      if (same) same.push(letter);
      else byId.set(letter.id, [letter]);
      continue;
    }
    if (moment.kind !== "read" && moment.kind !== "ack") continue;
    const { lane, at, seq, kind } = moment;
    for (const id of moment.ids ?? []) {
      const letter = addressed(byId.get(id), lane);
      const list = kind === "read" ? letter?.reads : letter?.acks;
      if (list && !list.some((reading) => reading.lane === lane)) list.push({ lane, at, seq });
    }
  }
  return letters;
}

/** Ids are eight digits and may meet: the one that this reader could have read is meant. */
function addressed(letters: readonly Open[] | undefined, lane: number): Open | undefined {
  return (
    letters?.find(({ to }) => to === lane) ?? letters?.find(({ to, from }) => to === -1 && from !== lane)
  );
}

function letterOf(moment: Moment): Open {
  const { id, seq, lane, to, at, urgent, text, step, kind } = moment;
  return {
    id: id ?? `seq-${seq}`,
    seq,
    from: lane,
    to: to!,
    at,
    urgent: urgent === true,
    text: text ?? "",
    ...(step !== undefined && { step }),
    ...(kind === "handoff" && { handoff: true as const }),
    reads: [],
    acks: [],
  };
}
