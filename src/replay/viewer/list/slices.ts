/** How long work may hold the page before the page gets a turn. */
const sliceMs = 8;

function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener("message", () => {
      port1.close();
      resolve();
    });
    port1.start();
    port2.postMessage(0);
  });
}

/** A function to await between pieces of work: it gives the page a turn when the pieces since its last turn took long. */
export function slices(now: () => number = () => performance.now()): () => Promise<void> | undefined {
  let since = now();
  return () => {
    if (now() - since < sliceMs) return undefined;
    return turn().then(() => {
      since = now();
    });
  };
}
