import { assignmentMatcher } from "./assignment.ts";
import { type EncodedKey, shortestKey } from "./base64.ts";
import { findCurlPassword, findLoginPassword } from "./command-scans.ts";
import { escapeStarts, noteEscape } from "./escapes.ts";
import { findPrivateKey } from "./private-key.ts";
import type { Rules } from "./rules.ts";
import { findBasic, findBearer, findJwt, findNetrc, findUrlPassword } from "./scans.ts";
import { type Found, type Literal, ranks } from "./search.ts";
import { tokenMatcher } from "./token.ts";

// What the scans look for inside base64, where case matters and three letters are too few.
const encodedScans: Readonly<Record<string, readonly string[]>> = {
  private_key: ["-----BEGIN", "PuTTY-User-Key-File-"],
  jwt: ["eyJhbGciOi", "eyJ0eXAiOi", "eyJraWQiOi", "eyJlbmMiOi"],
  url_password: [
    "http",
    "ftp",
    "sftp",
    "postgres",
    "postgresql",
    "mysql",
    "mariadb",
    "mongodb",
    "mongodb+srv",
    "redis",
    "rediss",
    "amqp",
    "amqps",
  ]
    .map((scheme) => `${scheme}://`)
    .concat("https://"),
  bearer_token: ["Bearer ", "bearer "],
  basic_auth: ["Basic ", "basic "],
  netrc_password: ["machine "],
  curl_password: ["curl -", "curl http"],
  login_password: ["docker login", "podman login", "sshpass -p"],
  secret_assignment:
    'api_key API_KEY apiKey apikey APIKEY api-key ACCESSKEY accessKey private_key privateKey PrivateKey PresharedKey token TOKEN Token secret SECRET Secret password PASSWORD Password passwd PASSWD API_HASH honeycomb-team _key _KEY -key -Key auth" auth= auth: pass" pass= pass: pat" pat= bearer" bearer='.split(
      " ",
    ),
};

/** What a prefilter is made of. */
export interface Literals {
  readonly literals: Literal[];
  readonly encoded: EncodedKey[];
}

/** Every literal of the built-in rules with what it leads to, those that are also looked for in base64, and escapes. */
export function ruleLiterals(rules: Rules): Literals {
  const literals: Literal[] = escapeStarts.map((text) => ({ text, exact: false, found: noteEscape }));
  const encoded: EncodedKey[] = [];
  for (const [index, rule] of rules.tokens.entries()) {
    for (const key of rule.keys) {
      // The longer key first, then the order of the tables: no two rules have one rank.
      const found = tokenMatcher(rule, key, ranks.token - key.length / 1000 + index / 1_000_000);
      literals.push({ text: key, exact: true, found });
      if (key.length >= shortestKey) encoded.push({ key, found });
    }
  }
  const scans: Readonly<Record<string, Found>> = {
    private_key: findPrivateKey,
    jwt: findJwt,
    url_password: findUrlPassword,
    bearer_token: findBearer,
    basic_auth: findBasic,
    netrc_password: findNetrc,
    curl_password: findCurlPassword,
    login_password: findLoginPassword,
    secret_assignment: assignmentMatcher(rules.assigned),
  };
  for (const rule of rules.scanned) {
    const found = scans[rule.name]!;
    for (const key of rule.keys) literals.push({ text: key.replace("+", " "), exact: false, found });
    for (const key of encodedScans[rule.name] ?? []) {
      const offset = rule.name === "url_password" ? key.length - "://".length : 0;
      encoded.push({ key, found: (search, at) => found(search, at + offset) });
    }
  }
  return { literals, encoded };
}
