import { createHash } from "node:crypto";
import { TracecraftError } from "../errors.ts";
import { artifactKey, artifactsPrefix } from "../format/keys.ts";
import type { Expect, Listed, PutResult, Source } from "../store/store.ts";
import { recordArtifact, recordedArtifact, type Recorded } from "./artifact-log.ts";
import { checkKeyLength } from "./key-length.ts";
import { fileSource } from "./local-file.ts";
import type { Project } from "./project.ts";

const firstPauseMs = 200;
const longestPauseMs = 5_000;
/** What is hashed because nobody recorded its hash is read in pieces of this many bytes. */
const pieceBytes = 8 * 1024 * 1024;

export interface Upload {
  /** Absolute. */
  readonly path: string;
  /** The path as the user wrote it, for messages. */
  readonly shown: string;
  /** A step, or "shared". */
  readonly place: string;
  readonly name: string;
  readonly replace: boolean;
  /** Sees every byte once, before any is sent. */
  readonly inspect?: (chunk: Uint8Array) => void;
  /** How many bytes are on their way, of how many. A repetition starts again at 0. */
  readonly progress?: (sent: number, total: number) => void;
}

export type UploadResult =
  | {
      readonly kind: "uploaded" | "already there";
      readonly key: string;
      readonly size: number;
      readonly sha256: string;
    }
  /** Another file is there, and was to stay. */
  | {
      readonly kind: "exists";
      readonly key: string;
      readonly there: Listed;
      readonly recorded: Recorded | undefined;
    };

/**
 * Uploads one file, in one put. What is there already stays unless `replace` is said; the same bytes there count as
 * done, so a repetition after a lost reply finds its own. The bytes are those that were hashed before: a file that
 * changes meanwhile is the error `changed`, and nothing is stored.
 */
export async function uploadFile(project: Project, upload: Upload): Promise<UploadResult> {
  const key = artifactKey(upload.place, upload.name);
  checkKeyLength(project, key, "upload", upload.shown);
  const file = await fileSource(upload.path, upload.shown, upload.inspect);
  const { size, sha256 } = file;
  const source: Source = {
    size,
    sha256,
    open() {
      let sent = 0;
      upload.progress?.(0, size);
      return file.open((bytes) => upload.progress?.((sent += bytes), size));
    },
  };
  const { traits } = project.store;
  // Where it is not certain that a create is refused, at least look before overwriting something.
  const there =
    upload.replace || traits.conditions === "enforced" ? undefined : await findArtifact(project, key);
  if (there) return await compare(project, there, file);

  const settled = await putUntilKnown(project, key, source, upload.replace ? "anything" : "nothing");
  if ("there" in settled) return await compare(project, settled.there, file);
  recordArtifact(project, { key, size, sha256, version: settled.version, replaced: upload.replace });
  return { kind: "uploaded", key, size, sha256 };
}

type Settled = { readonly version: string } | { readonly there: Listed };

/** Repeats the put until it is in, refused, or the deadline has passed. What is there after a lost reply decides. */
async function putUntilKnown(
  project: Project,
  key: string,
  source: Source,
  expect: Expect,
): Promise<Settled> {
  const { world, deadlineMs } = project;
  const startedAt = world.monotonic();
  let firstMs = 0;
  for (let pauses = 0; ; pauses++) {
    const put = await putOrPlain(project, key, source, expect);
    if (put.outcome === "written") return { version: put.version };
    const there = await findArtifact(project, key);
    if (there && put.outcome === "refused") return { there };
    if (there?.size === source.size && (await hashOfArtifact(project, there)) === source.sha256)
      return { version: there.version };
    if (there && expect === "nothing") return { there };

    firstMs ||= world.monotonic() - startedAt; // The deadline counts from the end of the first attempt.
    if (put.outcome === "unknown" && world.monotonic() - startedAt - firstMs >= deadlineMs) {
      throw new TracecraftError(
        "outcome_unknown",
        `Cannot upload to "${key}": outcome unknown after ${deadlineMs / 1000}s`,
        { cause: put.cause },
      );
    }
    await world.sleep(Math.min(longestPauseMs, firstPauseMs * 2 ** pauses) * world.chance());
  }
}

/** A create where the store has conditions; where it refuses them, a plain put, since nothing was there. */
async function putOrPlain(project: Project, key: string, source: Source, expect: Expect): Promise<PutResult> {
  const { store } = project;
  try {
    if (store.traits.conditions !== "ignored") return await store.put(key, source, expect);
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "unfit_store") throw error;
    store.traits.conditions = "ignored";
  }
  project.warn(
    `best effort: ${store.name} has no conditional writes, so "${key}" may replace what came meanwhile`,
  );
  return await store.put(key, source, "anything");
}

async function compare(
  project: Project,
  there: Listed,
  { size, sha256 }: { size: number; sha256: string },
): Promise<UploadResult> {
  const { key } = there;
  const recorded = await recordedArtifact(project, there);
  const same = there.size === size && (recorded?.sha256 ?? (await hashOfArtifact(project, there))) === sha256;
  return same ? { kind: "already there", key, size, sha256 } : { kind: "exists", key, there, recorded };
}

/** The artifact at exactly this key, as a listing has it: with its arrival, also where a read does not say it. */
export async function findArtifact({ store }: Project, key: string): Promise<Listed | undefined> {
  for await (const { objects } of store.list(key)) return objects.find((object) => object.key === key);
  return undefined;
}

async function hashOfArtifact(
  { store }: Project,
  { key, size, version }: Listed,
): Promise<string | undefined> {
  const hash = createHash("sha256");
  for (let from = 0; from < size; from += pieceBytes) {
    const piece = await store.get(key, {
      range: [from, Math.min(size, from + pieceBytes)],
      limit: pieceBytes,
    });
    if (piece?.version !== version) return undefined; // Replaced meanwhile: whatever it is, it is not ours.
    hash.update(piece.body);
  }
  return hash.digest("hex");
}

/** All artifacts, or those of one step, or "shared", by key. */
export async function listArtifacts(project: Project, place?: string): Promise<Listed[]> {
  const found: Listed[] = [];
  const prefix = place === undefined ? artifactsPrefix : artifactKey(place, "");
  for await (const { objects } of project.store.list(prefix)) found.push(...objects);
  return found;
}
