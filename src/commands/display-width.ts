const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
const empty = /\p{Mn}|\p{Me}|\p{Default_Ignorable_Code_Point}/u;
const narrow = /^[\x20-\x7e…·→—─]*$/;

/** How many columns of a terminal a text takes: two for a wide character, none for a combining one. */
export function displayWidth(text: string): number {
  if (narrow.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** The text, cut with `…` so that it takes at most that many columns. */
export function cut(text: string, columns: number): string {
  if (displayWidth(text) <= columns) return text;
  let width = 0;
  let kept = "";
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

function columnsOf(character: string): number {
  return empty.test(character) ? 0 : wide.test(character) ? 2 : 1;
}
