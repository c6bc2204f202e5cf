/** Virtual time, what is to happen in it, and a trace of what did. */
export interface Timeline {
  /** The store's own clock, in ms. */
  readonly now: number;
  readonly startedAt: number;
  /** The place of this moment in the order of all that happened: never the same twice. */
  stamp(): number;
  /** Lets `what` happen `ms` from now. At the same moment: in the order of the calls. */
  in(ms: number, what: () => void): void;
  /** Lets the next thing happen; false when nothing is left. Promises it settles run before the next call of this. */
  step(): boolean;
  /** Adds to the trace: always to its hash, and as a line where lines are kept; `more` only there. */
  note(who: string, what: string, about?: string, more?: () => string): void;
  readonly hash: string;
  readonly lines: readonly string[];
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly what: () => void;
}

/** More events than this in one history are a loop without end. */
const eventLimit = 200_000;

export function timeline(startedAt: number, keepLines: boolean): Timeline {
  const heap: Event[] = [];
  const lines: string[] = [];
  let now = startedAt;
  let order = 0;
  let steps = 0;
  let stamps = 0;
  let high = 0x811c9dc5;
  let low = 0x9e3779b1;

  function mix(text: string): void {
    for (let at = 0; at < text.length; at++) high = Math.imul(high ^ text.charCodeAt(at), 0x01000193);
    low = (Math.imul(low, 31) + high) | 0;
  }

  return {
    get now() {
      return now;
    },
    startedAt,
    stamp: () => ++stamps,
    in(ms, what) {
      push(heap, { at: now + Math.max(0, Math.round(ms)), order: order++, what });
    },
    step() {
      const event = pop(heap);
      if (!event) return false;
      if (++steps > eventLimit) throw new Error(`more than ${eventLimit} events: something never ends`);
      now = event.at;
      event.what();
      return true;
    },
    note(who, what, about = "", more = undefined) {
      mix(who);
      mix(what);
      mix(about);
      low = (low + now) | 0;
      if (!keepLines) return;
      const at = ((now - startedAt) / 1000).toFixed(3).padStart(10);
      lines.push(`${at}s  ${who.padEnd(8)} ${what} ${about} ${more?.() ?? ""}`.trimEnd());
    },
    get hash() {
      return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0");
    },
    lines,
  };
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(event, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: Event[]): Event | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
    if (child >= heap.length || !before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
  return first;
}
