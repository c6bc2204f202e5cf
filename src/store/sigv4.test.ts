import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, it } from "vitest";
import { emptySha256, encodePath, queryString, sign } from "./sigv4.ts";

interface Example {
  name: string;
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: string;
  signed_headers: string;
  signature: string;
}

const published = JSON.parse(
  readFileSync(new URL("../../test/fixtures/sigv4/s3-examples.json", import.meta.url), "utf8"),
) as { access_key: string; secret_key: string; region: string; host: string; cases: Example[] };
const keys = { accessKeyId: published.access_key, secretAccessKey: published.secret_key };
const at = Date.UTC(2013, 4, 24);

it.each(published.cases)("sign() makes AWS's published signature: $name", (example) => {
  const payloadSha256 = createHash("sha256").update(example.body).digest("hex");
  const headers = { host: published.host, ...example.headers };
  const path = encodePath(example.path);
  const signed = sign({ ...example, path, headers, payloadSha256 }, keys, { region: published.region, at });
  expect(signed["authorization"]).toBe(
    `AWS4-HMAC-SHA256 Credential=${published.access_key}/20130524/us-east-1/s3/aws4_request, ` +
      `SignedHeaders=${example.signed_headers}, Signature=${example.signature}`,
  );
});

it("sign() signs a session token and sends it", () => {
  const request = { method: "GET", path: "/", query: {}, headers: { host: "h" }, payloadSha256: emptySha256 };
  const plain = sign(request, keys, { region: "auto", at });
  const withToken = sign(request, { ...keys, sessionToken: "token" }, { region: "auto", at });
  expect(withToken["x-amz-security-token"]).toBe("token");
  expect(withToken["authorization"]).toContain(
    "/auto/s3/aws4_request, SignedHeaders=host;x-amz-content-sha256",
  );
  expect(withToken["authorization"]).toContain(";x-amz-security-token,");
  expect(withToken["authorization"]).not.toBe(plain["authorization"]);
});

it("encodePath() leaves only unreserved characters and slashes, and loses nothing", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const encoded = encodePath(text);
      expect(encoded).toMatch(/^(?:[A-Za-z0-9._~/-]|%[0-9A-F]{2})*$/);
      expect(decodeURIComponent(encoded)).toBe(text);
    }),
  );
});

it("queryString() sorts by name and encodes what a form would not", () => {
  expect(queryString({ prefix: "a b/+*", "list-type": "2", empty: "" })).toBe(
    "empty=&list-type=2&prefix=a%20b%2F%2B%2A",
  );
});
