/**
 * Exit statuses, by the code that `--json` names. Part of the command line's contract (docs/output.md): a code is
 * added only when there is a new thing for the reader to do.
 */
export const exitStatus = {
  internal: 1, // Report it: a bug of ours.
  usage: 2, // Change the command.
  config: 2, // Change the configuration.
  disk_full: 2, // Make room.
  clock: 2, // Set this machine's clock.
  claimed: 3, // Choose another step, or wait.
  other_session: 3, // Take it over from another session of this agent, or let it be.
  finished: 3, // Reopen the step first.
  exists: 3, // Say that it is to be replaced.
  changed: 3, // Read it again.
  reserved: 3, // Talk to whoever has reserved it.
  denied: 4, // Change the credentials or the policy.
  not_found: 5, // Look for another name.
  fenced: 6, // Stop: somebody else has the step now.
  unreachable: 7, // Try again.
  outcome_unknown: 7, // Try again: the same command finds out.
  timeout: 8, // Wait again, or go on without.
  nothing_came: 8,
  unfit_store: 9, // Use another bucket: this one cannot promise what was asked.
  malformed: 10, // Look at the object: it is not what the format says.
  blocked: 11, // Somebody must act: the step will not complete by itself.
  interrupted: 130,
  terminated: 143,
} as const;

export type ErrorCode = keyof typeof exitStatus;

/** The codes after which the same command, unchanged, may succeed later. */
const retryable: ReadonlySet<ErrorCode> = new Set([
  "claimed",
  "reserved",
  "unreachable",
  "outcome_unknown",
  "timeout",
  "nothing_came",
]);

export interface ErrorOptions {
  /** Why, or the other side's words. Text, or the error that was caught. */
  readonly cause?: unknown;
  /** One command to type, or a page of the docs. Never a sentence. */
  readonly hint?: string | undefined;
  /** For `--json`: what a program wants to know, in snake_case. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/** An answer or a failure that the user can act on. Anything else that is thrown is a bug of ours. */
export class TracecraftError extends Error {
  override readonly name = "TracecraftError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }

  get status(): number {
    return exitStatus[this.code];
  }

  get retryable(): boolean {
    return retryable.has(this.code);
  }
}

/** Whatever was thrown, as an error that has a status. */
export function asTracecraftError(thrown: unknown): TracecraftError {
  if (thrown instanceof TracecraftError) return thrown;
  return new TracecraftError("internal", `Internal error: ${messageOf(thrown)}`, { cause: causeOf(thrown) });
}

/** Whether the system said that a disk, or this user's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "ENOSPC" || code === "EDQUOT";
}

/** The only place where an error becomes text: at most three lines, each one line, without a stack. */
export function explain(error: TracecraftError): string {
  const lines = [`Error: ${oneLine(error.message)}`];
  if (error.cause !== undefined) lines.push(`Cause: ${oneLine(messageOf(error.cause))}`);
  if (error.hint !== undefined) lines.push(`Hint: ${oneLine(error.hint)}`);
  return lines.join("\n");
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*[\r\n]+\s*/g, " ");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
