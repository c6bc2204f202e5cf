import { lstat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { listArtifacts } from "../coord/artifacts.ts";
import { downloadArtifact } from "../coord/download.ts";
import { TracecraftError } from "../errors.ts";
import { artifactKey } from "../format/keys.ts";
import { artifactName, isArtifactName, isSafePath, stepToRead } from "../format/names.ts";
import { refusalOfSome } from "./artifact-refusals.ts";
import { defineCommand, type Context, type Reply } from "./command.ts";
import { fitsPath } from "./file-patterns.ts";
import { shownLine } from "./text.ts";
import { transferProgress } from "./transfer.ts";
import { size, typed } from "./values.ts";

export const artifactDownload = defineCommand({
  name: "artifact download",
  summary: "Fetch a file that was handed over",
  positionals: {
    name: {
      help: "as `artifact list` has it, without artifacts/ and the step; or a pattern such as 'docs/*.md'",
    },
  },
  options: {
    step: { placeholder: "STEP", help: "from this step (default: shared)" },
    output: {
      placeholder: "PATH",
      short: "o",
      help: "a file, or a folder if it is one or ends with /, as it is for a pattern",
    },
    replace: { help: "replace the file that is there" },
  },
  exits: {
    exists: "a file with other bytes is there",
    not_found: "no such artifact",
    malformed: "its bytes are not those uploaded",
  },
  examples: [
    "tracecraft artifact download mockup.html --step design",
    "tracecraft artifact download 'docs/*.md' -o out/",
  ],
  needs: "project",

  async run(context, { name, step, output, replace }) {
    const place = step === undefined ? "shared" : stepToRead(step);
    // No name of ours has such a character; with another in their place it must be one.
    if (/[*?]/.test(name) && isArtifactName(name.replaceAll(/[*?]/g, "x")))
      return await fetchFitting(context, { place, step, output, replace }, name);
    const { data, what, refused } = await fetchOne(context, { place, step, output, replace }, name);
    if (refused) throw refused;
    return { data, text: `Downloaded ${shownLine(data.key)} -> ${shownLine(data.path)}\n${what}` };
  },
});

interface Wanted {
  readonly place: string;
  readonly step: string | undefined;
  readonly output: string | undefined;
  readonly replace: boolean;
}

/** Every artifact of the place whose name fits. One whose file is there with other bytes does not keep the others. */
async function fetchFitting(context: Context, wanted: Wanted, pattern: string): Promise<Reply> {
  const prefix = artifactKey(wanted.place, "");
  const names = (await listArtifacts(context.project))
    .filter(({ key }) => key.startsWith(prefix))
    .map(({ key }) => key.slice(prefix.length))
    .filter((name) => isArtifactName(name) && fitsPath(pattern, name));
  if (names.length === 0) {
    throw new TracecraftError("not_found", `Cannot download "${pattern}": no artifact fits it`, {
      hint: "tracecraft artifact list",
    });
  }
  const output =
    wanted.output === undefined || wanted.output.endsWith("/") ? wanted.output : `${wanted.output}/`;
  const done: Fetched[] = [];
  for (const name of names) done.push(await fetchOne(context, { ...wanted, output }, name));
  const refused = done.flatMap((one) => one.refused ?? []);
  const there = done.filter((one) => !one.refused);
  const words = `Cannot download ${refused.length} files: they exist with other bytes`;
  const error = refusalOfSome(refused, words);
  return {
    data: {
      artifacts: there.map(({ data }) => data),
      ...(refused.length > 0 && { refused: refused.map(({ details }) => details) }),
    },
    text: there
      .map(({ data, what }) => `Downloaded ${shownLine(data.key)} -> ${shownLine(data.path)}  ${what}`)
      .join("\n"),
    ...(error && { error }),
  };
}

interface Fetched {
  readonly data: { readonly key: string; readonly path: string; readonly [field: string]: unknown };
  readonly what: string;
  readonly refused?: TracecraftError;
}

async function fetchOne(context: Context, wanted: Wanted, name: string): Promise<Fetched> {
  const { place, step, output, replace } = wanted;
  const target = await targetOf(context.cwd, name, output);
  const result = await downloadArtifact(context.project, {
    place,
    name,
    ...target,
    replace,
    signal: context.signal,
    progress: transferProgress(context, "Downloading", name),
  });
  const { shown: path } = target;
  const { key } = result;
  if (result.kind === "exists") {
    const options = `${step === undefined ? "" : ` --step ${step}`}${output === undefined ? "" : ` -o ${typed(output)}`}`;
    const refused = new TracecraftError(
      "exists",
      `Cannot download to "${path}": that file exists with other bytes`,
      {
        hint: `tracecraft artifact download ${typed(name)}${options} --replace`,
        details: { key, path },
      },
    );
    return { data: { key, path }, what: "", refused };
  }
  const { size: bytes, sha256, verified } = result;
  const already = result.kind === "already there";
  const unverified = verified ? "" : ", not recorded by its sender";
  return {
    data: { key, path, size: bytes, sha256, verified, already },
    what: `${already ? "already there, " : ""}${size(bytes)}, sha256 ${sha256.slice(0, 12)}${unverified}`,
  };
}

/**
 * Where the file goes: below the working directory or the folder that was named, under its own name; or exactly where
 * the user said. A name that only format 1 allowed is no path of ours: it needs an explicit file.
 */
async function targetOf(
  cwd: string,
  name: string,
  output: string | undefined,
): Promise<{ root: string; path: string; shown: string }> {
  if (output === undefined) {
    if (!isArtifactName(name) && isSafePath(name)) {
      throw new TracecraftError("usage", `Cannot download "${name}": its name is no file name of ours`, {
        hint: `tracecraft artifact download ${typed(name)} --output FILE`,
      });
    }
    artifactName(name, "download");
    return { root: cwd, path: join(cwd, name), shown: name };
  }
  const at = resolve(cwd, output);
  const isFolder = output.endsWith("/") || (await lstat(at).catch(() => undefined))?.isDirectory() === true;
  if (isFolder) {
    artifactName(name, "download");
    return { root: at, path: join(at, name), shown: join(output, name) };
  }
  if (!isSafePath(name)) artifactName(name, "download");
  return { root: dirname(at), path: join(dirname(at), basename(at)), shown: output };
}
