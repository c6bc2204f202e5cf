import { createHash, createHmac } from "node:crypto";

/** SHA-256 of no bytes, in hex: the payload hash of a request without a body. */
export const emptySha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

export interface SigningKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Signable {
  readonly method: string;
  /** As it is sent: already encoded by `encodePath`. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** Lower-case names, `host` among them. All of them are signed. */
  readonly headers: Readonly<Record<string, string>>;
  readonly payloadSha256: string;
}

export interface Scope {
  readonly region: string;
  /** By the store's clock, in ms: S3 refuses what is more than 15 minutes off. */
  readonly at: number;
}

/**
 * The headers that sign an S3 request (AWS Signature Version 4, header form, body hash always sent). The path is
 * signed as it is: S3, unlike other AWS services, neither normalizes nor encodes it twice.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function sign(request: Signable, keys: SigningKeys, scope: Scope): Record<string, string> {
  const iso = new Date(scope.at).toISOString(); // 2013-05-24T00:00:00.000Z
  const day = iso.slice(0, 4) + iso.slice(5, 7) + iso.slice(8, 10);
  const timestamp = `${day}T${iso.slice(11, 13)}${iso.slice(14, 16)}${iso.slice(17, 19)}Z`;
  const headers: Record<string, string> = {
    ...request.headers,
    "x-amz-content-sha256": request.payloadSha256,
    "x-amz-date": timestamp,
  };
  if (keys.sessionToken) headers["x-amz-security-token"] = keys.sessionToken;

  const names = Object.keys(headers).toSorted();
  const signed = names.join(";");
  const canonical = [
    request.method,
    request.path,
    queryString(request.query),
    ...names.map((name) => `${name}:${singleSpaced(headers[name] ?? "")}`),
    "",
    signed,
    request.payloadSha256,
  ].join("\n");

  const scopeText = `${day}/${scope.region}/s3/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", timestamp, scopeText, sha256(canonical)].join("\n");
  let key: string | Buffer = `AWS4${keys.secretAccessKey}`;
  for (const part of [day, scope.region, "s3", "aws4_request"]) key = hmac(key, part);
  const signature = hmac(key, toSign).toString("hex");

  headers["authorization"] =
    `AWS4-HMAC-SHA256 Credential=${keys.accessKeyId}/${scopeText}, SignedHeaders=${signed}, Signature=${signature}`;
  return headers;
}

function singleSpaced(value: string): string {
  const trimmed = value.trim();
  return trimmed.includes("  ") ? trimmed.replaceAll(/ +/g, " ") : trimmed;
}

/** The query as it is sent and signed: sorted, every pair with "=", RFC 3986 encoding. */
export function queryString(query: Readonly<Record<string, string>>): string {
  return Object.keys(query)
    .toSorted()
    .map((name) => `${encode(name)}=${encode(query[name] ?? "")}`)
    .join("&");
}

/** A key or bucket as a path: everything but unreserved characters and "/" is encoded, "." and ".." stay. */
export function encodePath(path: string): string {
  return path.split("/").map(encode).join("/");
}

function encode(text: string): string {
  const encoded = encodeURIComponent(text);
  return encoded.replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
