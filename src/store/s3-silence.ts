/**
 * How long a store may say nothing at all before every request to it is given up together: calls that follow each
 * other would else wait for it one after the other, far longer than anybody who waits for their command.
 */
export interface Silence {
  /** How long a request that is sent now may wait, in ms; 0: it is not worth sending. */
  leftMs(): number;
  /** A reply came, whatever it says. */
  heard(): void;
}

export const usualSilenceMs = 10_000;
/** After giving up: what follows at once fails at once, what comes later is a new try. */
const restMs = 1_000;

export function silence(limitMs: number): Silence {
  let since: number | undefined;
  return {
    leftMs() {
      const now = Date.now();
      if (since === undefined || now >= since + limitMs + restMs) since = now;
      return Math.max(0, since + limitMs - now);
    },
    heard() {
      since = undefined;
    },
  };
}
