import { lstatSync, mkdirSync, realpathSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { TracecraftError } from "../errors.ts";
import { codeOf, isAbsent } from "./file-disk.ts";
import { nameOf } from "./file-names.ts";
import { makeFolder } from "./make-folder.ts";

/** Absolute paths of a key: its folder, its row of versions, and the one file of a key written once. */
export interface Place {
  readonly key: string;
  readonly directory: string;
  readonly row: string;
  readonly plain: string;
}

/**
 * File systems whose clock, links or locks are another machine's, by the `f_type` of statfs(2): NFS, SMB, CIFS, SMB2,
 * FUSE (sshfs, virtiofs, Docker Desktop), 9P, Ceph, AFS twice, Coda, NCP, GFS2, OCFS2, Lustre, GPFS, VirtualBox,
 * VMware, Parallels, BeeGFS, PanFS, OrangeFS, StorNext.
 */
const notLocal = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x65735546, 0x01021997, 0x00c36400, 0x5346414f, 0x6b414653,
  0x73757245, 0x564c, 0x01161970, 0x7461636f, 0x0bd00bd0, 0x47504653, 0x786f4256, 0xbacbacbc, 0x7c7c6673,
  0x19830326, 0xaad7aaea, 0x20030528, 0xbeefdead,
]);

/** Where a key lies below a root without symbolic links. Refuses what is no key. */
export function placeOf(root: string, key: string): Place {
  const { directory, name } = nameOf(key);
  const folder = join(root, directory);
  return { key, directory: folder, row: join(folder, ".v", name), plain: join(folder, name) };
}

/**
 * The root without symbolic links, made if asked, else undefined while it is absent. Looked at for each call: whoever
 * removes or mounts it meanwhile is noticed. A network or FUSE file system is `unfit_store`.
 */
export function openRoot(root: string, ifAbsent?: "make"): string | undefined {
  let path: string;
  try {
    if (ifAbsent === "make") makeFolder(root);
    path = realpathSync.native(root);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    if (ifAbsent !== "make") return undefined;
    throw new TracecraftError("config", `Cannot make "${root}": the file system knows no such name there`);
  }
  if (!lstatSync(path).isDirectory())
    throw new TracecraftError("config", `Cannot open "${root}": not a folder`);
  const type = statfsSync(path).type >>> 0;
  if (notLocal.has(type)) {
    const name = `0x${type.toString(16)}`;
    throw new TracecraftError(
      "unfit_store",
      `Cannot use "${root}": a network or FUSE file system (${name})`,
      {
        hint: "tracecraft init --store s3://BUCKET",
      },
    );
  }
  return path;
}

/**
 * Whether a folder below the root is there. One that is reached through a symbolic link is the error `malformed`:
 * whoever planted it would lead reads and writes out of the root.
 */
export function isThere(root: string, directory: string): boolean {
  try {
    if (realpathSync.native(directory) === directory) return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
  throw linked(root, directory);
}

/** Makes a folder below the root, one level after the other, and follows no symbolic link. */
export function makeDirectory(root: string, directory: string): void {
  if (isThere(root, directory)) return;
  let path = root;
  for (const name of directory.slice(root.length + 1).split("/")) {
    path = join(path, name);
    try {
      mkdirSync(path);
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      const found = lstatSync(path);
      if (found.isSymbolicLink()) throw linked(root, path);
      if (!found.isDirectory()) throw Object.assign(new Error("ENOTDIR"), { code: "ENOTDIR" });
    }
  }
}

function linked(root: string, path: string): TracecraftError {
  return new TracecraftError(
    "malformed",
    `Cannot use "${path.slice(root.length + 1)}" in "${root}": a symbolic link is on the way`,
  );
}
