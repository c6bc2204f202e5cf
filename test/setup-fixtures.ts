/** A file as somebody may have it before tracecraft is set up. */
export interface Fixture {
  readonly name: string;
  /** Which set-up touches it, and where it lies: `~/` is the home folder, else the repository. */
  readonly harness: string;
  readonly scope?: "local" | "user";
  readonly path: string;
  readonly text: string;
  readonly link?: true;
  readonly mode?: number;
  /** It is refused, and stays as it is. */
  readonly refused?: true;
}

const theirs = { type: "command", command: "theirs.sh", timeout: 5 };
const settings = {
  $schema: "https://json.schemastore.org/claude-code-settings.json",
  model: "opus",
  zeta: { b: 1, a: [1, 2.5e3, "é → ünï"] },
  hooks: { Stop: [{ hooks: [theirs] }], PreToolUse: [{ matcher: "Bash", hooks: [theirs] }] },
  enabledPlugins: { "other@market": true },
  last: "x",
};

const json: Readonly<Record<string, string>> = {
  "nothing in it": "",
  "an empty object": "{}",
  "an empty object with a line end": "{}\n",
  "two spaces": `${JSON.stringify(settings, undefined, 2)}\n`,
  "four spaces": `${JSON.stringify(settings, undefined, 4)}\n`,
  tabs: `${JSON.stringify(settings, undefined, "\t")}\n`,
  "one line": JSON.stringify(settings),
  CRLF: `${JSON.stringify(settings, undefined, 2)}\n`.replaceAll("\n", "\r\n"),
  "CRLF, tabs, no last line end": JSON.stringify(settings, undefined, "\t").replaceAll("\n", "\r\n"),
  "a mark of UTF-8": `\uFEFF${JSON.stringify(settings, undefined, 2)}\n`,
  comments: `// head\n{\n  /* a */ "model": "opus", // why\n  // before hooks\n  "hooks": {\n    // none yet\n  },\n  "x": 1 // last\n}\n// tail\n`,
  "trailing commas": `{\n  "model": "opus",\n  "hooks": {\n    "Stop": [{ "hooks": [${JSON.stringify(theirs)}] },],\n  },\n}\n`,
  nulls: `{\n  "hooks": null,\n  "plugins": null,\n  "mcp": null,\n  "model": null\n}\n`,
  "a null for an event": `{\n  "hooks": {"Stop": null, "SessionStart": []},\n  "plugins": {"entries": null}\n}\n`,
  "empty lists": `{ "hooks": { "Stop": [], "SessionStart": [ ] , "Notification": []}, "plugins" : { "entries" : { } } }\n`,
  "a key twice": `{"model": "a", "model": "b"}\n`,
  "strange spaces": `\n\n  {   "model"   :"opus"  ,\n\n\n  "hooks":{ "Stop" :[ {"hooks":[ ]} ]}\n}\n\n\n`,
};

const text: Readonly<Record<string, string>> = {
  "nothing in it": "",
  "one line without an end": "# Hi",
  "a line": "# Hi\n",
  CRLF: "# Hi\r\n\r\nText\r\n",
  "CRLF without an end": "# Hi\r\nText",
  "many empty lines": "\n\n# Hi\n\n\n\n",
  "bytes that are no UTF-8": "caf\u00e9 \u00ff\u00fe\n",
  "markers in a sentence": "see <!-- tracecraft:begin --> for it\n",
};

const yaml: Readonly<Record<string, string>> = {
  "nothing in it": "",
  comments: "# mine\nmodel: x # why\nlist:\n  - a\n",
  CRLF: "model: x\r\nlist: []\r\n",
  "no last line end": "model: x",
  "a document mark": "---\nmodel: x\n",
  "hooks of its own": "a: 1\nhooks: # mine\n  # why\n  post_tool_call:\n    - command: x\n\nmodel: y\n",
  "hooks of its own at the end": "model: y\nhooks:\n    post_tool_call:\n    - command: x",
  "other servers": "mcp_servers:\n  other:\n    command: o\nmodel: x\n",
  "other servers and hooks, CRLF":
    "hooks:\r\n  post_llm_call: []\r\nmcp_servers:\r\n  other:\r\n    command: o\r\n",
  "hooks that are null": "hooks:\nmodel: x\n",
};

const toml: Readonly<Record<string, string>> = {
  "nothing in it": "",
  tables: '# mine\nmodel = "x"\n\n[mcp_servers.other]\ncommand = "o"\n',
  CRLF: 'model = "x"\r\n[a]\r\nb = 1\r\n',
};

const script: Readonly<Record<string, string>> = {
  "a hook": "#!/bin/sh\nset -e\nnpm test\n",
  "a hook of bash": "#!/usr/bin/env bash\nexit 0",
  "a hook without a first line": "echo hi\n",
};

function of(
  files: readonly Pick<Fixture, "harness" | "scope" | "path">[],
  variants: Readonly<Record<string, string>>,
  more: Partial<Fixture> = {},
): Fixture[] {
  return files.flatMap((file) =>
    Object.entries(variants).map(([name, content]) => ({
      ...file,
      ...more,
      text: content,
      name: `${file.harness} ${file.scope ?? "project"} ${file.path}: ${name}`,
    })),
  );
}

const jsonFiles = [
  { harness: "claude-code", path: ".claude/settings.json" },
  { harness: "claude-code", scope: "local", path: ".claude/settings.local.json" },
  { harness: "claude-code", scope: "user", path: "~/.claude/settings.json" },
  { harness: "codex", path: ".codex/hooks.json" },
  { harness: "codex", scope: "user", path: "~/.codex/hooks.json" },
  { harness: "openclaw", path: "~/.openclaw/openclaw.json" },
] as const;

const textFiles = [
  { harness: "claude-code", path: "CLAUDE.md" },
  { harness: "claude-code", scope: "user", path: "~/.claude/CLAUDE.md" },
  { harness: "codex", path: "AGENTS.md" },
] as const;

const [claudeSettings] = jsonFiles;
const one = { x: json["two spaces"]! };
const asIs = (name: string, more: Partial<Fixture>, content = json["two spaces"]!): Fixture => ({
  ...claudeSettings,
  text: content,
  name: `claude-code project .claude/settings.json: ${name}`,
  ...more,
});

export const fixtures: readonly Fixture[] = [
  ...of(jsonFiles, json),
  ...of(textFiles, text),
  ...of([{ harness: "hermes", path: "~/.hermes/config.yaml" }], yaml),
  ...of([{ harness: "codex", path: ".codex/config.toml" }], toml),
  ...of([{ harness: "claude-code", path: ".mcp.json" }], {
    "other servers": '{"mcpServers":{"o":{"command":"o"}}}\n',
    ...one,
  }),
  ...of(
    [
      { harness: "git", path: ".git/hooks/pre-commit" },
      { harness: "git", path: ".git/hooks/pre-push" },
    ],
    script,
    { mode: 0o755 },
  ),
  asIs("behind a link", { link: true }),
  asIs("of few rights", { mode: 0o600 }),
  asIs("read-only", { mode: 0o444, refused: true }),
  asIs("not JSON", { refused: true }, '{\n  "a": 1,\n}}\n'),
  asIs("a list", { refused: true }, "[]\n"),
  asIs("hooks that are a list", { refused: true }, '{"hooks":[]}\n'),
  asIs("an event that is text", { refused: true }, '{"hooks":{"Stop":"x"}}\n'),
  asIs("cut off", { refused: true }, '{"hooks":{"Stop":[{"ho'),
  asIs("binary", { refused: true }, "{}\u0000"),
  ...of(
    [{ harness: "hermes", path: "~/.hermes/config.yaml" }],
    {
      "a hook of its own where ours goes": "hooks:\n  pre_llm_call: []\n",
      "hooks in braces": "hooks: {}\n",
      "hooks that are a list": "hooks:\n  - x\n",
      "hooks in quotes": '"hooks":\n  a: []\n',
      "flow style": "{model: x}\n",
      tabs: "\tmodel: x\n",
    },
    { refused: true },
  ),
  ...of(
    [{ harness: "git", path: ".git/hooks/pre-commit" }],
    { "a hook of Python": "#!/usr/bin/python3\n" },
    { mode: 0o755, refused: true },
  ),
  ...of(
    [{ harness: "git", path: ".git/hooks/pre-commit" }],
    { "a hook that is off": "#!/bin/sh\n" },
    { mode: 0o644, refused: true },
  ),
];
