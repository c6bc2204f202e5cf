import type { ClientRequest } from "node:http";
import { NetworkError } from "./s3-network-error.ts";

export interface Timeouts {
  /** To a connected (and, for https, encrypted) socket. */
  readonly connectMs: number;
  /** Without a byte in either direction. */
  readonly idleMs: number;
  /** For one call with all its repetitions, before the time that its bytes are allowed (64 kB/s). */
  readonly totalMs: number;
  /** Without any reply to any of several calls, before all of them are given up. */
  readonly silentMs: number;
}

/** The least speed at which a body may come or go: a request has this much more time for its bytes. */
export const bytesPerMs = 64;

/** A request under its times. */
export interface Watch {
  readonly gaveUp: () => NetworkError | undefined;
  readonly allow: (bytes: number) => void;
  readonly stop: () => void;
}

/** Destroys the request when one of its times is over. They run from the moment that it has a socket. */
export function watchTime(outgoing: ClientRequest, timeouts: Timeouts, withinMs: number): Watch {
  let reason: NetworkError | undefined;
  let total: NodeJS.Timeout | undefined;
  let connect: NodeJS.Timeout | undefined;
  let startedAt = 0;
  let allowedMs = withinMs;
  const giveUp = (text: string) => {
    reason ??= new NetworkError(text);
    outgoing.destroy(reason);
  };
  const arm = () => {
    clearTimeout(total);
    const leftMs = allowedMs - (Date.now() - startedAt);
    total = setTimeout(() => giveUp(`no answer within ${seconds(allowedMs)}`), Math.max(0, leftMs));
  };
  outgoing.once("socket", (socket) => {
    startedAt = Date.now();
    arm();
    if (!socket.connecting) return;
    const connectMs = Math.min(timeouts.connectMs, withinMs);
    connect = setTimeout(() => giveUp(`no connection within ${seconds(connectMs)}`), connectMs);
    const ready = outgoing.protocol === "https:" ? "secureConnect" : "connect";
    socket.once(ready, () => clearTimeout(connect));
  });
  outgoing.once("close", () => clearTimeout(connect));
  outgoing.setTimeout(timeouts.idleMs, () => giveUp(`silent for ${seconds(timeouts.idleMs)}`));
  return {
    gaveUp: () => reason,
    allow(bytes) {
      allowedMs += bytes / bytesPerMs;
      arm();
    },
    stop() {
      clearTimeout(total);
      clearTimeout(connect);
    },
  };
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10}s`;
}
