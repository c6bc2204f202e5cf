import { fstatSync, writeSync } from "node:fs";

/** One of the two streams of a process. */
export interface Sink {
  readonly isTTY: boolean;
  /** Of the terminal, if it is one. */
  readonly columns: number | undefined;
  /** Returns once all of it was taken, and throws what the system says instead. */
  write(text: string): void;
}

const pauseMs = 5;

/**
 * A descriptor as a sink. `process.stdout` of a pipe loads node:net and more, which takes longer than most commands;
 * only a terminal is asked through it.
 */
export function descriptorSink(fd: 1 | 2, stream: () => NodeJS.WriteStream): Sink {
  const terminal = isCharacterDevice(fd) && Boolean(stream().isTTY);
  return {
    isTTY: terminal,
    get columns() {
      return terminal ? stream().columns : undefined;
    },
    write(text) {
      let rest: Uint8Array = Buffer.from(text);
      while (rest.length > 0) {
        try {
          rest = rest.subarray(writeSync(fd, rest));
        } catch (error) {
          // Whoever shares a pipe with us may have made it non-blocking: its reader is only slow.
          if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs);
        }
      }
    },
  };
}

function isCharacterDevice(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice();
  } catch {
    return false; // Closed by whoever started us: the first write says so.
  }
}
