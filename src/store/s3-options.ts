import type { Credentials } from "./credentials.ts";
import type { Timeouts } from "./s3-timeouts.ts";
import type { StoreTraits } from "./store.ts";

export interface S3Options {
  /** Scheme, host, port and, for HuggingFace, a path. Undefined: AWS. */
  readonly endpoint?: string | undefined;
  readonly bucket: string;
  /** Put before every key, with a "/" between. Empty for none. */
  readonly prefix?: string | undefined;
  readonly region?: string | undefined;
  /** Whether the bucket is the first part of the path or of the host. */
  readonly addressing?: "path" | "virtual" | undefined;
  /** Asked before a request, and kept until a minute before they expire. */
  readonly credentials: () => Promise<Credentials>;
  readonly timeouts?: Partial<Timeouts> | undefined;
  /** This machine's clock, in ms. */
  readonly now?: (() => number) | undefined;
  /** What the store's clock was ahead of ours the last time, in ms. */
  readonly clockOffsetMs?: number | undefined;
  /** Told when the store refused our clock and another offset was taken. */
  readonly onSkew?: ((offsetMs: number) => void) | undefined;
  readonly random?: (() => number) | undefined;
  readonly multipart?: Partial<MultipartSizes> | undefined;
}

export interface MultipartSizes {
  /** A larger body is sent in parts: S3 takes at most 5 GiB in one put. */
  readonly aboveBytes: number;
  readonly partBytes: number;
}

/** What this driver learns of a store beyond the common traits. Kept with the verdict, it saves requests. */
export interface S3Traits extends StoreTraits {
  /** How If-Match wants the ETag: Ceph 16.2 refuses the quoted form that it gave. */
  etagQuoting: "unknown" | "quoted" | "bare";
  /** Whether a GET is answered by another host (HuggingFace's CDN), so that its version must come from a HEAD. */
  redirectsGets: boolean;
}
