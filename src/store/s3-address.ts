import { TracecraftError } from "../errors.ts";
import { encodePath } from "./sigv4.ts";

export interface Address {
  readonly endpoint?: string | undefined;
  readonly bucket: string;
  readonly addressing?: "path" | "virtual" | undefined;
}

export interface Place {
  readonly origin: URL;
  /** Before the key: the endpoint's own path and, path style, the bucket. */
  readonly path: string;
}

/** Where the requests for a bucket go. Without an endpoint: AWS, in that region. Throws `config` for no address. */
export function placeOf({ endpoint, bucket, addressing }: Address, region: string): Place {
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const origin = endpointUrl(endpoint ?? `https://s3.${region}.${domain}`, bucket);
  const base = origin.pathname.replace(/\/+$/, "");
  origin.pathname = "/";
  if (addressing !== "virtual") return { origin, path: `${base}/${encodePath(bucket)}` };
  const host = `${bucket}.${origin.hostname}`;
  origin.hostname = host;
  if (origin.hostname !== host.toLowerCase()) throw noAddress(bucket, `"${host}" is no host`);
  return { origin, path: base };
}

/** Scheme, host, port and path, as a verdict about the store is kept under. */
export function endpointName(endpoint: string | undefined, bucket: string): string {
  return endpoint === undefined
    ? "https://s3.amazonaws.com"
    : endpointUrl(endpoint, bucket).href.replace(/\/+$/, "");
}

function endpointUrl(endpoint: string, bucket: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw noAddress(bucket, "the endpoint is no http or https URL");
  }
  // It is shown, and kept in the bucket.
  if (url.username || url.password || url.search) throw noAddress(bucket, "the endpoint has keys in it");
  return url;
}

function noAddress(bucket: string, state: string): TracecraftError {
  return new TracecraftError("config", `Cannot open "s3://${bucket}": ${state}`);
}
