type Fields = Readonly<Record<string, (value: unknown) => boolean>>;

const is = (expected: unknown) => (value: unknown) => value === expected;
const filled = (value: unknown): boolean => typeof value === "string" && value.trim() !== "";
const block: Fields = { decision: is("block"), reason: filled };
const context: Fields = { context: filled };
const specific = (hookEventName: string, fields: Fields): Fields => ({
  hookSpecificOutput: (value) =>
    problemOf(value, { hookEventName: is(hookEventName), ...fields }) === undefined,
});

/** Plain text that becomes the model's context. It must not look like JSON, which is parsed, and is cut past so much. */
const plain = "plain";
/** The harness makes nothing of what is said here, or a failure of the hook. */
const nothing = "nothing";

/**
 * What each harness takes of an answer to each event, exactly: a field more is refused by Codex. Claude Code:
 * https://docs.anthropic.com/en/docs/claude-code/hooks, where plain text is read for SessionStart and UserPromptSubmit
 * alone. Codex 0.129: the schemas of its hooks, all with `additionalProperties: false`; `Stop` must be JSON. Hermes:
 * its page on hooks. OpenClaw: what our plugin there reads.
 */
const rules: Readonly<Record<string, Readonly<Record<string, Fields | typeof plain | typeof nothing>>>> = {
  "claude-code": {
    "session-start": plain,
    prompt: specific("UserPromptSubmit", { additionalContext: filled }),
    stop: block,
    "subagent-stop": nothing,
    "pre-compact": nothing,
    "session-end": nothing,
    "pre-tool": specific("PreToolUse", { permissionDecision: is("deny"), permissionDecisionReason: filled }),
  },
  codex: { "session-start": plain, prompt: plain, stop: block, "pre-tool": block },
  hermes: { "pre-llm": context, "session-end": nothing, "pre-tool": block },
  openclaw: { "pre-llm": context, stop: nothing, "session-end": nothing, "pre-tool": block },
};

/** Claude Code takes 10,000 characters, Codex 2,500 tokens. */
const longest = 8_000;

/** Throws unless a harness would take this answer to this event without complaint. Silence is always taken. */
export function checkAnswer(harness: string, event: string, text: string): void {
  if (text === "") return;
  const problem = (why: string): never => {
    throw new Error(`${harness} ${event}: ${why}: ${text}`);
  };
  const rule = rules[harness]?.[event] ?? problem("no such event");
  if (text.length > longest) problem("too long");
  if (/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/.test(text)) problem("a control character");
  if (rule === nothing) return problem("said where nothing is taken");
  if (rule === plain) {
    if (/^\s*[{[]/.test(text)) problem("plain text that looks like JSON");
    return;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    problem("not JSON");
  }
  const why = problemOf(value, rule);
  if (why !== undefined) problem(why);
}

function problemOf(value: unknown, fields: Fields): string | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return "not an object";
  const strange = Object.keys(value).find((name) => !Object.hasOwn(fields, name));
  if (strange !== undefined) return `unknown ${strange}`;
  const wrong = Object.keys(fields).find((name) => !fields[name]!((value as Record<string, unknown>)[name]));
  return wrong === undefined ? undefined : `wrong ${wrong}`;
}
