/**
 * A record for another checkout: each `"cwd"` member that is the old folder, or lies in it, names the new one. Every
 * other byte stays. Members inside text that holds JSON are left alone: there the quotes are escaped.
 */
export function inCheckout(record: Uint8Array, from: string, to: string): Uint8Array {
  if (Buffer.from(record.buffer, record.byteOffset, record.byteLength).indexOf('"cwd"') < 0) return record;
  const text = Buffer.from(record.buffer, record.byteOffset, record.byteLength).toString("latin1");
  const old = latin1(JSON.stringify(from).slice(1, -1));
  const member = new RegExp(
    `("cwd"\\s*:\\s*")${old.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?=["/]|\\\\\\\\)`,
    "g",
  );
  const moved = latin1(JSON.stringify(to).slice(1, -1));
  return Buffer.from(
    text.replaceAll(member, (_all, start: string) => start + moved),
    "latin1",
  );
}

/** UTF-8 bytes, one character each, so that positions and other bytes are kept whatever they are. */
function latin1(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
