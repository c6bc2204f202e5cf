/**
 * How a harness takes what a hook tells it. Claude Code: plain stdout is context for SessionStart and UserPromptSubmit
 * only, and is parsed when it looks like JSON. Codex: refuses fields that it does not know, and one version of it
 * refused `additionalContext`, so it gets plain text. Hermes: `{"context"}` for `pre_llm_call` alone.
 */
export interface Answers {
  /** What a session that begins is told. */
  start(text: string): string;
  /** What is told beside the user's words. */
  prompt(text: string): string;
  /** The turn does not end, for this reason. Absent where a stop cannot be blocked. */
  readonly block?: (reason: string) => string;
  /** A tool is not run, for this reason. */
  deny(reason: string): string;
}

const json = (value: unknown): string => JSON.stringify(value);
const block = (reason: string): string => json({ decision: "block", reason });
const context = (text: string): string => json({ context: text });

export const answers: Readonly<Record<string, Answers>> = {
  "claude-code": {
    start: (text) => text,
    prompt: (text) =>
      json({ hookSpecificOutput: { hookEventName: "UserPromptSubmit", additionalContext: text } }),
    block,
    deny: (reason) =>
      json({
        hookSpecificOutput: {
          hookEventName: "PreToolUse",
          permissionDecision: "deny",
          permissionDecisionReason: reason,
        },
      }),
  },
  codex: { start: (text) => text, prompt: (text) => text, block, deny: block },
  hermes: { start: context, prompt: context, deny: block },
  openclaw: { start: context, prompt: context, deny: block },
};
