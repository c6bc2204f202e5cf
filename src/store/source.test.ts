import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, it } from "vitest";
import { checkedChunks, pieces } from "./source.ts";
import type { Source } from "./store.ts";

function sourceOf(chunks: readonly Uint8Array[], promised?: Partial<Source>): Source {
  const whole = Buffer.concat(chunks);
  return {
    size: whole.length,
    sha256: createHash("sha256").update(whole).digest("hex"),
    async *open() {
      yield* chunks;
    },
    ...promised,
  };
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return found;
}

const anyChunks = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 });

it("pieces() cuts a source into equal pieces and loses nothing", async () => {
  await fc.assert(
    fc.asyncProperty(anyChunks, fc.integer({ min: 1, max: 50 }), async (chunks, pieceBytes) => {
      const source = sourceOf(chunks);
      const found = await all(pieces(source, pieceBytes));
      expect(Buffer.concat(found)).toEqual(Buffer.concat(chunks));
      expect(found).toHaveLength(Math.max(1, Math.ceil(source.size / pieceBytes)));
      expect(found.slice(0, -1).every((piece) => piece.length === pieceBytes)).toBe(true);
    }),
  );
});

it.each([
  ["other bytes", { sha256: "0".repeat(64) }],
  ["fewer bytes", { size: 9 }],
  ["more bytes", { size: 3 }],
])("checkedChunks() never gives the last chunk of a source with %s than promised", async (_, promised) => {
  const source = sourceOf([Buffer.from("abcd"), Buffer.from("ef")], promised);
  const seen: Uint8Array[] = [];
  const reading = async () => {
    for await (const chunk of checkedChunks(source)) seen.push(chunk);
  };
  await expect(reading()).rejects.toMatchObject({ code: "changed" });
  expect(Buffer.concat(seen).toString()).not.toContain("f");
});
