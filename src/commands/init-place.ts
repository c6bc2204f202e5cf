import { isAbsolute } from "node:path";
import { TracecraftError } from "../errors.ts";
import type { SigningKeys } from "../store/sigv4.ts";
import type { Configuration, Machine } from "./machine.ts";

export interface PlaceWords {
  readonly project: string | undefined;
  readonly agent: string | undefined;
  readonly store: string | undefined;
  readonly bucket: string | undefined;
  readonly prefix: string | undefined;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  readonly backend: string | undefined;
  readonly accessKey: string | undefined;
  readonly secretKey: string | undefined;
  readonly hfToken: string | undefined;
  readonly move: boolean;
}

export interface Choice {
  readonly configuration: Configuration;
  /** Whether the project's file is to be written. */
  readonly write: boolean;
  readonly keys: SigningKeys | undefined;
  /** Of a file of format 1 that is replaced: it may name an agent no more. */
  readonly agentId: string | undefined;
  readonly warnings: readonly string[];
}

/** Which project and store `init` is about, from its words and from what this folder belongs to already. */
export function choosePlace(machine: Machine, words: PlaceWords): Choice {
  const found = findExisting(machine, words);
  const project = words.project ?? found?.project;
  if (project === undefined)
    throw new TracecraftError("usage", "Missing option --project NAME", {
      hint: `tracecraft init --project NAME --agent ${words.agent ?? "NAME"}`,
    });
  const store = storeOf(words);
  const keys = keysOf(words);
  const made = machine.draft({
    project,
    store: store ?? (found?.project === project ? found.store : "file:"),
    endpoint: words.endpoint ?? (store === undefined ? (found?.place.endpoint ?? undefined) : undefined),
    region: words.region ?? (store === undefined ? found?.place.region : undefined),
    keys,
  });
  const same =
    found?.project === project &&
    (store === undefined || found.place.url === made.place.url) &&
    (words.endpoint === undefined || found.place.endpoint === words.endpoint);
  if (same) return joined(found, keys);
  if (found?.file === made.file && !words.move) throw refusal(found, made, words);
  return { configuration: made, write: true, keys, agentId: undefined, warnings: [] };
}

/** A file of format 1 is replaced, its keys and its agent put where they belong; ours stays as it is. */
function joined(found: Configuration, keys: SigningKeys | undefined): Choice {
  const { oldKeys, agentId, level } = found;
  const replace = level === "project" && (oldKeys !== undefined || agentId !== undefined);
  const kept = keys ?? (replace ? oldKeys : undefined);
  return {
    configuration: { ...found, place: { ...found.place, ...(kept && { keys: kept }) } },
    write: replace,
    keys: kept,
    agentId: replace ? agentId : undefined,
    warnings: replace
      ? [
          `${found.shownFile} was of format 1; its ${oldKeys ? "keys are in ~/.tracecraft/credentials.json" : "agent is bound to this checkout"} now`,
        ]
      : [],
  };
}

/** A configuration that cannot be used stands in the way, unless the line says all that it would have said. */
function findExisting(machine: Machine, words: PlaceWords): Configuration | undefined {
  try {
    return machine.configuration();
  } catch (error) {
    const hub = error instanceof TracecraftError && error.details["backend"] === "hf";
    if (words.project !== undefined && (words.move || (hub && storeOf(words) !== undefined)))
      return undefined;
    throw error;
  }
}

function storeOf({ store, bucket, prefix, backend, endpoint, hfToken }: PlaceWords): string | undefined {
  if (backend !== undefined && !["s3", "hf", "file"].includes(backend))
    throw new TracecraftError("usage", `Unknown backend "${backend.slice(0, 60)}": it is s3, hf or file`);
  if (store !== undefined) {
    if (bucket !== undefined || backend !== undefined)
      throw new TracecraftError("usage", "Use at most one of --store / --bucket / --backend");
    return withPrefix(
      /^(?:s3|hf|file):/.test(store) || isAbsolute(store) || /^(?:~|\.\.?)(?:\/|$)/.test(store)
        ? store
        : `./${store}`,
      prefix,
    );
  }
  if (backend === "file") return "file:";
  if (hfToken !== undefined) {
    throw new TracecraftError("usage", "Cannot use --hf-token: HuggingFace's S3 gateway wants S3 keys", {
      hint: "export HF_S3_ACCESS_KEY_ID=… HF_S3_SECRET_ACCESS_KEY=…",
    });
  }
  if (bucket !== undefined) return withPrefix(`${backend ?? "s3"}://${bucket}`, prefix);
  if (backend !== undefined || endpoint !== undefined || prefix !== undefined)
    throw new TracecraftError("usage", "Missing option --bucket NAME", { hint: "tracecraft help init" });
  return undefined;
}

function withPrefix(store: string, prefix: string | undefined): string {
  const inside = prefix?.replaceAll(/^\/+|\/+$/g, "");
  return inside ? `${store.replace(/\/+$/, "")}/${inside}` : store;
}

function keysOf({ accessKey, secretKey }: PlaceWords): SigningKeys | undefined {
  if (accessKey === undefined && secretKey === undefined) return undefined;
  if (!accessKey || !secretKey)
    throw new TracecraftError("usage", "Use --access-key and --secret-key together", {
      hint: "tracecraft help init",
    });
  return { accessKeyId: accessKey, secretAccessKey: secretKey };
}

function refusal(found: Configuration, made: Configuration, words: PlaceWords): TracecraftError {
  const line = [
    `tracecraft init --project ${made.project}`,
    words.agent !== undefined && `--agent ${words.agent}`,
    storeOf(words) !== undefined && `--store ${made.store}`,
    words.endpoint !== undefined && `--endpoint ${words.endpoint}`,
    "--move",
  ];
  const says = `${found.shownFile} says ${found.project === made.project ? `"${found.store}"` : `"${found.project}"`}`;
  const what =
    found.project === made.project
      ? `move "${made.project}" to "${made.store}"`
      : `make this folder "${made.project}"`;
  return new TracecraftError("exists", `Cannot ${what}: ${says}`, { hint: line.filter(Boolean).join(" ") });
}
