import { createHash, randomBytes } from "node:crypto";
import { escapeXml } from "../src/store/s3-xml.ts";
import type { Seen } from "./s3-faults.ts";

/** How this server differs from a right one. */
export interface Quirks {
  readonly ignoreIfNoneMatch?: boolean;
  readonly ignoreIfMatch?: boolean;
  /** Conditions are looked at when the headers are there, not when the body is: check, then write. */
  readonly racy?: boolean;
  /** 412 to an If-Match in quotes (Ceph 16.2). */
  readonly bareEtags?: boolean;
  /** 412, not 404, to If-Match on a key that is not there (Ceph, SeaweedFS). */
  readonly missingIs412?: boolean;
  /** 501 to every conditional put (B2). */
  readonly noConditions?: boolean;
  /** 304, not 412, to a put (MinIO before 2024-04). */
  readonly put304?: boolean;
  /** 200 to a GET with If-None-Match (Ceph, HuggingFace). */
  readonly never304?: boolean;
  /** CompleteMultipartUpload ignores its condition (Ceph 16.2). */
  readonly unconditionalComplete?: boolean;
  /** CompleteMultipartUpload answers without an ETag (Ceph 16.2). */
  readonly etaglessComplete?: boolean;
  /** GETs are answered 302 to another origin (HuggingFace). */
  readonly redirectGets?: boolean;
  /** The server's clock less this machine's. */
  readonly skewMs?: number;
  readonly server?: string;
  /** How long after each request its effect and reply come: what makes round trips countable. */
  readonly latencyMs?: number;
  /** Requests signed for another region are sent there. */
  readonly region?: string;
  /** Statements of a policy that refuse. */
  readonly denies?: (seen: Seen) => boolean;
  /** Listing is refused, and so a missing key is 403. */
  readonly noListBucket?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer | string;
}

interface StoredBody {
  readonly body: Buffer;
  readonly etag: string;
  readonly writtenAt: number;
}

type Bucket = Map<string, StoredBody>;
interface Upload {
  readonly key: string;
  readonly parts: Map<number, Buffer>;
}

const messages: Readonly<Record<string, string>> = {
  PreconditionFailed: "At least one of the pre-conditions you specified did not hold",
  NotImplemented: "A header you provided implies functionality that is not implemented",
};

/** An S3 error reply. */
export function s3Error(status: number, code: string, more = ""): Answer {
  const message = messages[code] ?? code;
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${message}</Message>${more}<RequestId>REQ1</RequestId></Error>`;
  return { status, headers: { "content-type": "application/xml", "x-amz-request-id": "REQ1" }, body };
}

/** The buckets and what S3's requests do to them. Each call is atomic. */
export function s3Objects(quirks: () => Quirks, now: () => number) {
  const buckets = new Map<string, Bucket>();
  const uploads = new Map<string, Upload>();

  /** The condition of a put or of its completion; undefined when it holds. */
  function refusal({ bucket, key, headers }: Seen): Answer | undefined {
    const { ignoreIfMatch, ignoreIfNoneMatch, noConditions, bareEtags, missingIs412, put304 } = quirks();
    const ifMatch = headers["if-match"];
    const ifNoneMatch = headers["if-none-match"];
    if (noConditions && (ifMatch ?? ifNoneMatch) !== undefined) return s3Error(501, "NotImplemented");
    const found = buckets.get(bucket)?.get(key);
    const failed = put304 ? { status: 304 } : s3Error(412, "PreconditionFailed");
    if (ifNoneMatch !== undefined && !ignoreIfNoneMatch) {
      if (ifNoneMatch !== "*") return s3Error(501, "NotImplemented");
      if (found) return failed;
    }
    if (ifMatch === undefined || ignoreIfMatch) return undefined;
    if (!found) return missingIs412 ? failed : s3Error(404, "NoSuchKey");
    if (bareEtags && String(ifMatch).startsWith('"')) return failed;
    return String(ifMatch).replaceAll('"', "") === found.etag ? undefined : failed;
  }

  function store(seen: Seen, body: Buffer, etag = createHash("md5").update(body).digest("hex")): Answer {
    buckets.get(seen.bucket)?.set(seen.key, { body, etag, writtenAt: now() });
    return { status: 200, headers: { etag: `"${etag}"` } };
  }

  function read(seen: Seen): Answer {
    const { never304, noListBucket } = quirks();
    const found = buckets.get(seen.bucket)?.get(seen.key);
    if (!found) return noListBucket ? s3Error(403, "AccessDenied") : s3Error(404, "NoSuchKey");
    const headers: Record<string, string> = {
      etag: `"${found.etag}"`,
      "last-modified": new Date(found.writtenAt).toUTCString(),
    };
    if (seen.headers["if-none-match"] === `"${found.etag}"` && !never304) return { status: 304, headers };
    const range = /^bytes=(\d+)-(\d+)$/.exec(String(seen.headers["range"] ?? ""));
    if (!range || seen.method === "HEAD") return { status: 200, headers, body: found.body };
    const [from, to] = [Number(range[1]), Math.min(Number(range[2]) + 1, found.body.length)];
    if (from >= found.body.length) return s3Error(416, "InvalidRange");
    headers["content-range"] = `bytes ${from}-${to - 1}/${found.body.length}`;
    return { status: 206, headers, body: found.body.subarray(from, to) };
  }

  function complete(seen: Seen, id: string): Answer {
    const upload = uploads.get(id);
    if (!upload) return s3Error(404, "NoSuchUpload");
    const refused = quirks().unconditionalComplete ? undefined : refusal(seen);
    if (refused) return refused;
    uploads.delete(id);
    const parts = [...upload.parts].toSorted(([a], [b]) => a - b);
    const hash = createHash("md5");
    for (const [, part] of parts) hash.update(createHash("md5").update(part).digest());
    const etag = `${hash.digest("hex")}-${parts.length}`;
    store(seen, Buffer.concat(parts.map(([, part]) => part)), etag);
    const shown = quirks().etaglessComplete ? "" : `&quot;${etag}&quot;`;
    return {
      status: 200,
      body: `<CompleteMultipartUploadResult><ETag>${shown}</ETag></CompleteMultipartUploadResult>`,
    };
  }

  return {
    buckets,
    uploads,
    refusal,

    /** The effect of a request that was signed well. `checked`: its condition was looked at before. */
    apply(seen: Seen, body: Buffer, checked: boolean): Answer {
      const { method, bucket, key, query } = seen;
      if (key === "" && method === "PUT") {
        if (buckets.has(bucket)) return s3Error(409, "BucketAlreadyOwnedByYou");
        buckets.set(bucket, new Map());
        return { status: 200 };
      }
      const objects = buckets.get(bucket);
      if (!objects) return s3Error(404, "NoSuchBucket");
      if (key === "") {
        if (method === "HEAD") return { status: 200 };
        return quirks().noListBucket ? s3Error(403, "AccessDenied") : listing(objects, query);
      }
      const id = query["uploadId"];
      if (method === "POST" && "uploads" in query) {
        const fresh = randomBytes(8).toString("hex");
        uploads.set(fresh, { key, parts: new Map() });
        return {
          status: 200,
          body: `<InitiateMultipartUploadResult><UploadId>${fresh}</UploadId></InitiateMultipartUploadResult>`,
        };
      }
      if (method === "POST" && id !== undefined) return complete(seen, id);
      if (method === "PUT" && id !== undefined) {
        uploads.get(id)?.parts.set(Number(query["partNumber"]), body);
        return { status: 200, headers: { etag: `"${createHash("md5").update(body).digest("hex")}"` } };
      }
      if (method === "PUT") return (checked ? undefined : refusal(seen)) ?? store(seen, body);
      if (method === "DELETE") {
        if (id === undefined) objects.delete(key);
        else uploads.delete(id);
        return { status: 204 };
      }
      return read(seen);
    },
  };
}

function listing(objects: Bucket, query: Readonly<Record<string, string>>): Answer {
  const { prefix = "", "start-after": startAfter = "", "encoding-type": encoding } = query;
  const max = Math.min(1000, Number(query["max-keys"] ?? 1000));
  const token = query["continuation-token"];
  const after = Buffer.from(token === undefined ? startAfter : Buffer.from(token, "base64").toString());
  const keys = [...objects.keys()]
    .filter((key) => key.startsWith(prefix) && Buffer.compare(Buffer.from(key), after) > 0)
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const page = keys.slice(0, max);
  const truncated = keys.length > page.length;
  const shown = (key: string) =>
    encoding === "url" ? encodeURIComponent(key).replaceAll("%20", "+") : escapeXml(key);
  const next = truncated
    ? `<NextContinuationToken>${Buffer.from(page.at(-1) ?? "").toString("base64")}</NextContinuationToken>`
    : "";
  const contents = page.map((key) => {
    const { body, etag, writtenAt } = objects.get(key) ?? { body: Buffer.alloc(0), etag: "", writtenAt: 0 };
    return `<Contents><Key>${shown(key)}</Key><LastModified>${new Date(writtenAt).toISOString()}</LastModified><ETag>&quot;${etag}&quot;</ETag><Size>${body.length}</Size></Contents>`;
  });
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body:
      `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
      `<IsTruncated>${truncated}</IsTruncated>${encoding === "url" ? "<EncodingType>url</EncodingType>" : ""}${next}${contents.join("")}</ListBucketResult>`,
  };
}
