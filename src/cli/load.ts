import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";
import vm from "node:vm";

type Loaded = { exports: Record<string, unknown> };
type Body = (
  exports: object,
  require: (name: string) => unknown,
  module: Loaded,
  filename: string,
  dirname: string,
) => void;

/** Chunks whose name holds a hash of what is in them: a cache of one is never a cache of another. */
const cacheable = /^chunk-.+-[\w-]{8}\.cjs$/;
/** A smaller one is compiled sooner than another file is read. */
const worthwhile = 2_000;
const hashBytes = 32;

export interface Loader {
  load(name: string): Record<string, unknown>;
  /** Keeps the compiled code of the chunks that were compiled anew, as far as it was needed; for the next start. */
  keep(): void;
}

/**
 * Loads the chunks of a folder as `require` does, with V8's compiled code of an earlier run where there is some:
 * compiling takes longer than everything else before the first request. The code is this user's own, of this very
 * Node, and is checked by its hash, because V8 itself believes what it reads.
 */
export function loader(folder: string, env: Readonly<Record<string, string | undefined>>): Loader {
  const native = createRequire(join(folder, "cli.cjs"));
  const modules = new Map<string, Loaded>();
  const fresh: [path: string, script: vm.Script][] = [];
  const cache = cacheFolder(env);

  function load(name: string): Record<string, unknown> {
    const known = modules.get(name);
    if (known) return known.exports;
    const made: Loaded = { exports: {} };
    modules.set(name, made);
    const filename = join(folder, name);
    const source = readFileSync(filename, "utf8");
    const kept = cacheable.test(name) && source.length > worthwhile ? join(cache, name) : undefined;
    const cachedData = kept === undefined ? undefined : readKept(kept);
    const script = new vm.Script(
      `(function (exports, require, module, __filename, __dirname) {${source}\n})`,
      {
        filename,
        cachedData,
        importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
      } as vm.ScriptOptions,
    );
    if (kept !== undefined && (cachedData === undefined || script.cachedDataRejected))
      fresh.push([kept, script]);
    (script.runInThisContext() as Body)(made.exports, require, made, filename, folder);
    return made.exports;
  }

  const require = (name: string): unknown => (name.startsWith("./") ? load(name.slice(2)) : native(name));
  return {
    load,
    keep() {
      for (const [path, script] of fresh.splice(0)) {
        const temporary = `${path}.${randomBytes(6).toString("hex")}`;
        try {
          mkdirSync(cache, { recursive: true, mode: 0o700 });
          const data = script.createCachedData();
          writeFileSync(temporary, Buffer.concat([hashOf(data), data]), { mode: 0o600, flag: "wx" });
          renameSync(temporary, path);
        } catch {
          discard(temporary);
          return; // The next start compiles again.
        }
      }
    },
  };
}

function readKept(path: string): Buffer | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  const data = bytes.subarray(hashBytes);
  return hashOf(data).equals(bytes.subarray(0, hashBytes)) ? data : undefined;
}

function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It never came to be.
  }
}

function hashOf(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["XDG_CACHE_HOME"];
  const caches = given && isAbsolute(given) ? given : join(homedir(), ".cache");
  return join(caches, "tracecraft", `${process.version}-${process.arch}`);
}
