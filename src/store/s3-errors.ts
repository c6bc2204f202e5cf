import { TracecraftError } from "../errors.ts";
import { NetworkError } from "./s3-network-error.ts";
import type { S3Error } from "./s3-xml.ts";

/** What was asked of which store, for messages. */
export interface Asked {
  /** s3://bucket/prefix */
  readonly name: string;
  readonly bucket: string;
  readonly method: string;
  /** Whole. Undefined: the bucket itself. */
  readonly key?: string | undefined;
}

export interface Refusal {
  readonly status: number;
  readonly error: S3Error | undefined;
}

/** Whether the answer says nothing about the request: repeat what may be repeated, read back what may not. */
export function saysNothing({ status, error }: Refusal): boolean {
  if (status === 501) return false;
  return status >= 500 || status === 429 || status === 408 || error?.code === "RequestTimeout";
}

/**
 * Whether S3 refused the condition itself: AWS, B2 and OVH 501, GCS 400 ExcessHeaderValues, CoreWeave 400
 * InvalidRequest. Only meaningful of a request that had one.
 */
export function refusesCondition({ status, error }: Refusal): boolean {
  if (status === 501) return true;
  if (status !== 400) return false;
  const code = error?.code ?? "";
  return (
    /^(?:NotImplemented|ExcessHeaderValues|InvalidRequest|InvalidArgument|UnsupportedHeader)$/.test(code) ||
    /if-(?:none-)?match|condition/i.test(error?.message ?? "")
  );
}

/** The words of S3 for a Cause: "403 AccessDenied (request 7QX2)". */
export function causeOf({ status, error }: Refusal): string {
  const request = error?.requestId ? ` (request ${error.requestId})` : "";
  return `${status}${error?.code ? ` ${error.code}` : ""}${request}`;
}

/** An answer that is an error for every call, as the error that it is. Never has a secret in it. */
export function refusalError(asked: Asked, refusal: Refusal): TracecraftError {
  const { status, error } = refusal;
  const code = error?.code ?? "";
  const cause = causeOf(refusal);
  const to = `${asked.method} ${asked.key === undefined ? asked.bucket : asked.key.replace(/[^/]+$/, "") || asked.key}`;
  if (code === "NoSuchBucket") {
    return new TracecraftError("not_found", `Cannot open "${asked.name}": no bucket "${asked.bucket}"`, {
      cause,
    });
  }
  if (saysNothing(refusal)) {
    return new TracecraftError("unreachable", `Cannot reach "${asked.name}": it answers ${status}`, {
      cause,
      details: { http_status: status }, // The loop around conditional puts waits longer after a 429.
    });
  }
  if (
    /^(?:SignatureDoesNotMatch|InvalidAccessKeyId|InvalidToken|ExpiredToken|TokenRefreshRequired)/.test(code)
  ) {
    return new TracecraftError("denied", `Cannot open "${asked.name}": the keys are refused`, {
      cause,
      hint: "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…",
    });
  }
  if (status === 401 || status === 403 || code === "AccessDenied") {
    return new TracecraftError("denied", `Cannot open "${asked.name}": access denied to ${to}`, {
      cause,
      hint: "tracecraft doctor",
    });
  }
  if (/^XAmzContentSHA256Mismatch$|^BadDigest$|^IncompleteBody$/.test(code)) {
    return new TracecraftError(
      "changed",
      `Cannot write "${asked.key}": the source changed while it was read`,
      {
        cause,
      },
    );
  }
  const words = error?.message ? `${cause}: ${error.message}` : cause;
  return new TracecraftError(
    "config",
    `Cannot ${asked.method} "${asked.key ?? asked.name}": ${notAsS3(refusal)}`,
    {
      cause: words,
      details: { http_status: status, s3_code: error?.code },
    },
  );
}

function notAsS3({ error }: Refusal): string {
  return error?.code === undefined
    ? "the endpoint does not answer as S3 does"
    : "the store refuses the request";
}

/** 403 where listing is refused too: S3 hides with it whether the key is there. */
export function listBucketNeeded(asked: Asked, refusal: Refusal): TracecraftError {
  const error = refusalError(asked, refusal);
  return new TracecraftError("denied", `${error.message}, and to list the bucket`, {
    cause: `${causeOf(refusal)}; without s3:ListBucket a missing key looks like this too`,
    hint: `allow s3:ListBucket on "${asked.bucket}"`,
  });
}

/** The store cannot do the condition that a put needs. */
export function unfitStore(asked: Asked, condition: string, cause?: string): TracecraftError {
  return new TracecraftError(
    "unfit_store",
    `Cannot write "${asked.key}": ${asked.name} does not do ${condition}`,
    {
      ...(cause === undefined ? {} : { cause }),
      hint: "tracecraft doctor",
    },
  );
}

/** A clock that is still refused after it was corrected by the store's own. `offsetMs`: the store's less ours. */
export function clockError(offsetMs: number): TracecraftError {
  const minutes = Math.max(1, Math.round(Math.abs(offsetMs) / 60_000));
  const state = Number.isNaN(offsetMs)
    ? "not the store's, which does not say its own"
    : `${minutes}m ${offsetMs > 0 ? "behind" : "ahead of"} the store`;
  return new TracecraftError("clock", `Clock is ${state}`, { cause: "403 RequestTimeTooSkewed" });
}

/** What was thrown on the way: the network's trouble as `unreachable` (or `config`, if it will not go away). */
export function networkTrouble(name: string, error: unknown): unknown {
  if (!(error instanceof NetworkError)) return error;
  const code = error.lasts === "permanent" ? "config" : "unreachable";
  return new TracecraftError(code, `Cannot reach "${name}": ${error.message}`, {
    details: {
      ...(error.lasts === "given up" && { given_up: true }),
      ...(error.unsent && { unsent: true }),
    },
  });
}

/** Whether surely nothing was sent, so that even a conditional put may be sent again, or called not written. */
export function isUnsent(error: unknown): boolean {
  return error instanceof TracecraftError && error.details["unsent"] === true;
}
