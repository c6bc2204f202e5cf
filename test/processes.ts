import { spawn, type ChildProcess } from "node:child_process";
import { builtCli } from "./built-cli.ts";
import { cliWorld, type CliWorld, type Ran } from "./run-cli.ts";
import { testKeys } from "./s3-server.ts";

/** An agent with a machine of its own: home, local state and checkout are nobody else's. */
export interface Worker {
  readonly agent: string;
  readonly world: CliWorld;
  readonly env: Readonly<Record<string, string>>;
  /** Begins a command as a real process; nothing but its words is on the line. */
  start(words: readonly string[], env?: Readonly<Record<string, string>>, cwd?: string): Running;
  run(words: readonly string[], env?: Readonly<Record<string, string>>, cwd?: string): Promise<Ran>;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

export const s3Keys = {
  AWS_ACCESS_KEY_ID: testKeys.accessKeyId,
  AWS_SECRET_ACCESS_KEY: testKeys.secretAccessKey,
  AWS_EC2_METADATA_DISABLED: "true",
};

const program = builtCli();

/** A worker of the project that `init` is given, such as `--store file:///folder`. */
export async function worker(
  agent: string,
  init: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Worker> {
  const world = cliWorld();
  const path = await program;
  const start: Worker["start"] = (words, more = {}, cwd = world.cwd) => {
    return startProcess([path, ...words], { ...world.env, ...env, ...more }, cwd);
  };
  const self: Worker = { agent, world, env, start, run: (...line) => start(...line).ended };
  const { status, stderr } = await self.run(["init", "--project", "shop", "--agent", agent, ...init]);
  if (status !== 0) throw new Error(`init of ${agent} ended with ${status}: ${stderr}`);
  return self;
}

export async function workers(
  agents: readonly string[],
  init: readonly string[],
  env?: Readonly<Record<string, string>>,
): Promise<Worker[]> {
  const [first = "", ...others] = agents;
  return [
    await worker(first, init, env),
    ...(await Promise.all(others.map((name) => worker(name, init, env)))),
  ];
}

function startProcess(words: readonly string[], env: Record<string, string>, cwd: string): Running {
  const child = spawn(process.execPath, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const [out, err]: [Buffer[], Buffer[]] = [[], []];
  child.stdout!.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr!.on("data", (chunk: Buffer) => err.push(chunk));
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), status });
    });
  });
  return { child, ended };
}
