import type { Color, ParseToken } from "ansi-sequence-parser";
import { createAnsiSequenceParser, namedColors } from "ansi-sequence-parser";
import type { ComponentChild } from "preact";
import type { Budget } from "./text.tsx";
import { textNodes } from "./text.tsx";

// Every control sequence (ECMA-48 5.4): CSI with its final byte, strings up to their end, and two-character escapes.
const sequence =
  /\x1B(?:\[([0-?]{0,64})[ -/]{0,4}([@-~])|[\]PX^_][^\x07\x1B]{0,4096}(?:\x07|\x1B\\)?|[ -/]{0,2}[0-Z\\^-~])/g;
const controls = /[\x00-\x08\x0B-\x1F\x7F-\x9F]/g;

/** Whether a text has anything that a terminal would not print. */
export function isTerminal(text: string): boolean {
  return text.includes("\x1B") || /\r(?!\n)|[\x08]/.test(text);
}

/** What a terminal would show at the end of each line: after a carriage return the line is written anew. */
function settled(line: string): string {
  if (!line.includes("\r")) return line;
  const parts = line.split("\r").filter((part) => part !== "");
  return parts.at(-1) ?? "";
}

/** Cuts a text into the styles of a terminal: only colours and decorations are understood, all else is left out. */
export function terminalTokens(text: string, most = 2000): ParseToken[] {
  const parser = createAnsiSequenceParser();
  const tokens: ParseToken[] = [];
  let style: ParseToken | undefined;
  let from = 0;
  const push = (value: string) => {
    if (value === "") return;
    const last = tokens.at(-1);
    const [token] = style ? [{ ...style, value }] : parser.parse(value);
    if (last && !last.foreground && !last.background && last.decorations.size === 0 && plain(token))
      last.value += value;
    else if (token) tokens.push(token);
  };
  const lines = text.split("\n").map(settled).join("\n");
  for (const found of lines.matchAll(sequence)) {
    if (tokens.length >= most) break;
    push(lines.slice(from, found.index));
    from = found.index + found[0].length;
    // One letter after the sequence makes the parser tell the style that it left.
    if (found[2] === "m") style = { ...(parser.parse(`\x1B[${found[1] ?? ""}mx`).at(-1) ?? style!) };
  }
  push(tokens.length >= most ? lines.slice(from).replace(sequence, "") : lines.slice(from));
  return tokens;
}

function plain(token: ParseToken | undefined): boolean {
  return token !== undefined && !token.foreground && !token.background && token.decorations.size === 0;
}

const level = (value: number) => (value === 0 ? 0 : 55 + value * 40);

/** One of the sixteen names: a page has two themes, so a colour is the nearest that both can show with contrast. */
function nameOf(color: Color): string {
  if (color.type === "named") return color.name;
  if (color.type === "rgb") return nearest(color.rgb);
  const index = color.index;
  if (!(index >= 0 && index < 256)) return "";
  if (index < 16) return namedColors[index] ?? "";
  if (index >= 232) return index < 244 ? "brightBlack" : "";
  const place = index - 16;
  return nearest([level(Math.floor(place / 36)), level(Math.floor(place / 6) % 6), level(place % 6)]);
}

function nearest([red, green, blue]: readonly [number, number, number]): string {
  const most = Math.max(red, green, blue);
  const least = Math.min(red, green, blue);
  if (most - least < 40) return most < 150 ? "brightBlack" : "";
  const half = (most + least) / 2;
  const hue = (red > half ? 1 : 0) + (green > half ? 2 : 0) + (blue > half ? 4 : 0);
  return namedColors[hue] ?? "";
}

function classOf(token: ParseToken): string {
  const names = [...token.decorations].filter((name) => /^(?:bold|dim|underline|strikethrough)$/.test(name));
  const reverse = token.decorations.has("reverse");
  const front = token.foreground && nameOf(token.foreground);
  const back = token.background && nameOf(token.background);
  if (front) names.push(`c-${front.replace(/^bright(?!Black)/, "").toLowerCase()}` as never);
  if (back || reverse) names.push("on" as never);
  return names.join(" ");
}

/** The output of a terminal: its styles as classes, its control characters gone. */
export function ansi(text: string, budget: Budget): ComponentChild[] {
  if (!isTerminal(text) && text.search(controls) < 0) return textNodes(text, budget);
  const nodes: ComponentChild[] = [];
  for (const token of terminalTokens(text, Math.max(1, budget.nodes))) {
    const name = classOf(token);
    const inner = textNodes(token.value.replace(controls, ""), budget);
    nodes.push(name === "" ? inner : <span class={name}>{inner}</span>);
    budget.nodes--;
  }
  return nodes;
}
