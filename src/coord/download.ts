import { createHash } from "node:crypto";
import { lstat } from "node:fs/promises";
import { TracecraftError } from "../errors.ts";
import { artifactKey } from "../format/keys.ts";
import { isName } from "../format/names.ts";
import type { StoredObject } from "../store/store.ts";
import { recordedArtifact, type Recorded } from "./artifact-log.ts";
import { findArtifact, listArtifacts } from "./artifacts.ts";
import { hashOfFile, landing, type Landing } from "./local-file.ts";
import type { Project } from "./project.ts";

const pieceBytes = 8 * 1024 * 1024;
/** Pieces that are fetched at a time. */
const piecesAtOnce = 4;

export interface Download {
  /** A step, or "shared". */
  readonly place: string;
  readonly name: string;
  /** The folder that nothing may leave, and the file in it; both absolute. */
  readonly root: string;
  readonly path: string;
  /** The path in messages. */
  readonly shown: string;
  readonly replace: boolean;
  readonly signal?: AbortSignal;
  readonly progress?: (received: number, total: number) => void;
}

export type DownloadResult =
  | {
      readonly kind: "downloaded" | "already there";
      readonly key: string;
      readonly size: number;
      readonly sha256: string;
      /** Whether it was uploaded with that hash; false where nobody recorded one. */
      readonly verified: boolean;
    }
  | { readonly kind: "exists"; readonly key: string };

/**
 * Downloads one version of one artifact: into a temporary file, checked against the hash that was recorded when it was
 * uploaded, and only then into its place. What is there stays unless `replace` is said. A missing artifact is
 * `not_found`; one that is replaced while it is read is `changed`; other bytes than were uploaded are `malformed`.
 */
export async function downloadArtifact(project: Project, download: Download): Promise<DownloadResult> {
  const { place, name, root, path, shown, replace } = download;
  const key = artifactKey(place, name);
  const first = await project.store.get(key, { range: [0, pieceBytes], limit: pieceBytes });
  if (!first) throw await missing(project, download, key);
  if (!replace && (await isOther(path, first.size))) return { kind: "exists", key };

  const recording = recordOf(project, key, first);
  const file = await landing(root, path, shown, project.world.randomHex(4));
  try {
    const sha256 = await receive(project, key, first, file, download);
    const recorded = await recording;
    if (recorded && recorded.sha256 !== sha256) {
      throw new TracecraftError("malformed", `Cannot download "${name}": its bytes are not those uploaded`, {
        cause: `sha256 ${sha256.slice(0, 12)}, recorded ${recorded.sha256.slice(0, 12)} by ${recorded.by}`,
        details: { key, sha256, recorded_sha256: recorded.sha256 },
      });
    }
    const answer = { key, size: first.size, sha256, verified: recorded !== undefined };
    if (await file.place(replace)) return { kind: "downloaded", ...answer };
    const same = (await hashOfFile(path))?.sha256 === sha256;
    return same ? { kind: "already there", ...answer } : { kind: "exists", key };
  } finally {
    await file.abandon();
    await recording;
  }
}

/** Writes every piece in order and answers the hash of all; at most four pieces are in memory. */
async function receive(
  { store }: Project,
  key: string,
  first: StoredObject,
  file: Landing,
  { name, signal, progress }: Download,
): Promise<string> {
  const hash = createHash("sha256");
  const { size, version } = first;
  const fetchPiece = async (from: number): Promise<Uint8Array> => {
    const to = Math.min(size, from + pieceBytes);
    const piece = await store.get(key, { range: [from, to], limit: pieceBytes });
    if (piece?.version === version && piece.body.length === to - from) return piece.body;
    throw new TracecraftError("changed", `Cannot download "${name}": it was replaced while it was read`);
  };
  const pending: Promise<Uint8Array>[] = [Promise.resolve(first.body)];
  let next = first.body.length;
  let received = 0;
  try {
    for (;;) {
      while (next < size && pending.length < piecesAtOnce) {
        const piece = fetchPiece(next);
        piece.catch(() => undefined); // Looked at in its turn, or not at all after an earlier one failed.
        pending.push(piece);
        next += pieceBytes;
      }
      const piece = await pending.shift();
      if (!piece) return hash.digest("hex");
      if (signal?.aborted)
        throw new TracecraftError("interrupted", "Interrupted", {
          cause: `"${name}" is not there yet; nothing was left behind`,
        });
      hash.update(piece);
      await file.write(piece);
      progress?.((received += piece.length), size);
    }
  } finally {
    await Promise.allSettled(pending); // Whatever is still on its way has an owner.
  }
}

/** What was recorded of the version that is being read. A journal that cannot be read is said to be so. */
async function recordOf(
  project: Project,
  key: string,
  { version, writtenAt }: StoredObject,
): Promise<Recorded | undefined> {
  try {
    const arrivedAt = writtenAt ?? (await findArtifact(project, key))?.writtenAt;
    if (arrivedAt === undefined) return undefined;
    return await recordedArtifact(project, { key, version, writtenAt: arrivedAt });
  } catch (error) {
    if (!(error instanceof TracecraftError)) throw error;
    project.warn(`the hash of "${key}" could not be looked up (${error.message})`);
    return undefined;
  }
}

/** Whether something else than such an artifact is certainly there, so that nothing need be fetched to refuse. */
async function isOther(path: string, size: number): Promise<boolean> {
  const there = await lstat(path).catch(() => undefined);
  return there !== undefined && (!there.isFile() || there.size !== size);
}

/** The same name under another step is what was most likely meant. */
async function missing(project: Project, { name, place }: Download, key: string): Promise<TracecraftError> {
  const places = (await listArtifacts(project))
    .map((object) => object.key.split("/"))
    .filter(([, , ...rest]) => rest.join("/") === name)
    .flatMap(([, other]) => (other !== undefined && isName(other) ? other : [])); // A hint is typed: no odd names.
  const [other] = places;
  const where = other === "shared" ? "" : ` --step ${other}`;
  return new TracecraftError("not_found", `Cannot download "${name}": no such artifact`, {
    ...(place !== "shared" && { cause: `nothing at ${key}` }),
    hint: other === undefined ? "tracecraft artifact list" : `tracecraft artifact download ${name}${where}`,
    details: { key },
  });
}
