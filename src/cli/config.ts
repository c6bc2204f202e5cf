import { statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { configurationPlaces, readText } from "../commands/configuration-places.ts";
import type { Configuration } from "../commands/machine.ts";
import { TracecraftError } from "../errors.ts";
import { isName, projectName } from "../format/names.ts";
import type { SigningKeys } from "../store/sigv4.ts";
import { nearest } from "./suggest.ts";

export interface Folders {
  readonly cwd: string;
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export const fileName = ".tracecraft.json";

/**
 * The configuration of a folder: `.tracecraft.json` there or above, in a git worktree also that of its main checkout,
 * else this user's own. Undefined when there is none; one that cannot be used is the error `config`.
 */
export function findConfiguration(folders: Folders): Configuration | undefined {
  for (const { place } of configurationPlaces(folders.cwd)) {
    const found = readConfiguration(join(place, fileName), "project", folders);
    if (found) return found;
  }
  return readConfiguration(join(folders.home, ".tracecraft", "config.json"), "user", folders);
}

/** The nearest folder with a `.git`; undefined outside of git. */
export function gitRoot(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (isThere(join(folder, ".git"))) return folder;
    if (dirname(folder) === folder) return undefined;
  }
}

function readConfiguration(
  file: string,
  level: "project" | "user",
  folders: Folders,
): Configuration | undefined {
  const text = readText(file);
  if (text === undefined) return undefined;
  const shown = shownPath(file, folders);
  let words: Record<string, unknown>;
  try {
    words = JSON.parse(text) as Record<string, unknown>;
    if (typeof words !== "object" || words === null || Array.isArray(words)) throw new Error("not an object");
  } catch (error) {
    const cause = error instanceof Error ? error.message : undefined;
    throw new TracecraftError("config", `Cannot read "${shown}": not JSON`, {
      cause,
      hint: "tracecraft init --project NAME --agent NAME, once that file is mended or removed",
    });
  }
  return configurationOf(words, file, level, folders);
}

/** What the words of a file mean. Unknown ones are left alone. */
export function configurationOf(
  words: Readonly<Record<string, unknown>>,
  file: string,
  level: "project" | "user",
  folders: Folders,
): Configuration {
  const shownFile = shownPath(file, folders);
  const refuse = (state: string, hint?: string): never => {
    throw new TracecraftError("config", `Cannot use "${shownFile}": ${state}`, { hint });
  };
  const text = (name: string): string | undefined => {
    const value = words[name];
    if (value === undefined || value === null || value === "") return undefined;
    return typeof value === "string" ? value : refuse(`"${name}" is no text`);
  };
  const project = text("project") ?? refuse(`it names no project`);
  const slips = misspelt(Object.keys(words));
  // A word that is taken for nothing would let out what its rules are to keep in.
  for (const [word, name] of slips)
    if (name === "redaction") refuse(`"${shownName(word)}" is called "redaction"`);
  if (!isName(project)) projectName(project);
  const agentId = text("agent_id");
  const store = text("store") ?? oldStore(text, shownFile, agentId, refuse);
  const oldKeys = keysOf(text);
  return {
    project,
    store,
    place: {
      url: storeUrl(store, dirname(file), folders),
      project,
      endpoint: text("endpoint") ?? null,
      region: text("region"),
    },
    file,
    shownFile,
    level,
    agentId,
    defaults: defaultsOf(words["defaults"], refuse),
    redaction: words["redaction"],
    warnings: [
      ...(oldKeys
        ? [
            `${shownFile} holds keys; tracecraft init --project ${project} --agent ${agentId ?? "NAME"} moves them out`,
          ]
        : []),
      ...slips.map(
        ([word, name]) => `${shownFile}: "${shownName(word)}" means nothing; did you mean "${name}"?`,
      ),
    ],
    oldKeys,
  };
}

const knownWords = ["project", "store", "endpoint", "region", "agent_id", "defaults", "redaction"];
/** Words of format 1. */
const oldWords = ["bucket", "backend", "access_key", "secret_key", "hf_token"];

/** Words of the file that mean nothing and look like one that does. Others may be a later version's. */
function misspelt(words: readonly string[]): readonly (readonly [string, string])[] {
  return words.flatMap((word) => {
    if (knownWords.includes(word) || oldWords.includes(word)) return [];
    const name = word.startsWith("redact") ? "redaction" : nearest(word, knownWords);
    return name === undefined ? [] : [[word, name] as const];
  });
}

/** A word of the file as it may be said: it is hostile like all that is read. */
function shownName(word: string): string {
  return word.slice(0, 40).replaceAll(/[^\x20-\x7e]/g, "?");
}

type TextOf = (name: string) => string | undefined;

/** Format 1 names a backend and a bucket. */
function oldStore(
  text: TextOf,
  shownFile: string,
  agentId: string | undefined,
  refuse: (state: string, hint?: string) => never,
): string {
  const bucket = text("bucket") ?? refuse(`it names no store`, "tracecraft init --project NAME --agent NAME");
  const backend = text("backend") ?? "s3";
  if (backend === "s3") return `s3://${bucket}`;
  if (backend !== "hf") return refuse(`its backend "${backend}" is neither s3 nor hf`);
  throw new TracecraftError(
    "config",
    `Cannot use "${shownFile}": its backend "hf" has no conditional writes`,
    {
      cause:
        "HuggingFace's S3 gateway has them, with the keys HF_S3_ACCESS_KEY_ID and HF_S3_SECRET_ACCESS_KEY",
      hint: `tracecraft init --store hf://${bucket} --project ${text("project")} --agent ${agentId ?? "NAME"}`,
      details: { backend: "hf" },
    },
  );
}

function keysOf(text: TextOf): SigningKeys | undefined {
  const [accessKeyId, secretAccessKey] = [text("access_key"), text("secret_key")];
  return accessKeyId && secretAccessKey
    ? { accessKeyId, secretAccessKey, sessionToken: undefined }
    : undefined;
}

function defaultsOf(found: unknown, refuse: (state: string) => never): Readonly<Record<string, string>> {
  if (found === undefined || found === null) return {};
  if (typeof found !== "object") return refuse(`"defaults" is no object`);
  for (const [name, value] of Object.entries(found))
    if (typeof value !== "string") refuse(`the default of "${name}" is no text`);
  return found as Record<string, string>;
}

/** `file:` alone is the default folder of this user; a relative path is beside the file that names it. */
function storeUrl(store: string, folder: string, { home, env }: Folders): string {
  if (store === "file:") {
    const data = env["XDG_DATA_HOME"];
    return join(data && isAbsolute(data) ? data : join(home, ".local", "share"), "tracecraft");
  }
  return store === "." || store === ".." || /^\.\.?\//.test(store) ? resolve(folder, store) : store;
}

/** A path as people are told of it: from this folder where it is inside, else from home. */
export function shownPath(path: string, { cwd, home }: Pick<Folders, "cwd" | "home">): string {
  const here = relative(cwd, path);
  if (here !== "" && !here.startsWith("..") && !isAbsolute(here)) return here;
  return path === home || path.startsWith(home + sep) ? `~${path.slice(home.length)}` : path;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
