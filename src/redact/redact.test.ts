import { describe, expect, it } from "vitest";
import { fill, seeded } from "../../test/redact-corpus.ts";
import { createRedactor } from "./redact.ts";

const random = seeded(4);
const made = (template: string) => fill(template, random).text;
const github = made("ghp_<w36>");
const aws = made("AKIA<u16>");

describe("what a redaction looks like", () => {
  const redactor = createRedactor();
  const line = (text: string) => Buffer.from(redactor.line(Buffer.from(text)).bytes).toString();

  it("names the rule and leaves the rest, in text and in JSON", () => {
    expect(redactor.text(`key ${aws}`)).toEqual({
      text: "key [REDACTED:aws_access_key]",
      counts: { aws_access_key: 1 },
    });
    expect(line(`{"a":"x\\n${github}\\n"}\n`)).toBe('{"a":"x\\n[REDACTED:github_token]\\n"}\n');
  });

  it("gives back the very array when there is nothing to take out", () => {
    const bytes = Buffer.from('{"a":"nothing"}');
    expect(redactor.line(bytes)).toEqual({ bytes, counts: {} });
    expect(redactor.line(bytes).bytes).toBe(bytes);
  });

  it("counts by rule", () => {
    expect(redactor.text(`${aws} ${github} ${aws}`).counts).toEqual({ aws_access_key: 2, github_token: 1 });
  });

  it("takes the name of the token, not that of the variable before it", () => {
    expect(redactor.text(`GITHUB_KEY=${github}`).text).toBe("GITHUB_KEY=[REDACTED:github_token]");
    expect(redactor.text(`Authorization: Bearer ${github}`).text).toBe(
      "Authorization: Bearer [REDACTED:github_token]",
    );
  });

  it("takes the whole of what overlaps, to the end of the token", () => {
    expect(redactor.text(`${github}0a1B2c3-and_more`).text).toBe("[REDACTED:github_token]");
    expect(redactor.text(`MY_SECRET=x9!${aws}!y8`).text).toBe("MY_SECRET=[REDACTED:aws_access_key]");
  });

  it("judges each token of a value by itself: words and a dull beginning do not thin a secret's entropy", () => {
    const secret = made("<w40>");
    expect(
      redactor.text(`"password": "it is the same old one as before, that is ${secret}"`).text,
    ).not.toContain(secret);
    expect(redactor.text(`SOME_TOKEN=${"a".repeat(60)}${secret}`).text).not.toContain(secret);
  });

  it("leaves code, names, variables and placeholders as they are", () => {
    const code = [
      "const token = await getNextToken(stream);",
      'password: passwordInput.value, apiKey: process.env.API_KEY, "secret": "client-secret-name"',
      "API_KEY=$API_KEY TOKEN=${TOKEN} SECRET=<your-secret> PASSWORD=changeme-please1 AUTH_TOKEN={{ secrets.TOKEN }}",
      '{"input_tokens":120000,"cache_read_input_tokens":9123456,"max_tokens":4096,"token_type":"bearer"}',
      "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx AKIAXXXXXXXXXXXXXXXX sk-ant-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
      "postgres://user:password@localhost/db https://example.test:8080/a@b http://[::1]:80/@x",
      'git commit 4f3a9c1e5b7d2f8a0c6e4b1d9f7a3c5e8b2d6f0a "sha": "4f3a9c1e5b7d2f8a0c6e4b1d9f7a3c5e8b2d6f0a"',
      "https://ana:abc[REDACTED:github_token]@example.test MY_TOKEN=Xk29[REDACTED:github_token]q8Zt11",
      "-----BEGIN RSA PRIVATE KEY----- is how a key begins, and -----END RSA PRIVATE KEY----- is how it ends",
    ];
    for (const text of code) expect.soft(redactor.text(text)).toEqual({ text, counts: {} });
  });
});

describe("JSON stays JSON", () => {
  const redactor = createRedactor();
  const parsed = (text: string) =>
    JSON.parse(Buffer.from(redactor.line(Buffer.from(text)).bytes).toString()) as unknown;

  it("where a key is spread over a list of strings", () => {
    const lines = made("<pem>").split("\n");
    const out = parsed(JSON.stringify(lines)) as string[];
    expect(out).toHaveLength(lines.length);
    expect(new Set(out)).toEqual(new Set(["[REDACTED:private_key]"]));
  });

  it("where a secret is a number", () => {
    const env = { ACCESS_TOKEN: "83920571640028375519" };
    const bytes = Buffer.from('{"token":83920571640028375519,"n":1}');
    const out = Buffer.from(createRedactor({ env }).line(bytes).bytes).toString();
    expect(out).toBe('{"token":"[REDACTED:environment_value]","n":1}');
  });

  it("where two values share a line, or a line is cut off", () => {
    const out = Buffer.from(redactor.line(Buffer.from(`{"a":"${github}"}{"b":"${aws}`)).bytes).toString();
    expect(out).toBe('{"a":"[REDACTED:github_token]"}{"b":"[REDACTED:aws_access_key]');
  });

  it("where prose begins with a bracket it is prose", () => {
    expect(redactor.text(`[info] ${github}`).text).toBe("[info] [REDACTED:github_token]");
  });
});

describe("a private key", () => {
  const redactor = createRedactor();
  const pem = made("<pem>");

  it("goes from header to footer, escaped or behind line numbers", () => {
    expect(redactor.text(`a\n${pem}\nb`).text).toBe("a\n[REDACTED:private_key]\nb");
    const numbered = pem.split("\n").map((text, index) => `   ${index + 1}\u2192${text}`);
    expect(redactor.text(numbered.join("\n")).text).toBe("   1\u2192[REDACTED:private_key]");
  });

  it("that is cut off goes to the last line of its body", () => {
    expect(redactor.text(`${pem.slice(0, 300)}\n\nnext paragraph`).text).toBe(
      "[REDACTED:private_key]\n\nnext paragraph",
    );
  });

  it("does not take what stands between two mentions", () => {
    const code =
      'if (t.startsWith("-----BEGIN PRIVATE KEY-----")) {\n  f(t);\n} // "-----END PRIVATE KEY-----"';
    expect(redactor.text(code).counts).toEqual({});
  });
});

describe("large and broken records", () => {
  const redactor = createRedactor();

  it("a line of 20 MB loses a secret at every place, also where its blocks meet", () => {
    const block = 1024 * 1024;
    const bytes = Buffer.alloc(20 * block, "lorem ipsum ");
    const places = [
      100,
      ...Array.from({ length: 40 }, (_, index) => 900_000 + index * 9_973),
      12 * block - 20,
      bytes.length - 50,
    ];
    for (const place of places) bytes.write(` ${github} `, place);
    const out = redactor.line(bytes);
    expect(out.counts).toEqual({ github_token: places.length });
    expect(Buffer.from(out.bytes).includes(github)).toBe(false);
  });

  it("stretches are the same as the whole line, and share its memory unless they are very many", () => {
    for (const secrets of [0, 1, 2, 900, 1_500]) {
      const bytes = Buffer.from(`{"a":"${`${aws} words `.repeat(secrets)}"}`);
      const { pieces, counts } = redactor.pieces(bytes);
      const whole = redactor.line(bytes);
      expect([Buffer.concat(pieces).toString(), counts]).toEqual([
        Buffer.from(whole.bytes).toString(),
        whole.counts,
      ]);
      const shared = pieces.filter((piece) => piece.buffer === bytes.buffer).length;
      expect(shared).toBeGreaterThanOrEqual(secrets > 1_000 ? 0 : secrets + 1);
      expect(pieces.length).toBeLessThanOrEqual(2_001);
    }
  });

  it("a private key of 20 KB goes whole where two blocks meet", () => {
    const block = 1024 * 1024;
    const pem = made("<pem>").replace(/\n(?=-----END)/, `\n${`${made("<s64>")}\n`.repeat(300)}`);
    const bytes = Buffer.alloc(4 * block, "lorem ipsum ");
    bytes.write(pem, 2 * block - 10_000);
    const out = redactor.line(bytes);
    expect(out.counts).toEqual({ private_key: 1 });
    expect(out.bytes.length).toBe(bytes.length - pem.length + "[REDACTED:private_key]".length);
  });

  it("a value goes where its name ends one block and it begins the next", () => {
    const block = 1024 * 1024;
    const bytes = Buffer.alloc(2 * block, "lorem ipsum ");
    bytes.write(` MY_TOKEN=${made("<w40>")} `, block - " MY_TOKEN=".length);
    expect(redactor.line(bytes).counts).toEqual({ secret_assignment: 1 });
  });

  it("a token longer than a block goes to its end", () => {
    const bytes = Buffer.from(`MY_TOKEN=${made("<w60>").repeat(60_000)} end`);
    const out = redactor.line(bytes);
    expect(Buffer.from(out.bytes).toString()).toBe("MY_TOKEN=[REDACTED:secret_assignment] end");
  });

  it("NUL, CR LF and invalid UTF-8 are kept, and do not hide a secret", () => {
    const bytes = Buffer.concat([
      Buffer.from([0, 0xff, 0xfe, 0xc3]),
      Buffer.from(github),
      Buffer.from([0, 0xc3, 13, 10]),
    ]);
    const out = Buffer.from(redactor.line(bytes).bytes);
    expect(out).toEqual(
      Buffer.concat([
        Buffer.from([0, 0xff, 0xfe, 0xc3]),
        Buffer.from("[REDACTED:github_token]"),
        Buffer.from([0, 0xc3, 13, 10]),
      ]),
    );
  });

  it("many escapes near each other are decoded once, and so cost little", () => {
    const bytes = Buffer.from("see%20a\\/b or \\u003ctag\\u003e ".repeat(6_000));
    expect(redactor.line(bytes).bytes).toBe(bytes);
    const out = redactor.line(Buffer.concat([bytes, Buffer.from(encodeURIComponent(made("<pem>"))), bytes]));
    expect(out.counts).toEqual({ private_key: 1 });
  });

  it("what costs too much goes whole, and what was JSON still is", () => {
    const bytes = Buffer.from(JSON.stringify({ a: "xoxb-".repeat(200_000), b: [1, "c"] }));
    const out = redactor.line(bytes);
    expect(Object.keys(out.counts)).toContain("over_limit");
    expect(Object.keys(JSON.parse(Buffer.from(out.bytes).toString()) as object)).toContain("a");
  });
});

const item = (n: number) => ({
  cloudflare_token: `abc def ${n} not a secret value`,
  github_key: `item-${n}-of-the-list-here`,
});

describe("a record that costs more than it may", () => {
  const token = `ghp_${"Zq8RtL0pXw2Vb7Nc".repeat(3).slice(0, 36)}`;
  const escaped = token.replace("_", "\\u005f");
  const plain = Buffer.from(JSON.stringify({ a: "word ".repeat(100_000) }));

  it.each(["cold", "warm"])("keeps no token behind the cut, and no escaped one before it (%s)", (state) => {
    for (let size = 100; size <= 2_000; size += 100) {
      const items = JSON.stringify(Array.from({ length: size }, (_, n) => item(n))).slice(1, -1);
      for (const line of [`[${items},"${token}"]`, `["${escaped}",${items}]`, `[${items},"${escaped}"]`]) {
        const redactor = createRedactor();
        if (state === "warm") redactor.line(plain);
        const out = Buffer.from(redactor.line(Buffer.from(line)).bytes).toString();
        expect([size, out.includes(token), out.includes(escaped)]).toEqual([size, false, false]);
      }
    }
  });
});

describe("values of the environment", () => {
  const env = {
    DEPLOY_PASSWORD: 'Tr0ub4dor/"&3',
    PRIVATE_SECRET: "caf\u00e9-Zwei-77",
    DB_PASS: "postgres",
    API_TOKEN_FILE: "/run/secrets/api-token-1",
    SSH_AUTH_SOCK: "/tmp/ssh-XXabc123/agent.42",
    PIN_TOKEN: "12345678",
    HOME: "/home/ana-Zq81",
    SHORT_KEY: "aB3",
  };
  const redactor = createRedactor({ env });

  it.each([
    ["as they are", (value: string) => value],
    ["in JSON", (value: string) => JSON.stringify({ a: value })],
    ["in JSON in JSON", (value: string) => JSON.stringify(JSON.stringify({ a: value }))],
    ["in a URL", (value: string) => `https://example.test/?p=${encodeURIComponent(value)}`],
    ["in base64", (value: string) => Buffer.from(value).toString("base64")],
    ["in base64 behind a byte", (value: string) => Buffer.from(`:${value}`).toString("base64")],
    ["with escaped slashes", (value: string) => JSON.stringify({ a: value }).replaceAll("/", "\\/")],
  ])("go, %s", (_, write) => {
    for (const secret of [env.DEPLOY_PASSWORD, env.PRIVATE_SECRET]) {
      const { text, counts } = redactor.text(`x ${write(secret)} y`);
      expect(counts, text).toEqual({ environment_value: 1 });
      expect(text).not.toContain(
        write(secret)
          .replaceAll(/[^A-Za-z0-9]/g, "")
          .slice(5, 14),
      );
    }
  });

  it.each([
    ["OPENAI_API_KEYS", "kQ81-first-zz,kQ82-second-yy", "kQ82-second-yy"],
    ["CI_TOKENS", "aB3dE5gH7j kL9mN1pQ3r", "kL9mN1pQ3r"],
    ["APP_SECRETS", "aB3dE5gH7jkL", "aB3dE5gH7jkL"],
    ["AUTHORIZATION", "Bearer aB3dE5gH7jkL", "aB3dE5gH7jkL"],
    ["VAULT_SECRET_ID", "6d1d0f7e-2b7a-4c7e", "6d1d0f7e-2b7a-4c7e"],
    ["SESSION_JWT", "aB3dE5gH7jkL", "aB3dE5gH7jkL"],
    ["DATABASE_URL", "postgres://app:Zw5-tr0ub4%2Bx@db.internal/prod", "Zw5-tr0ub4+x"],
    ["CACHE", "redis://:Zw5-tr0ub4x@cache:6379", "Zw5-tr0ub4x"],
  ])("of %s=%s go by themselves too", (name, value, secret) => {
    const { text } = createRedactor({ env: { [name]: value } }).text(`it is ${secret} there`);
    expect(text).toBe("it is [REDACTED:environment_value] there");
  });

  it.each([
    ["KEYBOARD", "aB3dE5gH7jkL"],
    ["TOKENIZERS_PARALLELISM", "aB3dE5gH7jkL"],
    ["AWS_ACCESS_KEY_ID", "aB3dE5gH7jkL"],
    ["SSH_PUBLIC_KEYS", "aB3dE5gH7jkL"],
    ["HOMEPAGE", "https://example.test:8443/a:b@c9Xk2"],
    ["DATABASE_URL", "postgres://app:password@db/prod"],
  ])("of %s=%s stay", (name, value) => {
    const text = `it is ${value} there`;
    expect(createRedactor({ env: { [name]: value } }).text(text).counts).not.toHaveProperty(
      "environment_value",
    );
  });

  it("stay where they are ordinary: words, paths, numbers, short ones, and variables of another name", () => {
    const text = `${env.DB_PASS} ${env.API_TOKEN_FILE} ${env.SSH_AUTH_SOCK} ${env.PIN_TOKEN} ${env.HOME} ${env.SHORT_KEY}`;
    expect(redactor.text(text)).toEqual({ text, counts: {} });
  });
});

describe("rules of a project", () => {
  it("are applied, and what is allowed stays", () => {
    const project = {
      rules: [
        { name: "acme_token", pattern: "acme_[a-z0-9]{12,20}" },
        { name: "acme_id", pattern: "(?:AC|AD)-\\d{8}", keywords: ["AC-", "AD-"] },
      ],
      allow: [aws, { pattern: "ghp_[A-Za-z0-9]{36}" }],
    };
    const redactor = createRedactor({ project });
    expect(redactor.text(`acme_abc123def456 AD-12345678 ${aws} ${github}`).text).toBe(
      `[REDACTED:acme_token] [REDACTED:acme_id] ${aws} ${github}`,
    );
    expect(redactor.text(`${github}x`).text).toBe("[REDACTED:github_token]");
  });

  it.each([
    [{ rules: [{ name: "a_b", pattern: "abc(" }] }, "not a regular expression"],
    [{ rules: [{ name: "a_b", pattern: "abc[a-z]+" }] }, "no upper bound"],
    [{ rules: [{ name: "a_b", pattern: "abc(?:[a-z]{1,9}){1,9}" }] }, "a repetition contains another"],
    [{ rules: [{ name: "a_b", pattern: "abc[a-z]{1,99}[a-z]{1,99}[a-z]{1,99}" }] }, "too many ways"],
    [{ rules: [{ name: "a_b", pattern: "[a-z]{3}x" }] }, "keywords are 3 to 64"],
    [{ rules: [{ name: "A", pattern: "abcdef" }] }, "a name is"],
    [{ rules: [{ name: "github_token", pattern: "abcdef" }] }, "a built-in rule has this name"],
    [{ rules: [{ name: "a_b" }] }, "it has no pattern"],
    [{ rules: "all" }, "not a list"],
    [{ allow: [{ pattern: ".*" }] }, "no upper bound"],
    [{ allow: [7] }, "an entry is a text or"],
    [{ off: true }, "only rules and allow are known"],
    ["none", "it is not an object"],
  ])("are refused with the reason: %j", (project, why) => {
    expect(() => createRedactor({ project })).toThrow(
      expect.objectContaining({ code: "config", message: expect.stringContaining(why) }),
    );
  });
});
