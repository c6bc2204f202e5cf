import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { builtCli } from "./built-cli.ts";
import { checkDocuments } from "./json-schemas.ts";
import { removed } from "./removed.ts";

export interface Ran {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

export interface RunOptions {
  /** On top of a cleared environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  readonly stdin?: string;
  /** Told of the process once it runs. */
  readonly started?: (child: ChildProcess) => void;
  /** Told of the process and of what it has written so far, each time it writes. */
  readonly during?: (child: { kill(signal: NodeJS.Signals): unknown }, soFar: string) => void;
}

/** A machine of its own: home, XDG folders and a working directory that nothing else uses. */
export interface CliWorld {
  readonly root: string;
  readonly home: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** The real program, built from the sources as they are. With `--json` its stdout must be what docs/schemas says. */
  run(words: readonly string[], options?: RunOptions): Promise<Ran>;
  /** The same in a terminal of so many columns: stdout and stderr together, as a person sees them. */
  runInTerminal(words: readonly string[], options?: RunOptions & { readonly columns?: number }): Promise<Ran>;
  /** As the output book writes it: stdout, then stderr with its mark, then the status. */
  said(line: string | readonly string[], options?: RunOptions): Promise<string>;
}

const worlds: string[] = [];

afterAll(() => {
  for (const root of worlds.splice(0)) removed(root);
});

export function cliWorld(): CliWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "tracecraft-cli-")));
  worlds.push(root);
  const [home, cwd] = [join(root, "home"), join(root, "work")];
  mkdirSync(home);
  mkdirSync(cwd);
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    TRACECRAFT_SESSION: "checkout", // Whoever runs the tests may be a harness.
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CEILING_DIRECTORIES: root,
  };

  const run: CliWorld["run"] = async (words, options = {}) => {
    const ran = await runProcess(
      process.execPath,
      [await builtCli(), ...words],
      { ...options, env: { ...env, ...options.env } },
      cwd,
    );
    const json = words.slice(0, words.includes("--") ? words.indexOf("--") : words.length).includes("--json");
    if (json && ran.stdout !== "") checkDocuments(words, ran.stdout);
    return ran;
  };
  return {
    root,
    home,
    cwd,
    env,
    run,
    async runInTerminal(words, { columns = 80, ...options } = {}) {
      const line = [pythonPty, String(columns), process.execPath, await builtCli(), ...words];
      const all = { TERM: "xterm", ...env, ...options.env };
      const ran = await runProcess("python3", ["-c", ...line], { ...options, env: all }, cwd);
      return { ...ran, stdout: ran.stdout.replaceAll("\r\n", "\n") };
    },
    async said(line, options) {
      const { stdout, stderr, status } = await run(typeof line === "string" ? wordsOf(line) : line, options);
      const marked = stderr
        .split("\n")
        .slice(0, -1)
        .map((text) => `2> ${text}`);
      return [stdout.replace(/\n$/, ""), ...marked, `# ${status}`].filter((text) => text !== "").join("\n");
    },
  };
}

/** A line as one types it; quotes as in a shell, without escapes. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare!,
  );
}

// Waits for the program in a terminal, copies what it writes, and ends with its status.
const pythonPty = `
import fcntl, os, pty, struct, sys, termios
columns, program = int(sys.argv[1]), sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execvp(program[0], program)
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
while True:
    try:
        data = os.read(fd, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

function runProcess(
  program: string,
  words: readonly string[],
  {
    env,
    cwd,
    stdin,
    started,
    during,
  }: RunOptions & { readonly env: Readonly<Record<string, string | undefined>> },
  usualCwd: string,
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const given = Object.fromEntries(
      Object.entries(env).filter(([, value]) => value !== undefined),
    ) as Record<string, string>;
    const child = spawn(program, words, {
      cwd: cwd ?? usualCwd,
      env: given,
      stdio: ["pipe", "pipe", "pipe"],
    });
    started?.(child);
    const [out, err]: [Buffer[], Buffer[]] = [[], []];
    const soFar = (): string => Buffer.concat([...out, ...err]).toString();
    child.stdout.on("data", (chunk: Buffer) => {
      out.push(chunk);
      during?.(child, soFar());
    });
    child.stderr.on("data", (chunk: Buffer) => {
      err.push(chunk);
      during?.(child, soFar());
    });
    child.stdin.on("error", () => undefined); // It may end before it reads.
    child.stdin.end(stdin ?? "");
    child.on("error", reject);
    child.on("close", (status) => {
      resolve({ stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString(), status });
    });
  });
}
