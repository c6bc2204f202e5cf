import { basename, resolve } from "node:path";
import { uploadFile, type UploadResult } from "../coord/artifacts.ts";
import { TracecraftError } from "../errors.ts";
import { artifactKey } from "../format/keys.ts";
import { artifactName, stepId } from "../format/names.ts";
import { refusalOfSome } from "./artifact-refusals.ts";
import { defineCommand, type Context } from "./command.ts";
import { expandPaths } from "./file-patterns.ts";
import { loadRedactor } from "./redactor.ts";
import { shownLine } from "./text.ts";
import { transferProgress } from "./transfer.ts";
import { count, plainTime, size, typed } from "./values.ts";

export const artifactUpload = defineCommand({
  name: "artifact upload",
  summary: "Hand files over to other agents",
  positionals: { paths: { help: "files, or patterns such as 'dist/*.js'", many: true } },
  options: {
    step: { placeholder: "STEP", help: "put them with this step (default: shared)" },
    name: { placeholder: "NAME", help: "call the one file so, such as docs/api.md" },
    replace: { help: "replace what has that name there" },
  },
  exits: { exists: "another file has that name there", changed: "the file changed while it was read" },
  examples: [
    "tracecraft artifact upload mockup.html --step design",
    "tracecraft artifact upload 'dist/*.js'",
  ],
  needs: "project",

  async run(context, { paths, step, name, replace }) {
    const place = step === undefined ? "shared" : stepId(step, "upload to");
    const files = namesOf(await expandPaths(context.cwd, paths), name);
    const done: Uploaded[] = [];
    const refused: TracecraftError[] = [];
    const warnings: string[] = [];
    for (const { path, artifact } of files) {
      const { scanner, warning } = await secretScanner(context);
      const result = await uploadFile(context.project, {
        path: resolve(context.cwd, path),
        shown: path,
        place,
        name: artifact,
        replace,
        inspect: (chunk) => scanner.write(chunk),
        progress: transferProgress(context, "Uploading", artifact),
      });
      if (result.kind === "exists") refused.push(existsError(path, place, result));
      else done.push({ path, result });
      const secrets = warning();
      if (secrets !== undefined) warnings.push(files.length > 1 ? `${path} ${secrets}` : secrets);
    }
    const error = refusalOfSome(
      refused,
      `Cannot upload ${count(refused.length, "file")}: there already with other bytes`,
    );
    if (error && done.length === 0 && refused.length === 1) throw error;
    return {
      data: {
        artifacts: done.map(({ path, result }) => ({
          path,
          key: result.key,
          size: result.size,
          sha256: result.sha256,
          already: result.kind === "already there",
        })),
        ...(refused.length > 0 && { refused: refused.map(({ details }) => details) }),
      },
      text: done.map(({ path, result }) => uploadedWords(path, result, files.length > 1)).join("\n"),
      ...(error && { error }),
      warnings,
    };
  },
});

interface Uploaded {
  readonly path: string;
  readonly result: UploadResult & { kind: "uploaded" | "already there" };
}

/** What each file is to be called, all checked before the first is sent. */
function namesOf(paths: readonly string[], name: string | undefined): { path: string; artifact: string }[] {
  if (name !== undefined && paths.length > 1)
    throw new TracecraftError("usage", `Cannot upload ${count(paths.length, "file")} under one name`);
  const files = paths.map((path) => ({ path, artifact: artifactName(name ?? basename(path)) }));
  const names = new Map<string, string>();
  for (const { path, artifact } of files) {
    const other = names.get(artifact);
    if (other !== undefined)
      throw new TracecraftError("usage", `Cannot upload "${path}": "${other}" has the same name`);
    names.set(artifact, path);
  }
  return files;
}

function uploadedWords(
  path: string,
  { kind, key, size: bytes, sha256 }: Uploaded["result"],
  short: boolean,
): string {
  const what = `${size(bytes)}, sha256 ${sha256.slice(0, 12)}`;
  const words = kind === "already there" ? `already there, ${what}` : what;
  return `Uploaded ${shownLine(path)} -> ${key}${short ? `  ${words}` : `\n${words}`}`;
}

function existsError(
  path: string,
  place: string,
  { key, there, recorded }: UploadResult & { kind: "exists" },
): TracecraftError {
  const who = recorded
    ? `, sha256 ${recorded.sha256.slice(0, 12)}, by ${shownLine(recorded.by)} at ${plainTime(Date.parse(recorded.at))}`
    : `, at ${plainTime(there.writtenAt)}`;
  const step = place === "shared" ? "" : ` --step ${place}`;
  const name = key.slice(artifactKey(place, "").length);
  const named = name === basename(path) ? "" : ` --name ${typed(name)}`;
  return new TracecraftError("exists", `Cannot upload "${path}": ${key} is there already`, {
    cause: `other bytes, ${size(there.size)}${who}`,
    hint: `tracecraft artifact upload ${typed(path)}${step}${named} --replace`,
    details: {
      path,
      key,
      size: there.size,
      ...(recorded && { sha256: recorded.sha256, by: recorded.by, at: recorded.at }),
    },
  });
}

/** Artifacts are not redacted, because they must arrive as they are: what looks like a secret is warned about. */
async function secretScanner(context: Context) {
  const scanner = (await loadRedactor(context)).scanner();
  return {
    scanner,
    warning(): string | undefined {
      const found = Object.entries(scanner.end());
      if (found.length === 0) return undefined;
      const words = found.map(([rule, times]) => `${times} ${rule}`).join(", ");
      return `looks like a secret inside (${words}); artifacts are not redacted`;
    },
  };
}
