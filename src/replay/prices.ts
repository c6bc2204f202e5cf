import type { Tokens } from "./page.ts";

/** The day on which the table was put together. Prices change; what is not in it is said to be unpriced. */
export const pricesOf = "2026-11-01";

/** US dollars for a million tokens of each sort. */
export type Price = Tokens;

const claude = (input: number, output: number): Price => ({
  input,
  output,
  cacheRead: input / 10,
  cacheWrite: input * 1.25,
});
const openai = (input: number, cacheRead: number, output: number): Price => ({
  input,
  output,
  cacheRead,
  cacheWrite: input,
});

/** By how a model's name begins, once a vendor's own prefix is off; the longest that fits counts. */
const table: Readonly<Record<string, Price>> = {
  "claude-opus-4-5": claude(5, 25),
  "claude-opus-4-1": claude(15, 75),
  "claude-opus-4-0": claude(15, 75),
  "claude-opus-4-20250514": claude(15, 75),
  "claude-sonnet-4-5": claude(3, 15),
  "claude-sonnet-4-0": claude(3, 15),
  "claude-sonnet-4-20250514": claude(3, 15),
  "claude-3-7-sonnet": claude(3, 15),
  "claude-3-5-sonnet": claude(3, 15),
  "claude-haiku-4-5": claude(1, 5),
  "claude-3-5-haiku": claude(0.8, 4),
  "gpt-5": openai(1.25, 0.125, 10),
  "gpt-5-mini": openai(0.25, 0.025, 2),
  "gpt-5-pro": openai(15, 15, 120),
  "gpt-5-nano": openai(0.05, 0.005, 0.4),
  "gpt-4.1": openai(2, 0.5, 8),
  "gpt-4.1-mini": openai(0.4, 0.1, 1.6),
  "gpt-4o-mini": openai(0.15, 0.075, 0.6),
  "gpt-4o": openai(2.5, 1.25, 10),
  o3: openai(2, 0.5, 8),
  "o3-mini": openai(1.1, 0.55, 4.4),
  "o3-pro": openai(20, 20, 80),
  "o4-mini": openai(1.1, 0.275, 4.4),
};

/** What a model's tokens cost by the table; undefined for a model that is not in it. */
export function priceOf(model: string): Price | undefined {
  const name = model.toLowerCase().replace(/^(?:[a-z0-9-]+[./:])+(?=claude|gpt|o\d)/, "");
  const fits = Object.keys(table).filter((start) => name === start || name.startsWith(`${start}-`));
  const longest = fits.toSorted((a, b) => b.length - a.length)[0];
  return longest === undefined ? undefined : table[longest];
}

/** In US dollars. */
export function costOf(price: Price, tokens: Tokens): number {
  const { input, output, cacheRead, cacheWrite } = tokens;
  const sum =
    price.input * input + price.output * output + price.cacheRead * cacheRead + price.cacheWrite * cacheWrite;
  return sum / 1e6;
}
