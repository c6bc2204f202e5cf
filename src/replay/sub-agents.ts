import { open, type FileHandle } from "node:fs/promises";
import { appender } from "./disk.ts";
import { rowBytes, rowsInto, type Rows } from "./rows.ts";

/** Sub-agents of one session that have a lane of their own; what further ones did is shown within the session. */
const subAgentsMost = 100;
/** Of each in memory: 64 KiB of rows, and as much of previews. */
const rowsHeld = 1024;
const previewsHeld = 64 * 1024;
const pieceBytes = 1024 * 1024;

/** Where the rows and previews of one writer of a file go. */
export interface Sink {
  readonly rows: Rows;
  readonly preview: (bytes: Uint8Array) => Promise<void>;
}

/** The sub-agents that one file tells of, each in temporary files until the session's own rows are all there. */
export interface SubAgents {
  /** Undefined for one too many. */
  sinkOf(agent: string): Promise<Sink | undefined>;
  /** Each with how many rows it has, in the order in which they came; `rows` and `previews` get all bytes of it. */
  each(take: (agent: string, count: number, copy: Copy) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export interface Copy {
  rows(to: (bytes: Uint8Array) => Promise<void>): Promise<void>;
  previews(to: (bytes: Uint8Array) => Promise<void>): Promise<void>;
}

interface SubAgent extends Sink {
  readonly files: readonly [rows: FileHandle, previews: FileHandle];
  /** Puts what is in memory into the files. */
  settle(): Promise<void>;
}

/** Sub-agents whose temporary files have names that begin with `path`. */
export function subAgentsAt(path: string): SubAgents {
  const found = new Map<string, SubAgent>();
  return {
    async sinkOf(agent) {
      const known = found.get(agent);
      if (known || found.size >= subAgentsMost) return known;
      const made = await openSubAgent(`${path}.${found.size}`);
      found.set(agent, made);
      return made;
    },
    async each(take) {
      for (const [agent, { rows, files, settle }] of found) {
        await settle();
        await take(agent, rows.count(), {
          rows: (to) => copied(files[0], rows.count() * rowBytes, to),
          previews: (to) => copied(files[1], Number.POSITIVE_INFINITY, to),
        });
      }
    },
    async close() {
      await Promise.all([...found.values()].flatMap(({ files }) => files.map((file) => file.close())));
    },
  };
}

async function openSubAgent(path: string): Promise<SubAgent> {
  const files = [await open(`${path}.rows`, "w+"), await open(`${path}.previews`, "w+")] as const;
  const rows = rowsInto(files[0].fd, 0, rowsHeld);
  const previews = appender(files[1], previewsHeld);
  return {
    rows,
    files,
    preview: previews.add,
    async settle() {
      rows.settle();
      await previews.flush();
    },
  };
}

async function copied(
  file: FileHandle,
  bytes: number,
  to: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  for (let at = 0; at < bytes;) {
    const piece = Buffer.alloc(Math.min(pieceBytes, bytes - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) return;
    await to(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
}
