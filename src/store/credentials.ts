import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TracecraftError } from "../errors.ts";
import type { SigningKeys } from "./sigv4.ts";

/** Keys for S3. Whoever keeps them must ask again when they expire. */
export interface Credentials extends SigningKeys {
  /** Of temporary keys, in ms. */
  readonly expiresAt?: number | undefined;
  /** For people: "the environment", "AWS profile default". Never a secret. */
  readonly source: string;
}

export interface CredentialWorld {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/**
 * Keys for an endpoint, from the first place that has some: for HuggingFace's gateway HF_S3_ACCESS_KEY_ID and
 * HF_S3_SECRET_ACCESS_KEY; the AWS environment variables; static keys of a profile in ~/.aws; then whatever else the AWS
 * providers know (SSO, credential_process, roles, container and instance metadata), loaded only here. AWS_PROFILE does
 * not hide keys in the environment. Nothing found is the error `config`.
 */
export async function findCredentials(
  endpoint: string | undefined,
  { env, home }: CredentialWorld,
): Promise<Credentials> {
  const found =
    (isHuggingFace(endpoint) ? fromEnvironment(env, "HF_S3") : undefined) ??
    fromEnvironment(env, "AWS") ??
    staticProfile(env, home);
  if (found) return found;
  const { fromProviders } = await import("./credential-providers.ts");
  const provided = await fromProviders(env);
  if (provided) return provided;
  throw new TracecraftError(
    "config",
    "S3 credentials required: none in the environment, ~/.aws or an instance role",
    { hint: "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…" },
  );
}

function isHuggingFace(endpoint: string | undefined): boolean {
  return endpoint !== undefined && URL.canParse(endpoint) && new URL(endpoint).hostname.endsWith(".hf.co");
}

function fromEnvironment(env: CredentialWorld["env"], vendor: "AWS" | "HF_S3"): Credentials | undefined {
  const accessKeyId = env[`${vendor}_ACCESS_KEY_ID`];
  const secretAccessKey = env[`${vendor}_SECRET_ACCESS_KEY`];
  if (!accessKeyId || !secretAccessKey) return undefined;
  const sessionToken = env[`${vendor}_SESSION_TOKEN`] || undefined;
  return { accessKeyId, secretAccessKey, sessionToken, source: "the environment" };
}

/**
 * A profile that is nothing but keys, which is what most people have: read here, because the providers take longer to
 * load than the whole rest of a command. A profile that also assumes a role is theirs.
 */
function staticProfile(env: CredentialWorld["env"], home: string): Credentials | undefined {
  const name = env["AWS_PROFILE"] || env["AWS_DEFAULT_PROFILE"] || "default";
  const folder = join(home, ".aws");
  const secrets = section(env["AWS_SHARED_CREDENTIALS_FILE"] || join(folder, "credentials"), [name]);
  const { aws_access_key_id, aws_secret_access_key, aws_session_token, ...others } = secrets;
  if (!aws_access_key_id || !aws_secret_access_key) return undefined;
  const config = section(env["AWS_CONFIG_FILE"] || join(folder, "config"), [`profile ${name}`, name]);
  if ("role_arn" in others || "role_arn" in config) return undefined;
  return {
    accessKeyId: aws_access_key_id,
    secretAccessKey: aws_secret_access_key,
    sessionToken: aws_session_token,
    source: `AWS profile ${name}`,
  };
}

/** One section of an INI file as AWS writes it; nothing of a file that cannot be read. */
function section(path: string, names: readonly string[]): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return {};
  }
  const found: Record<string, string> = {};
  let inside = false;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (header !== undefined) inside = names.includes(header.replaceAll(/\s+/g, " "));
    const pair = /^\s*([a-z_]+)\s*=\s*(.*?)\s*$/i.exec(line);
    if (inside && pair?.[1] && !/^\s*[#;]/.test(line)) found[pair[1].toLowerCase()] = pair[2] ?? "";
  }
  return found;
}
