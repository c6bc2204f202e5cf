import { expect, it } from "vitest";
import { allRules, bothPrefilters, forms, leaked, samplesOf, seeded } from "./redact-corpus.ts";

// TRACECRAFT_FULL=1: 54 samples a rule in every form; else 6.
const samples = process.env["TRACECRAFT_FULL"] ? 54 : 6;
const rules = allRules();
const quoted = (text: string) => JSON.stringify(text).slice(1, -1);

it.each(Object.entries(forms))("nothing of any rule's secrets is left when written as %s", (form, write) => {
  const redact = bothPrefilters();
  const random = seeded(form.length);
  const leaks: string[] = [];
  for (const rule of rules) {
    for (const sample of samplesOf(rule, samples, random)) {
      const inJson = form === "raw" ? quoted : write;
      const line = `{"type":"user","content":"before ${inJson(sample.text)}","after":1}`;
      const { text } = redact(line);
      JSON.parse(text);
      for (const secret of sample.secrets) {
        const piece = leaked(text, secret, inJson);
        if (piece !== undefined) leaks.push(`${rule.name}: ${piece} of ${sample.text}`);
      }
    }
  }
  expect(leaks).toEqual([]);
});

// Two letters are too few for base64: any image has them.
const withoutBase64 = new Set(["discord_bot_token", "sanity_token", "beamer_key"]);

it.each(["base64", "base64url"] as const)(
  "nothing of a secret is left in %s, wherever it begins",
  (encoding) => {
    const redact = bothPrefilters();
    const random = seeded(5);
    const leaks: string[] = [];
    for (const rule of rules.filter(({ name }) => !withoutBase64.has(name))) {
      for (const sample of samplesOf(rule, Math.max(rule.details().yes.length, samples / 3), random)) {
        for (const before of ["", " ", "x ", 'key="']) {
          const plain = `${before}${sample.text}"\n`;
          const { text } = redact(`{"data":"${Buffer.from(plain).toString(encoding)}"}`);
          JSON.parse(text);
          for (const secret of sample.secrets) {
            const at = plain.indexOf(secret);
            // The characters that depend on the secret alone.
            const encoded = Buffer.from(plain)
              .toString(encoding)
              .slice(Math.ceil((at * 4) / 3), Math.floor(((at + secret.length) * 4) / 3));
            if (leaked(text, encoded, (piece) => piece) !== undefined) leaks.push(`${rule.name}: ${plain}`);
          }
        }
      }
    }
    expect(leaks).toEqual([]);
  },
);

const places: Readonly<Record<string, (secret: string) => string>> = {
  "behind a newline": (secret) => JSON.stringify({ text: `line\n${secret}\nline` }),
  "behind an escape of an escape": (secret) =>
    JSON.stringify({ arguments: JSON.stringify({ command: `cat x\n${secret}` }) }),
  "behind a newline as a number": (secret) => `{"text":"line\\u000a${JSON.stringify(secret).slice(1)}}`,
  "in a terminal's colour": (secret) => JSON.stringify({ out: `\u001b[31m${secret}\u001b[0m` }),
  "as a key": (secret) => JSON.stringify({ [secret]: 1 }),
  "in a list": (secret) => JSON.stringify(["echo", secret]),
  "behind a numbered line": (secret) => JSON.stringify({ file: `    12\u2192${secret}\n    13\u2192` }),
  "in a diff": (secret) => JSON.stringify({ diff: `-${"old"}\n+${secret}\n` }),
  "in angle brackets": (secret) => JSON.stringify({ text: `<${secret}>` }),
  "in a table": (secret) => `| token | ${secret} |`,
  "in a query": (secret) =>
    JSON.stringify({ url: `https://example.test/?a=1&x=${encodeURIComponent(secret)}&b=2` }),
};

it.each(Object.entries(places))("nothing of a secret is left %s", (place, write) => {
  const redact = bothPrefilters();
  const random = seeded(place.length);
  const leaks: string[] = [];
  for (const rule of rules) {
    for (const sample of samplesOf(rule, Math.max(rule.details().yes.length, samples / 3), random)) {
      const line = write(sample.text);
      const { text } = redact(line);
      if (line.startsWith("{") || line.startsWith("[")) JSON.parse(text);
      for (const secret of sample.secrets) {
        if (leaked(text, secret, (piece) => piece) ?? leaked(text, secret, quoted))
          leaks.push(`${rule.name}: ${text}`);
      }
    }
  }
  expect(leaks).toEqual([]);
});
