/** A zstd file with stored blocks, as any compressor may write it. */
export function zstdOf(plain: Uint8Array): Buffer {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < plain.length || at === 0; at += 100_000) {
    const block = plain.subarray(at, at + 100_000);
    const header = (block.length << 3) | (at + 100_000 >= plain.length ? 1 : 0);
    blocks.push(Buffer.from([header & 0xff, (header >> 8) & 0xff, header >> 16]), block);
  }
  return Buffer.concat([Buffer.from("28b52ffd0058", "hex"), ...blocks]);
}
