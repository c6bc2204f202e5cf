import { TracecraftError } from "../errors.ts";
import { retry } from "./retry.ts";
import type { S3Client } from "./s3-client.ts";
import { storeTime, versionOf } from "./s3-client.ts";
import { networkTrouble, refusalError } from "./s3-errors.ts";
import { TooLarge } from "./s3-http.ts";
import type { ListingPage } from "./s3-xml.ts";
import { isListing, parseListing } from "./s3-xml.ts";
import type { Listed, Page } from "./store.ts";

/** A page has at most 1,000 keys of 1,024 bytes, each perhaps six times as long when it is escaped. */
const maxPageBytes = 16 * 2 ** 20;
/** AWS may answer a page without a key and go on. */
const maxEmptyPages = 10;

/**
 * Store.list: ListObjectsV2, page by page. Keys are checked to ascend over all pages, so that a server whose pages
 * loop, or which has no order (S3 Express), is an error and not an endless or a wrong answer. Keys outside the
 * prefix are left out.
 */
export async function* listObjects(client: S3Client, prefix: string, after = ""): AsyncGenerator<Page> {
  const wanted = client.fullKey(prefix);
  const own = client.fullKey("");
  let last = after ? client.fullKey(after) : "";
  let token: string | undefined;
  let emptyPages = 0;
  for (;;) {
    const query: Record<string, string> = { "list-type": "2", prefix: wanted };
    if (client.traits.pageSize !== undefined) query["max-keys"] = String(client.traits.pageSize);
    if (token !== undefined) query["continuation-token"] = token;
    else if (last) query["start-after"] = last;
    const { page, storeNow } = await onePage(client, query);

    const objects: Listed[] = [];
    for (const { key, size, etag, writtenAt } of page.objects) {
      if (!isAbove(key, last)) throw loops(client, prefix, `"${key}" came after "${last}"`);
      last = key;
      if (!key.startsWith(wanted)) continue;
      objects.push({ key: key.slice(own.length), size, version: versionOf(etag) ?? "", writtenAt });
    }
    yield { storeNow, objects };

    if (!page.truncated) return;
    emptyPages = page.objects.length > 0 ? 0 : emptyPages + 1;
    const sameToken = page.nextToken !== undefined && page.nextToken === token;
    if (emptyPages > maxEmptyPages || sameToken || (emptyPages > 0 && page.nextToken === undefined)) {
      throw loops(client, prefix, "a page without progress");
    }
    token = page.nextToken;
  }
}

async function onePage(
  client: S3Client,
  query: Readonly<Record<string, string>>,
): Promise<{ page: ListingPage; storeNow: number | undefined }> {
  const once = async (withinMs: number) => {
    const reply = await client.send({ method: "GET", query, withinMs });
    if (reply.error || reply.status !== 200) {
      if (!reply.error) reply.discard();
      throw refusalError({ ...client, method: "LIST", key: query["prefix"] || client.bucket }, reply);
    }
    const body = await reply.read(maxPageBytes).catch((error: unknown) => {
      throw error instanceof TooLarge
        ? loops(client, query["prefix"] ?? "", "a page over 16 MiB")
        : networkTrouble(client.name, error);
    });
    const text = new TextDecoder().decode(body);
    const page = parseListing(text);
    // The page of a hotel, or of a proxy: not even S3's words.
    if (!page && !isListing(text))
      throw refusalError({ ...client, method: "LIST", key: query["prefix"] || client.bucket }, reply);
    if (!page)
      throw loops(client, query["prefix"] ?? "", "no listing, or an entry without key, size or time");
    return { page, storeNow: storeTime(reply.headers) };
  };
  return retry(once, { withinMs: client.timeouts.totalMs, random: client.random });
}

function isAbove(key: string, last: string): boolean {
  return Buffer.compare(Buffer.from(key), Buffer.from(last)) > 0;
}

function loops(client: S3Client, prefix: string, cause: string): TracecraftError {
  return new TracecraftError(
    "malformed",
    `Cannot list "${prefix}" in ${client.name}: its pages make no sense`,
    {
      cause,
    },
  );
}
