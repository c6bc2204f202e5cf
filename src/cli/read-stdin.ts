import { TracecraftError } from "../errors.ts";

/**
 * All of standard input. Over `limitBytes` it is the error `usage`; when the process is told to stop it ends at once,
 * as `interrupted`: whoever typed Ctrl-C at a prompt that waits for text has nothing to lose.
 */
export async function readStdin(
  stdin: NodeJS.ReadStream,
  signal: AbortSignal,
  limitBytes = Infinity,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stop = (): void => void stdin.destroy(new TracecraftError("interrupted", "Interrupted"));
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stdin) {
      chunks.push(chunk as Uint8Array);
      size += (chunk as Uint8Array).length;
      if (size > limitBytes)
        throw new TracecraftError("usage", `Cannot read standard input: over ${limitBytes} bytes`);
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
  return Buffer.concat(chunks);
}
