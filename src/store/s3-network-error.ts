/**
 * No reply, or half of one. `permanent`: repeating it would end the same (certificates, a server without TLS).
 * `given up`: it was not sent, because the store has been silent for too long. `unsent`: surely nothing of it was sent,
 * because there was never a connection.
 */
export class NetworkError extends Error {
  override readonly name = "NetworkError";
  readonly lasts: "a moment" | "permanent" | "given up";
  readonly unsent: boolean;

  constructor(reason: string, lasts: NetworkError["lasts"] = "a moment", unsent = lasts === "given up") {
    super(reason);
    this.lasts = lasts;
    this.unsent = unsent;
  }
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EPIPE: "connection reset",
  ENOTFOUND: "host not found",
  EAI_AGAIN: "host not found",
  EHOSTUNREACH: "host unreachable",
  ENETUNREACH: "network unreachable",
  ETIMEDOUT: "connection timed out",
};

/** What the network said, in words. An error that is not the network's own (a source that throws) stays as it is. */
export function networkError(error: unknown): unknown {
  if (error instanceof AggregateError) return networkError(error.errors[0]);
  if (error instanceof NetworkError || !(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  const reason = reasons[code];
  const unsent = "syscall" in error && (error.syscall === "connect" || error.syscall === "getaddrinfo");
  if (reason !== undefined) return new NetworkError(reason, "a moment", unsent);
  if (/^(?:CERT_|ERR_TLS_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_SSL_)|^EPROTO$/.test(code)) {
    return new NetworkError(`TLS: ${code}`, "permanent");
  }
  if (/^(?:HPE_|ECONN|ERR_STREAM_PREMATURE_CLOSE)/.test(code))
    return new NetworkError(`broken reply: ${code}`);
  return error;
}
