import { lstat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { downloadArtifact } from "../coord/download.ts";
import { TracecraftError } from "../errors.ts";
import { artifactName, isArtifactName, isSafePath, stepToRead } from "../format/names.ts";
import { defineCommand } from "./command.ts";
import { typed } from "./file-patterns.ts";
import { shownLine } from "./text.ts";
import { transferProgress } from "./transfer.ts";
import { size } from "./values.ts";

export const artifactDownload = defineCommand({
  name: "artifact download",
  summary: "Fetch a file that was handed over",
  positionals: { name: { help: "as `artifact list` has it, without artifacts/ and the step" } },
  options: {
    step: { placeholder: "STEP", help: "from this step (default: shared)" },
    output: { placeholder: "PATH", short: "o", help: "a file, or a folder if it is one or ends with /" },
    replace: { help: "replace the file that is there" },
  },
  exits: {
    exists: "a file with other bytes is there",
    not_found: "no such artifact",
    malformed: "its bytes are not those uploaded",
  },
  examples: [
    "tracecraft artifact download mockup.html --step design",
    "tracecraft artifact download mockup.html -o out/",
  ],
  needs: "project",

  async run(context, { name, step, output, replace }) {
    const place = step === undefined ? "shared" : stepToRead(step);
    const target = await targetOf(context.cwd, name, output);
    const result = await downloadArtifact(context.project, {
      place,
      name,
      ...target,
      replace,
      signal: context.signal,
      progress: transferProgress(context, "Downloading", name),
    });
    if (result.kind === "exists") {
      const options = `${step === undefined ? "" : ` --step ${step}`}${output === undefined ? "" : ` -o ${typed(output)}`}`;
      throw new TracecraftError(
        "exists",
        `Cannot download to "${target.shown}": that file exists with other bytes`,
        {
          hint: `tracecraft artifact download ${typed(name)}${options} --replace`,
          details: { key: result.key, path: target.shown },
        },
      );
    }
    const { key, size: bytes, sha256, kind, verified } = result;
    const already = kind === "already there";
    const unverified = verified ? "" : ", not recorded by its sender";
    return {
      data: { key, path: target.shown, size: bytes, sha256, verified, already },
      text: `Downloaded ${shownLine(key)} -> ${shownLine(target.shown)}\n${already ? "already there, " : ""}${size(bytes)}, sha256 ${sha256.slice(0, 12)}${unverified}`,
    };
  },
});

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
