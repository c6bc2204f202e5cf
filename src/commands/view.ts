import { TracecraftError } from "../errors.ts";
import type { Built } from "../replay/serve.ts";
import { defineCommand, type Context } from "./command.ts";
import { openInBrowser } from "./open-browser.ts";
import { buildOptions } from "./replay.ts";

/** How often the bucket is looked at while somebody looks at the page: soon after something happened, seldom when not. */
const pollMs = { first: 500, last: 3_000, grows: 1.2 };
/** A page that takes long to make is not made again at once. */
const restFactor = 2;

export const view = defineCommand({
  name: "view",
  summary: "Show the replay page from this machine, and follow what happens",
  positionals: {},
  options: {
    port: { placeholder: "N", default: "0", help: "of 127.0.0.1; 0 takes any free one" },
    since: { placeholder: "WHEN", help: "only what is not older: a span such as 2d, or a time" },
    agent: { placeholder: "NAME", many: true, help: "only this agent's lane; may be given again" },
    open: { help: "show it in the browser" },
  },
  exits: { usage: "the port is taken" },
  examples: ["tracecraft view --open", "tracecraft view --port 8080 --since 1d"],
  needs: "project",

  async run(context, args) {
    const port = portOf(args.port);
    const { pageMaker } = await import("../replay/build.ts");
    const maker = await pageMaker("full");
    try {
      await serve(context, { port, open: args.open }, async () =>
        maker.build(context.project, {
          ...(await buildOptions(context, args)),
          signal: context.signal,
          progress: () => {},
        }),
      );
    } finally {
      await maker.close();
    }
    throw new TracecraftError("interrupted", "Interrupted");
  },
});

/** Shows what `build` makes, again whenever something changed, until the signal comes. */
async function serve(
  { project, signal, emit, platform }: Context,
  { port, open }: { readonly port: number; readonly open: boolean },
  build: () => Promise<Built>,
): Promise<void> {
  const { changesOf } = await import("../replay/changes.ts");
  const { servePage } = await import("../replay/serve.ts");
  const { readViewer } = await import("../replay/viewer-files.ts");
  const changed = changesOf(project);
  await changed();
  const serving = await servePage({
    viewer: readViewer(),
    first: await build(),
    port,
    secret: project.world.randomHex(16),
  }).catch((error: unknown) => {
    throw taken(error, port);
  });
  try {
    emit({ url: serving.url, project: project.name }, `Serving ${project.name} on ${serving.url}`);
    if (open) openInBrowser(platform, serving.url);
    let pauseMs = pollMs.first;
    let stale = false;
    while (!signal.aborted) {
      await project.world.sleep(pauseMs);
      pauseMs = Math.min(pollMs.last, pauseMs * pollMs.grows);
      if (signal.aborted || serving.followers() === 0) continue;
      stale = (await changed().catch(() => false)) || stale;
      if (!stale) continue;
      const began = project.world.monotonic();
      const next = await build().catch(passing);
      if (next) await serving.show(next);
      stale = next === undefined;
      pauseMs = Math.max(pollMs.first, restFactor * (project.world.monotonic() - began));
    }
  } finally {
    await serving.close();
  }
}

/** A store that does not answer now may answer later: the page stays as it is until then. Anything else ends the command. */
function passing(error: unknown): undefined {
  if (!(error instanceof TracecraftError) || !error.retryable) throw error;
}

function portOf(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  throw new TracecraftError("usage", `Cannot read --port "${text.slice(0, 60)}": 0 to 65535`);
}

function taken(error: unknown, port: number): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "EADDRINUSE" && code !== "EACCES") return error;
  const why = code === "EACCES" ? "no permission" : "it is taken";
  return new TracecraftError("usage", `Cannot serve on port ${port}: ${why}`, { hint: "tracecraft view" });
}
