import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { TracecraftError } from "../errors.ts";
import type { Credentials } from "./credentials.ts";
import { findCredentials } from "./credentials.ts";
import type { S3Options } from "./s3.ts";
import type { SigningKeys } from "./sigv4.ts";
import type { Store } from "./store.ts";

/** Where a project's store is, as a configuration says it. */
export interface StorePlace {
  /** `s3://bucket/prefix`, `hf://namespace/bucket/prefix`, `file:///folder`, or the absolute path of a folder. */
  readonly url: string;
  /** The first part of every key below the prefix. */
  readonly project: string;
  /** Of S3. Absent or null: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else AWS. */
  readonly endpoint?: string | null | undefined;
  /** Absent: AWS_REGION, AWS_DEFAULT_REGION, else us-east-1. */
  readonly region?: string | undefined;
  /** Absent: the bucket is in the path, except on AWS. */
  readonly addressing?: "path" | "virtual" | undefined;
  /** Keys of the user's own file; absent: those that `findCredentials` finds. */
  readonly keys?: SigningKeys | undefined;
}

/** The part of the process that a store needs. */
export type StoreWorld = Pick<S3Options, "now" | "random" | "timeouts" | "clockOffsetMs" | "onSkew"> & {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
};

/**
 * The store at that place: the only function that knows the drivers, each loaded when it is asked for. It sends
 * nothing: a bucket that is not there is found by the first call. Throws `config` for a place that is none.
 */
export async function openStore(place: StorePlace, world: StoreWorld): Promise<Store> {
  const folder = folderOf(place, world);
  if (folder !== undefined) {
    const { fileStore } = await import("./file.ts");
    return fileStore(folder, { prefix: place.project });
  }
  const options = s3OptionsOf(place, world);
  const { s3Store } = await import("./s3.ts");
  return s3Store(options);
}

/** Makes the bucket of that place where it is missing; a folder is made by its first write. */
export async function makeBucket(place: StorePlace, world: StoreWorld): Promise<"made" | "there"> {
  if (folderOf(place, world) !== undefined) return "there";
  const options = s3OptionsOf(place, world);
  const { bucketExists, createBucket } = await import("./s3.ts");
  return (await bucketExists(options)) ? "there" : createBucket(options);
}

/** The keys that the S3 store at that place would use: for `doctor` and `init`, which say where they are from. */
export async function credentialsOf(place: StorePlace, world: StoreWorld): Promise<Credentials | undefined> {
  return folderOf(place, world) === undefined ? s3OptionsOf(place, world).credentials() : undefined;
}

function folderOf({ url }: StorePlace, { home }: StoreWorld): string | undefined {
  if (url.startsWith("file:")) {
    try {
      return fileURLToPath(url);
    } catch {
      throw new TracecraftError("config", `Cannot open "${url}": no path of this machine`);
    }
  }
  if (url === "~" || url.startsWith("~/")) return join(home, url.slice(1));
  return isAbsolute(url) ? url : undefined;
}

function s3OptionsOf(place: StorePlace, world: StoreWorld): S3Options {
  const { endpoint, bucket, prefix } = bucketOf(place, world);
  const { now, random, timeouts, clockOffsetMs, onSkew, env, home } = world;
  const { keys } = place;
  return {
    endpoint,
    bucket,
    prefix: prefix ? `${prefix}/${place.project}` : place.project,
    region: place.region || env["AWS_REGION"] || env["AWS_DEFAULT_REGION"] || "us-east-1",
    // A dot in the bucket is one label too many for AWS's certificate.
    addressing: place.addressing ?? (endpoint === undefined && !bucket.includes(".") ? "virtual" : "path"),
    credentials: keys
      ? async () => ({ ...keys, source: "~/.tracecraft/credentials.json" })
      : () => findCredentials(endpoint, { env, home }),
    now,
    random,
    timeouts,
    clockOffsetMs,
    onSkew,
  };
}

/** AWS takes less; older stores take this. */
const bucketName = /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/;

function bucketOf({ url, endpoint }: StorePlace, { env }: StoreWorld) {
  const [, scheme, path = ""] = /^(s3|hf):\/\/(.*)$/.exec(url) ?? [];
  const parts = path.replace(/\/+$/, "").split("/");
  const namespace = scheme === "hf" ? parts.shift() : undefined;
  const [bucket = "", ...prefix] = parts;
  if (
    scheme === undefined ||
    !bucketName.test(bucket) ||
    (namespace !== undefined && !bucketName.test(namespace))
  ) {
    throw new TracecraftError(
      "config",
      `Cannot open "${url}": not s3://bucket, hf://namespace/bucket or a folder`,
      scheme === undefined
        ? {}
        : {
            cause: `a name there is 2 to 255 of letters, digits, ".", "_", "-", and starts with a letter or digit`,
          },
    );
  }
  // https://huggingface.co/docs/hub/storage-buckets-s3
  const gateway = namespace === undefined ? undefined : `https://s3.hf.co/${namespace}`;
  const given = endpoint || gateway || env["AWS_ENDPOINT_URL_S3"] || env["AWS_ENDPOINT_URL"] || undefined;
  return { endpoint: given, bucket, prefix: prefix.filter((part) => part !== "").join("/") };
}
