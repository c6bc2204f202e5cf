import { homedir, hostname, userInfo } from "node:os";
import type { Command, Context, Reply } from "../commands/command.ts";
import type { Configuration, Serving } from "../commands/machine.ts";
import { noProject } from "../commands/no-project.ts";
import { parseSpan } from "../commands/values.ts";
import type { Project } from "../coord/project.ts";
import { TracecraftError, asTracecraftError } from "../errors.ts";
import { programVersion } from "../format/version.ts";
import { afterwards } from "./afterwards.ts";
import { background } from "./background.ts";
import { inHarness } from "./harness-process.ts";
import { isAlive } from "./is-alive.ts";
import { machine } from "./machine.ts";
import { parse, type Parsed } from "./parse.ts";
import { printer } from "./print.ts";
import { progressTeller } from "./progress.ts";
import { readStdin } from "./read-stdin.ts";
import { reporter, type Reporter } from "./report.ts";
import { descriptorSink } from "./sink.ts";
import { listenForSignals, stoppedError, type Stopping } from "./signals.ts";
import { shellWords } from "./suggest.ts";
import { machineWorld } from "./world.ts";

const usualDeadlineMs = 10_000;

/** One call of the program, from its words to its exit status. The only place that ends the process, after `last`. */
export async function run(words: readonly string[], last: () => void): Promise<never> {
  const stopping = listenForSignals(process);
  const status = await runCommand(words, stopping);
  last();
  process.exit(status);
}

async function runCommand(words: readonly string[], stopping: Stopping): Promise<number> {
  const { env } = process;
  const harness = inHarness(env);
  // Also of a line that is not understood.
  const before = words.slice(0, words.includes("--") ? words.indexOf("--") : words.length);
  const asked = {
    json: before.includes("--json"),
    quiet: before.includes("--quiet"),
    verbose: before.includes("--verbose"),
    absolute: before.includes("--absolute"),
  };
  const stdout = descriptorSink(1, () => process.stdout);
  const stderr = descriptorSink(2, () => process.stderr);
  const outlet = { stdout, stderr, env, inHarness: harness, closed: () => stopping.stop("interrupted") };
  const report = reporter(printer(outlet, asked), asked);
  const again = `tracecraft ${shellWords(words)}`;
  try {
    const work = perform(words, stopping, report);
    const late = stopping.tooLate.then((why) => {
      throw stoppedError(why, again);
    });
    return await Promise.race([work, late]);
  } catch (thrown) {
    const error = asTracecraftError(thrown);
    const stopped = stopping.stopped();
    const wasStopped = stopped !== undefined && (error.code === "interrupted" || error.code === "internal");
    return report.failure(wasStopped ? stoppedError(stopped, error.hint ?? again) : error, thrown);
  }
}

async function perform(words: readonly string[], stopping: Stopping, report: Reporter): Promise<number> {
  const parsed = await parse(words);
  const { general } = parsed;
  if (general.version) return report.reply({ data: { version: programVersion }, text: programVersion });
  if (general.help) return report.reply(await helpOn(parsed.command));

  const world = machineWorld(stopping.signal);
  const late = background(world);
  const here = machine({
    who: whoIs(world),
    world,
    background: late,
    deadlineMs: deadlineOf(general.deadline),
  });
  const command = parsed.command ?? (await bareCommand(here.configuration()));
  if (!command) return report.reply(await welcome());

  const { project, configuration } = await surroundings(command, here, general.agent);
  for (const warning of configuration?.warnings ?? []) late.warn(warning);
  const context: Context & { machine: typeof here & Serving } = {
    cwd: process.cwd(),
    home: homedir(),
    env: process.env,
    platform: process.platform,
    redaction: configuration?.redaction,
    readStdin: (limitBytes) => readStdin(process.stdin, stopping.signal, limitBytes),
    isAlive,
    signal: stopping.signal,
    progress: progressTeller(report.printer, general, world),
    emit: report.emit,
    get project(): Project {
      if (!project) throw new Error(`${command.name} uses a project that it did not ask for`);
      return project;
    },
    machine: {
      ...here,
      async serveTools(tools, agent) {
        const { serveTools } = await import("./serve-tools.ts");
        await serveTools({ machine: here, context, stdin: process.stdin }, tools, agent ?? general.agent);
      },
    },
  };
  const args = withDefaults(parsed, command, configuration);
  return afterwards({
    context,
    project,
    command,
    background: late,
    report,
    run: () => command.run(context, args as never),
  });
}

/** Bare `tracecraft`: how things stand in the project, where there is one. */
async function bareCommand(configuration: Configuration | undefined): Promise<Command | undefined> {
  return configuration && (await import("../commands/all.ts")).loadCommand("status");
}

async function welcome(): Promise<Reply> {
  const next = "tracecraft init --project NAME --agent NAME";
  const what = "tracecraft: coding agents meet in a bucket: claims, mail, memory, handoffs, transcripts";
  return { data: { version: programVersion, project: null }, text: `${what}\nNo project here yet.`, next };
}

async function helpOn(command: Command | undefined): Promise<Reply> {
  const { help } = await import("../commands/help.ts");
  return help.run({} as Context, { command: command ? command.name.split(" ") : [] });
}

async function surroundings(
  command: Command,
  here: ReturnType<typeof machine>,
  agent: string | undefined,
): Promise<{ project?: Project; configuration?: Configuration }> {
  if (command.needs === "surroundings") {
    try {
      const configuration = here.configuration();
      return configuration ? { configuration: { ...configuration, warnings: [] } } : {};
    } catch (error) {
      if (error instanceof TracecraftError) return {}; // Whoever needs it finds out.
      throw error;
    }
  }
  const configuration = here.configuration() ?? noProject();
  return { configuration, project: await here.open(configuration, agent) };
}

/** What the configuration says for options that the line leaves out. */
function withDefaults(
  { args, given }: Parsed,
  { options }: Command,
  configuration: Configuration | undefined,
): Record<string, unknown> {
  const all: Record<string, unknown> = { ...args };
  for (const [name, value] of Object.entries(configuration?.defaults ?? {})) {
    const option = Object.hasOwn(options, name) ? options[name] : undefined;
    if (option?.placeholder !== undefined && !option.many && !given.has(name)) all[name] = value;
  }
  return all;
}

function deadlineOf(text: string | undefined): number {
  return text === undefined ? usualDeadlineMs : Math.max(1, parseSpan(text)) * 1000;
}

function whoIs(world: { readonly bootId: string }) {
  return {
    cwd: process.cwd(),
    home: homedir(),
    env: process.env,
    host: hostname(),
    pid: process.pid,
    get user() {
      return userName();
    },
    get bootId() {
      return world.bootId;
    },
  };
}

/** A container may run as a user that has no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `user${process.getuid?.() ?? ""}`;
  }
}
