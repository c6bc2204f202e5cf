import { TracecraftError } from "../errors.ts";

export type Stop = "interrupted" | "terminated";

export interface Stopping {
  readonly signal: AbortSignal;
  /** Which signal came first, if any. */
  readonly stopped: () => Stop | undefined;
  readonly stop: (why: Stop) => void;
  /** Settles once a signal came and the time for ending in order is over, or at a second signal. */
  readonly tooLate: Promise<Stop>;
}

/** How long a command may take to end in order after a signal. */
const graceMs = 2_000;

/** Ctrl-C and a request to end: the first asks the command to stop, a second one, or time, ends the process. */
export function listenForSignals(process: Pick<NodeJS.Process, "on">): Stopping {
  const controller = new AbortController();
  let first: Stop | undefined;
  const { promise: tooLate, resolve: give } = withResolvers<Stop>();
  const stop = (why: Stop): void => {
    if (first !== undefined) return give(first);
    first = why;
    controller.abort();
    setTimeout(() => give(why), graceMs).unref();
  };
  process.on("SIGINT", () => stop("interrupted"));
  process.on("SIGTERM", () => stop("terminated"));
  return { signal: controller.signal, stopped: () => first, stop, tooLate };
}

/** What is said of a command that a signal ended. `hint` goes on from here. */
export function stoppedError(why: Stop, hint: string | undefined): TracecraftError {
  return new TracecraftError(why, why === "interrupted" ? "Interrupted" : "Terminated", { hint });
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve!: (value: T) => void;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}
