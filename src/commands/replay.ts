import { accessSync, constants, lstatSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { TracecraftError } from "../errors.ts";
import type { BuildOptions } from "../replay/build.ts";
import { diskTrouble } from "../replay/disk.ts";
import type { Header } from "../replay/page.ts";
import { defineCommand, type Context } from "./command.ts";
import { openInBrowser } from "./open-browser.ts";
import { loadRedactor } from "./redactor.ts";
import { count, parseSize, parseWhen, plainTime, size, typed } from "./values.ts";

const bodies = ["none", "preview", "full"] as const;
type Bodies = (typeof bodies)[number];

export const replay = defineCommand({
  name: "replay",
  summary: "Make one page of all that happened here: claims, mail and every agent's work on one clock",
  positionals: {},
  options: {
    out: { placeholder: "FILE", default: "replay.html", help: "the page" },
    since: { placeholder: "WHEN", help: "only what is not older: a span such as 2d, or a time" },
    until: { placeholder: "WHEN", help: "only what is not later" },
    agent: { placeholder: "NAME", many: true, help: "only this agent's lane; may be given again" },
    bodies: { placeholder: "WHICH", default: "full", help: "none, preview (120 characters each) or full" },
    maxSize: { placeholder: "SIZE", default: "50MB", help: "no page larger than this" },
    split: { placeholder: "DIR", help: "a folder for a web server instead, whatever the size" },
    open: { help: "show it in the browser" },
  },
  exits: {
    usage: "the page is over --max-size; nothing is left behind",
    not_found: "nothing happened here, or not in that time",
  },
  examples: [
    "tracecraft replay",
    "tracecraft replay --since 2d --agent web-1 --out web-1.html",
    "tracecraft replay --split site",
  ],
  needs: "project",

  async run(context, args) {
    const { project, cwd, signal } = context;
    const maxBytes = parseSize(args.maxSize, "--max-size");
    const which = bodiesOf(args.bodies);
    const path = resolve(cwd, args.split ?? args.out);
    mustBeWritable(path, args.split ?? args.out, args.split !== undefined);

    const { buildPage } = await import("../replay/build.ts");
    const { readViewer } = await import("../replay/viewer-files.ts");
    const { writePage, writeSplit } = await import("../replay/write.ts");
    const built = await buildPage(project, {
      ...(await buildOptions(context, args)),
      bodies: which,
      signal,
      progress: (done, total) => context.progress(progressLine(done, total)),
    });
    try {
      const { header, blocks } = built;
      if (header.events === 0) throw nothingThere(args);
      const viewer = readViewer();
      if (args.split !== undefined) {
        const bytes = await writeSplit(path, viewer, blocks, signal);
        return answer(header, `${args.split}/index.html`, bytes, `serve ${args.split} with any web server`);
      }
      const { bytes, written } = await writePage(path, viewer, blocks, { maxBytes, signal });
      if (!written) throw tooLarge(args.out, bytes, args.maxSize, which);
      if (args.open) openInBrowser(context.platform, path);
      return answer(header, args.out, bytes);
    } finally {
      await built.close();
    }
  },
});

/** What of the bucket is to be on the page, by the options that `replay` and `view` share. */
export async function buildOptions(
  { env, redaction, project }: Context,
  args: {
    readonly since?: string | undefined;
    readonly until?: string | undefined;
    readonly agent: readonly string[];
  },
): Promise<Pick<BuildOptions, "since" | "until" | "agents" | "redactor">> {
  const now = project.world.now();
  return {
    since: args.since === undefined ? undefined : parseWhen(args.since, now, "--since"),
    until: args.until === undefined ? undefined : parseWhen(args.until, now, "--until"),
    agents: args.agent,
    redactor: await loadRedactor({ env, redaction }),
  };
}

function answer(header: Header, path: string, bytes: number, hint?: string) {
  const agents = header.lanes.filter(({ kind }) => kind === "agent").length;
  const range = `${plainTime(header.from)} to ${plainTime(header.to)}`;
  const what = `${size(bytes)}, ${count(header.events, "event")}, ${count(agents, "agent")}, ${range}`;
  return {
    data: {
      path,
      size: bytes,
      events: header.events,
      agents,
      from: new Date(header.from).toISOString(),
      to: new Date(header.to).toISOString(),
      redactions: header.redacted,
      notes: header.notes,
    },
    text: [`Wrote ${path}`, what, ...(hint === undefined ? [] : [hint])].join("\n"),
    warnings: header.notes,
  };
}

function bodiesOf(text: string): Bodies {
  const found = bodies.find((one) => one === text);
  if (found) return found;
  throw new TracecraftError("usage", `Cannot read --bodies "${text.slice(0, 60)}": none, preview or full`);
}

function mustBeWritable(path: string, shown: string, folder: boolean): void {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there && there.isDirectory() !== folder)
    throw new TracecraftError(
      "usage",
      `Cannot write "${shown}": ${folder ? "a file" : "a folder"} is there`,
      folder ? {} : { hint: `tracecraft replay --out ${typed(join(shown, "replay.html"))}` },
    );
  if (!folder && !lstatSync(dirname(path), { throwIfNoEntry: false }))
    throw new TracecraftError("not_found", `Cannot write "${shown}": there is no such folder`);
  if (folder) return;
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    throw diskTrouble(error, shown);
  }
}

function tooLarge(out: string, bytes: number, max: string, which: Bodies): TracecraftError {
  const hint =
    which === "full"
      ? "tracecraft replay --bodies preview"
      : which === "preview"
        ? "tracecraft replay --bodies none"
        : "tracecraft replay --split DIR";
  return new TracecraftError("usage", `Cannot write "${out}": ${size(bytes)} is over --max-size ${max}`, {
    hint,
  });
}

function nothingThere({
  since,
  until,
  agent,
}: {
  since?: string | undefined;
  until?: string | undefined;
  agent: readonly string[];
}): TracecraftError {
  const asked = since !== undefined || until !== undefined || agent.length > 0;
  return new TracecraftError(
    "not_found",
    `Nothing to replay${asked ? ": nothing in it is of that" : " yet"}`,
    {
      hint: asked ? "tracecraft replay" : "tracecraft claim STEP",
    },
  );
}

function progressLine(done: number, total: number) {
  return { plain: `reading ${size(done)} of ${size(total)}` };
}
