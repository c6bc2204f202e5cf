import { readLocal } from "../coord/local.ts";
import type { Project } from "../coord/project.ts";
import type { Found } from "../coord/update.ts";
import { manifestIn, type Manifest } from "./manifest-record.ts";

/** A manifest with more parts than this is read from the bucket: it costs a request, and a local file of megabytes more. */
const keptParts = 2_000;

/** What this machine remembers of a mirror. It saves requests; losing it, or finding it wrong, costs some. */
export interface MirrorState {
  /** Of the source, when everything in it was in the bucket. */
  readonly fingerprint: string | undefined;
  /** The manifest as it was left, to go on from without reading it. */
  readonly manifest: Found<Manifest> | undefined;
  /** What there was when that fingerprint was taken. */
  readonly generation: number;
  readonly cursorBytes: number;
  /** By name: which file was mirrored. */
  readonly attachments: Readonly<Record<string, string>>;
}

interface Saved {
  readonly fingerprint: string;
  readonly version: string;
  readonly manifest: unknown;
  readonly attachments: unknown;
  readonly generation: number;
  readonly cursor_bytes: number;
}

const name = (harness: string, session: string) => `mirror/${harness}/${session}`;

export function readState({ local }: Project, harness: string, session: string): MirrorState {
  const saved = readLocal<Saved>(local, name(harness, session)) ?? {};
  const { fingerprint, version, manifest, attachments } = saved;
  const record = typeof version === "string" ? manifestIn(manifest) : undefined;
  return {
    fingerprint: typeof fingerprint === "string" ? fingerprint : undefined,
    manifest: record && { record, version: version as string, writtenAt: undefined, storeNow: undefined },
    generation: Number(saved.generation ?? 0),
    cursorBytes: Number(saved.cursor_bytes ?? 0),
    attachments: marksIn(attachments),
  };
}

/**
 * Keeps the state that a mirror left, `before` being what it began with. Where another process has kept another one
 * meanwhile, nobody here can say which manifest is the later: neither is kept, and the next mirror reads it.
 */
export function writeState(
  project: Project,
  harness: string,
  session: string,
  state: MirrorState,
  before: MirrorState,
): void {
  const { local } = project;
  const there = readState(project, harness, session).manifest?.version;
  if (there !== before.manifest?.version && there !== state.manifest?.version) {
    forgetState(project, harness, session);
    return;
  }
  const { fingerprint, manifest, attachments, generation, cursorBytes } = state;
  local.write(name(harness, session), {
    fingerprint,
    attachments,
    generation,
    cursor_bytes: cursorBytes,
    ...(manifest &&
      manifest.record.parts.length <= keptParts && { version: manifest.version, manifest: manifest.record }),
  });
}

/** Whether there was any. */
export function forgetState({ local }: Project, harness: string, session: string): boolean {
  const there = local.read(name(harness, session)) !== undefined;
  local.remove(name(harness, session));
  return there;
}

function marksIn(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, mark]) => typeof mark === "string"));
}
