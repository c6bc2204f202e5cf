import { createHash, createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** Why a request is refused, as S3's error code. */
export type SignatureFault =
  | "AccessDenied"
  | "AuthorizationHeaderMalformed"
  | "InvalidAccessKeyId"
  | "InvalidToken"
  | "RequestTimeTooSkewed"
  | "SignatureDoesNotMatch"
  | "XAmzContentSHA256Mismatch";

export interface ServerKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

const skewMs = 15 * 60_000;

/**
 * Checks a Version 4 signature from the raw request, by its own reading of the specification: it shares no code with
 * the client. `region` undefined: any.
 */
export function checkSignature(
  request: IncomingMessage,
  body: Buffer,
  keys: ServerKeys,
  now: number,
  region: string | undefined,
): SignatureFault | undefined {
  const header = (name: string) => String(request.headers[name] ?? "");
  const parsed =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      header("authorization"),
    );
  if (!parsed) return "AccessDenied";
  const [, accessKeyId = "", day = "", signedRegion = "", names = "", signature] = parsed;
  if (accessKeyId !== keys.accessKeyId) return "InvalidAccessKeyId";
  if ((keys.sessionToken ?? "") !== header("x-amz-security-token")) return "InvalidToken";
  const date = header("x-amz-date");
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (!date.startsWith(day) || Number.isNaN(at)) return "AccessDenied";
  if (Math.abs(at - now) > skewMs) return "RequestTimeTooSkewed";
  if (region !== undefined && signedRegion !== region) return "AuthorizationHeaderMalformed";

  const signed = names.split(";");
  const mustSign = Object.keys(request.headers).filter(
    (name) => name.startsWith("x-amz-") || name === "host",
  );
  if (mustSign.some((name) => !signed.includes(name))) return "AccessDenied";

  const [path = "", search = ""] = (request.url ?? "").split("?");
  const query = search
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
    .toSorted();
  const canonical = [
    request.method,
    path,
    query.join("&"),
    ...signed.map((name) => `${name}:${header(name).trim().replaceAll(/ +/g, " ")}`),
    "",
    names,
    header("x-amz-content-sha256"),
  ].join("\n");
  const scope = `${day}/${signedRegion}/s3/aws4_request`;
  const digest = createHash("sha256").update(canonical).digest("hex");
  let key: Buffer = Buffer.from(`AWS4${keys.secretAccessKey}`);
  for (const part of scope.split("/")) key = createHmac("sha256", key).update(part).digest();
  const expected = createHmac("sha256", key)
    .update(`AWS4-HMAC-SHA256\n${date}\n${scope}\n${digest}`)
    .digest("hex");
  if (expected !== signature) return "SignatureDoesNotMatch";
  const sent = createHash("sha256").update(body).digest("hex");
  return header("x-amz-content-sha256") === sent ? undefined : "XAmzContentSHA256Mismatch";
}
