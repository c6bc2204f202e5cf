import fc from "fast-check";
import { expect, it } from "vitest";
import { completionXml, escapeXml, parseError, parseListing, parseUploadId } from "./s3-xml.ts";

const entry = (key: string, more = "") =>
  `<Contents><Key>${key}</Key><LastModified>2026-11-22T14:05:00.000Z</LastModified>` +
  `<ETag>&quot;abc&quot;</ETag><Size>3</Size>${more}</Contents>`;
const listing = (inner: string) =>
  `<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</ListBucketResult>`;

it("parseListing() reads keys, sizes, ETags, times and the token", () => {
  const xml = listing(
    `<IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b=</NextContinuationToken>${entry("x/1")}${entry("x/2")}`,
  );
  expect(parseListing(xml)).toEqual({
    truncated: true,
    nextToken: "a&b=",
    objects: ["x/1", "x/2"].map((key) => ({
      key,
      size: 3,
      etag: '"abc"',
      writtenAt: Date.UTC(2026, 10, 22, 14, 5),
    })),
  });
});

it("parseListing() gives back any key that was escaped", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (key) => {
      expect(parseListing(listing(entry(escapeXml(key))))?.objects[0]?.key).toBe(key);
    }),
  );
});

it("parseListing() decodes keys only when the server says that it encoded them", () => {
  const encoded = entry("a%2Bb+c%20d");
  expect(parseListing(listing(encoded))?.objects[0]?.key).toBe("a%2Bb+c%20d");
  expect(parseListing(listing(`<EncodingType>url</EncodingType>${encoded}`))?.objects[0]?.key).toBe(
    "a+b c d",
  );
});

it("parseListing() does not take a token or a truncation from a key", () => {
  const forged =
    entry(escapeXml("<IsTruncated>true</IsTruncated>")) + entry("<IsTruncated>true</IsTruncated>");
  expect(parseListing(listing(forged))?.truncated).toBe(false);
});

it.each([
  ["HTML", "<html><body>hello</body></html>"],
  ["an entry that does not end", listing("<Contents><Key>a</Key>")],
  ["an entry without a time", listing("<Contents><Key>a</Key><Size>1</Size></Contents>")],
  ["a negative size", listing(entry("a").replace("<Size>3", "<Size>-3"))],
  ["a size with an exponent too large", listing(entry("a").replace("<Size>3", "<Size>1e99"))],
  ["a key that is not UTF-8", listing(`<EncodingType>url</EncodingType>${entry("%ff")}`)],
])("parseListing() refuses %s", (_, xml) => {
  expect(parseListing(xml)).toBeUndefined();
});

it("parseListing() leaves alone what is no character reference", () => {
  expect(parseListing(listing(entry("&#x110000;&bogus;&#65;&#x42;&lt;")))?.objects[0]?.key).toBe(
    "&#x110000;&bogus;AB<",
  );
});

it("parseError() cuts what the server says and knows a reply that is no error", () => {
  const error = parseError(`<Error><Code>SlowDown</Code><Message>${"x".repeat(999)}</Message></Error>`);
  expect(error?.code).toBe("SlowDown");
  expect(error?.message).toHaveLength(200);
  expect(parseError("<html></html>")).toBeUndefined();
});

it("completionXml() and parseUploadId() carry ETags and ids whole", () => {
  expect(completionXml(['"a"', "b&<"])).toContain(
    "<Part><PartNumber>1</PartNumber><ETag>&#34;a&#34;</ETag></Part><Part><PartNumber>2</PartNumber><ETag>b&#38;&#60;</ETag>",
  );
  expect(parseUploadId("<InitiateMultipartUploadResult><UploadId>a&amp;b</UploadId>")).toBe("a&b");
});
