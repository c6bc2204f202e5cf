import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const cache = join(root, "node_modules", ".cache", "tracecraft");

/** The program as it is packed, built from the sources as they are now; kept by their hash, so only once. */
export async function builtCli(): Promise<string> {
  const hash = createHash("sha256");
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:tsx?|css)$/.test(name) && !name.endsWith(".test.ts"))
    .map((name) => join("src", name));
  for (const name of ["rolldown.config.js", "package-lock.json", ...sources.toSorted()])
    hash.update(`${name}\n`).update(readFileSync(join(root, name)));
  const folder = join(cache, hash.digest("hex").slice(0, 16));
  const program = join(folder, "cli.cjs");
  if (existsSync(program)) return program;

  const temporary = join(cache, `.${randomBytes(6).toString("hex")}`);
  mkdirSync(temporary, { recursive: true });
  const rolldown = join(root, "node_modules", "rolldown", "bin", "cli.mjs");
  await promisify(execFile)(process.execPath, [rolldown, "-c", "rolldown.config.js", "-d", temporary], {
    cwd: root,
  });
  try {
    renameSync(temporary, folder);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true }); // Another test run was first.
    if (!existsSync(program)) throw error;
  }
  return program;
}
