import { readLocal } from "../coord/local.ts";
import type { Project } from "../coord/project.ts";
import { foundIn, type Found } from "../coord/update.ts";
import { asTracecraftError, TracecraftError } from "../errors.ts";
import { manifestKey, parseManifestKey, sessionsPrefix } from "../format/keys.ts";
import { isName } from "../format/names.ts";
import type { Listed } from "../store/store.ts";
import { findManifest } from "./manifest.ts";
import { manifestLimit, readManifest, type Manifest } from "./manifest-record.ts";

const readAtOnce = 32;
const cacheName = "mirror-list";

/** A mirrored session in one line. */
export interface Summary {
  readonly harness: string;
  readonly session: string;
  readonly agent: string | undefined;
  readonly parent: string | undefined;
  readonly title: string | undefined;
  /** As uploaded, of all generations. */
  readonly bytes: number;
  readonly parts: number;
  /** ms since the epoch, by the clock of whoever uploaded; undefined where the manifest does not say. */
  readonly uploadedAt: number | undefined;
  readonly endedAt: number | undefined;
}

export interface Problem {
  readonly key: string;
  readonly why: string;
}

interface Kept {
  readonly version: string;
  readonly summary: Summary;
}

/** Which sessions are there, by their keys alone: one listing, no manifest is read. Names of another form are left out. */
export async function listedSessions(
  project: Project,
): Promise<(Listed & { readonly harness: string; readonly session: string })[]> {
  const found: (Listed & { harness: string; session: string })[] = [];
  for await (const { objects } of project.store.list(sessionsPrefix)) {
    for (const object of objects) {
      const name = parseManifestKey(object.key);
      if (name && isName(name.harness) && isName(name.session)) found.push({ ...object, ...name });
    }
  }
  return found;
}

/**
 * All mirrored sessions, newest upload first: one listing, and only the manifests that changed since this machine read
 * them. A malformed one is a problem and hides no other.
 */
export async function listSessions(
  project: Project,
  harness?: string,
): Promise<{ readonly sessions: readonly Summary[]; readonly problems: readonly Problem[] }> {
  const kept = readLocal<Record<string, Kept>>(project.local, cacheName) ?? {};
  const listed = (await listedSessions(project)).filter(
    (one) => harness === undefined || one.harness === harness,
  );
  const fresh: Record<string, Kept> = {};
  const problems: Problem[] = [];
  const changed: string[] = [];
  for (const { key, version } of listed) {
    const known = kept[key];
    if (known?.version === version && typeof known.summary === "object") fresh[key] = known;
    else changed.push(key);
  }
  for (let start = 0; start < changed.length; start += readAtOnce) {
    const some = changed.slice(start, start + readAtOnce);
    await Promise.all(
      some.map(async (key) => {
        try {
          const found = await manifestAt(project, key);
          if (found) fresh[key] = { version: found.version, summary: summaryOf(found.record) };
        } catch (error) {
          const { code, message, details } = asTracecraftError(error);
          if (code !== "malformed") throw error;
          problems.push({ key, why: String(details["why"] ?? message) });
        }
      }),
    );
  }
  if (changed.length > 0)
    project.local.write(cacheName, harness === undefined ? fresh : { ...kept, ...fresh });
  const sessions = Object.values(fresh).map(({ summary }) => summary);
  return {
    sessions: sessions.toSorted(byUpload),
    problems: problems.toSorted((a, b) => (a.key < b.key ? -1 : 1)),
  };
}

function byUpload(a: Summary, b: Summary): number {
  return (b.uploadedAt ?? 0) - (a.uploadedAt ?? 0) || (a.session < b.session ? -1 : 1);
}

async function manifestAt(project: Project, key: string): Promise<Found<Manifest> | undefined> {
  const object = await project.store.get(key, { limit: manifestLimit });
  return object && foundIn(object, checkedManifest(key, object.body));
}

/** The manifest at `key`, which must say the same of its session as the key does. */
function checkedManifest(key: string, body: Uint8Array): Manifest {
  const record = readManifest(key, body);
  const name = parseManifestKey(key);
  if (record.harness === name?.harness && record.session_id === name.session) return record;
  const why = `says it is ${JSON.stringify(`${record.harness}/${record.session_id}`.slice(0, 200))}`;
  throw new TracecraftError("malformed", `Cannot read "${key}": ${why}`, { details: { key, why } });
}

export function summaryOf(manifest: Manifest): Summary {
  return {
    harness: manifest.harness,
    session: manifest.session_id,
    agent: short(manifest.agent_id),
    parent: short(manifest.parent),
    title: short(manifest.title),
    bytes: manifest.total_uploaded_bytes,
    parts: manifest.parts.length,
    uploadedAt: timeIn(manifest.last_uploaded_at),
    endedAt: timeIn(manifest.ended_at),
  };
}

/** What is kept on this machine of a text out of a bucket. */
function short(text: string | null | undefined): string | undefined {
  return text ? text.slice(0, 200).toWellFormed() : undefined;
}

function timeIn(text: string | null | undefined): number | undefined {
  const ms = Date.parse(text ?? "");
  return Number.isFinite(ms) ? ms : undefined;
}

/**
 * The one session that has this id, or whose id begins so; `harness/id` where two harnesses have it. One and its own
 * sub-agents, whose ids go on after a dot, are that one. Several are `usage` and named, none is `not_found` in the
 * published words. Its manifest is checked against its key.
 */
export async function findSession(project: Project, text: string, act: string): Promise<Found<Manifest>> {
  const [id, harness] = text.split("/").toReversed();
  const listed = (await listedSessions(project)).filter(
    (one) => harness === undefined || one.harness === harness,
  );
  const exact = listed.filter(({ session }) => session === id);
  const fits =
    exact.length > 0
      ? exact
      : withoutOwn(listed.filter(({ session }) => id !== "" && session.startsWith(id ?? "")));
  const [only, ...others] = fits;
  if (only !== undefined && others.length > 0) {
    const names = fits.slice(0, 5).map((one) => `${one.harness}/${one.session}`);
    throw new TracecraftError("usage", `Cannot ${act} "${text}": ${fits.length} sessions begin so`, {
      cause: `${names.join(", ")}${fits.length > 5 ? ", …" : ""}`,
      details: { sessions: names },
    });
  }
  const found = only && (await sessionNamed(project, only.harness, only.session));
  if (found) return found;
  throw new TracecraftError("not_found", `session not found: ${text}`, { hint: "tracecraft session list" });
}

/** Without the sub-agents of those that are there themselves. */
function withoutOwn<T extends { readonly harness: string; readonly session: string }>(
  fits: readonly T[],
): T[] {
  const names = new Set(fits.map(({ harness, session }) => `${harness}/${session}`));
  return fits.filter(
    ({ harness, session }) =>
      ![...session.matchAll(/\./g)].some(({ index }) => names.has(`${harness}/${session.slice(0, index)}`)),
  );
}

/** The session of exactly this name, in one request. Its manifest is checked against its key. */
export async function sessionNamed(
  project: Project,
  harness: string,
  session: string,
): Promise<Found<Manifest> | undefined> {
  const found = await findManifest(project, harness, session);
  if (!found) return undefined;
  const key = manifestKey(harness, session);
  if (found.record.harness !== harness || found.record.session_id !== session)
    throw new TracecraftError("malformed", `Cannot read "${key}": it is of another session`, {
      details: { key },
    });
  return found;
}
