import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TracecraftError } from "../errors.ts";
import type { StorePlace } from "../store/open.ts";
import type { SigningKeys } from "../store/sigv4.ts";
import { replaceFile } from "./private-file.ts";

interface Kept {
  readonly access_key: string;
  readonly secret_key: string;
}

/** The keys that `init` was given for that bucket; undefined when there are none. */
export function keptKeys(home: string, place: StorePlace): SigningKeys | undefined {
  const found = readKept(home)[nameOf(place)];
  if (typeof found?.access_key !== "string" || typeof found.secret_key !== "string") return undefined;
  return { accessKeyId: found.access_key, secretAccessKey: found.secret_key };
}

/** Keeps keys in this user's own file (mode 600), never in the project. */
export function keepKeys(home: string, place: StorePlace, keys: SigningKeys): void {
  const kept: Kept = { access_key: keys.accessKeyId, secret_key: keys.secretAccessKey };
  const stores = { ...readKept(home), [nameOf(place)]: kept };
  replaceFile(pathIn(home), `${JSON.stringify({ schema: 3, stores }, undefined, 2)}\n`, 0o600);
}

function readKept(home: string): Record<string, Partial<Kept> | undefined> {
  let text: string;
  try {
    text = readFileSync(pathIn(home), "utf8");
  } catch {
    return {};
  }
  try {
    const { stores } = JSON.parse(text) as { stores?: Record<string, Partial<Kept>> };
    return typeof stores === "object" && stores !== null ? stores : {};
  } catch {
    throw new TracecraftError("config", `Cannot read "~/.tracecraft/credentials.json": not JSON`);
  }
}

function pathIn(home: string): string {
  return join(home, ".tracecraft", "credentials.json");
}

/** The bucket without what lies inside it, and the endpoint that it is at. */
function nameOf({ url, endpoint }: StorePlace): string {
  const bucket = /^(?:s3:\/\/[^/]*|hf:\/\/[^/]*\/[^/]*)/.exec(url)?.[0] ?? url;
  return `${bucket} ${endpoint ?? ""}`.trim();
}
