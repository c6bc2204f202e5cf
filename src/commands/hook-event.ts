import { isAbsolute } from "node:path";
import { TracecraftError } from "../errors.ts";

/** An edit of a large file is in its event whole. */
export const eventLimit = 16 * 1024 * 1024;
const idLimit = 180;

/** What a harness says of an event, as far as we use it. Everything in it is text of others until it is checked. */
export interface HookEvent {
  readonly sessionId: string;
  readonly cwd: string;
  /** Of a session's start: startup, resume, clear, compact, fork. */
  readonly source: string | undefined;
  /** This stop follows one that was blocked. */
  readonly stopHookActive: boolean;
  readonly toolName: string | undefined;
  readonly toolInput: unknown;
}

/**
 * The event on standard input: one JSON object with `session_id` and `cwd`, as Claude Code, Codex and Hermes write it.
 * Anything else is the error `malformed`.
 */
export function parseEvent(input: Uint8Array): HookEvent {
  const words = objectIn(input);
  const text = (name: string): string | undefined => {
    const value = words[name];
    return typeof value === "string" && value !== "" ? value : undefined;
  };
  const sessionId = text("session_id");
  if (sessionId === undefined || sessionId.length > idLimit || !/^[\x21-\x7e]+$/.test(sessionId))
    throw malformed("it names no session");
  const cwd = text("cwd");
  if (cwd === undefined || !isAbsolute(cwd) || cwd.includes("\0")) throw malformed("it names no folder");
  return {
    sessionId,
    cwd,
    source: text("source"),
    stopHookActive: words["stop_hook_active"] === true,
    toolName: text("tool_name"),
    toolInput: words["tool_input"],
  };
}

function objectIn(input: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(input));
    if (typeof found === "object" && found !== null && !Array.isArray(found))
      return found as Record<string, unknown>;
  } catch {
    // Said below; what the parser quotes of it may be a secret.
  }
  throw malformed("it is no JSON object");
}

function malformed(why: string): TracecraftError {
  return new TracecraftError("malformed", `Cannot read the event on standard input: ${why}`);
}
