import type { Token, Tokens } from "marked";
import { Lexer } from "marked";
import type { ComponentChild } from "preact";
import type { Budget } from "./text.tsx";
import { textNodes } from "./text.tsx";

/** A piece longer than this is shown as it was written: some constructs cost their length squared. */
const pieceChars = 8192;
/** Pieces with more of one of these signs than this are shown as they were written, for the same reason. */
const signsMost = 400;
const depthMost = 12;
const timeMs = 12;

/** A link that a page may have; undefined for any other scheme, and for what is no address. */
export function safeLink(address: string): string | undefined {
  if (!/^https?:\/\//i.test(address) || address.length > 4096) return undefined;
  try {
    return new URL(address).href;
  } catch {
    return undefined;
  }
}

/** A picture that a page may show without asking anybody. */
export function safePicture(address: string): string | undefined {
  return /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]+$/.test(address) ? address : undefined;
}

/** Cuts a text at blank lines outside of fences, into pieces that are read alone. */
export function pieces(text: string): string[] {
  const found: string[] = [];
  let piece: string[] = [];
  let fence = "";
  let size = 0;
  for (const line of text.split("\n")) {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark && fence === "") fence = mark;
    else if (mark && mark.startsWith(fence)) fence = "";
    piece.push(line);
    size += line.length + 1;
    if (line.trim() !== "" || fence !== "" || size < pieceChars / 4) continue;
    found.push(piece.join("\n"));
    piece = [];
    size = 0;
  }
  if (piece.length > 0) found.push(piece.join("\n"));
  return found;
}

function tooCostly(piece: string): boolean {
  if (piece.length > pieceChars && !/^\s*(?:`{3,}|~{3,})/.test(piece)) return true;
  const counts = new Map<string, number>();
  for (const [sign] of piece.matchAll(/[[\]*_`<!~]/g)) {
    const count = (counts.get(sign) ?? 0) + 1;
    if (count > signsMost) return true;
    counts.set(sign, count);
  }
  return /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){12}/m.test(piece) || /^[ \t]{64}/m.test(piece);
}

/** Markdown as nodes. HTML in it is text, links go to http and https only, and what costs too much is shown as written. */
export function markdown(text: string, budget: Budget, now: () => number): ComponentChild[] {
  const until = now() + timeMs;
  return pieces(text).map((piece) => {
    if (budget.nodes <= 0 || now() > until || tooCostly(piece))
      return <p class="raw">{textNodes(piece, budget)}</p>;
    try {
      return blocks(Lexer.lex(piece, { gfm: true }), budget, 0);
    } catch {
      return <p class="raw">{textNodes(piece, budget)}</p>;
    }
  });
}

function blocks(tokens: readonly Token[], budget: Budget, depth: number): ComponentChild[] {
  return tokens.map((token) => {
    budget.nodes--;
    if (budget.nodes <= 0 || depth > depthMost) return <p class="raw">{token.raw}</p>;
    return block(token, budget, depth);
  });
}

function block(token: Token, budget: Budget, depth: number): ComponentChild {
  switch (token.type) {
    case "space":
    case "def":
      return token.type === "def" ? <p class="raw">{textNodes(token.raw.trim(), budget)}</p> : undefined;
    case "hr":
      return <hr />;
    case "heading":
      return <p class="heading">{inline(token.tokens ?? [], budget, depth)}</p>;
    case "code":
      return <pre>{textNodes((token as Tokens.Code).text, budget)}</pre>;
    case "blockquote":
      return <blockquote>{blocks(token.tokens ?? [], budget, depth + 1)}</blockquote>;
    case "list":
      return list(token as Tokens.List, budget, depth);
    case "table":
      return table(token as Tokens.Table, budget, depth);
    case "paragraph":
      return <p>{inline(token.tokens ?? [], budget, depth)}</p>;
    case "text":
      return "tokens" in token && token.tokens
        ? inline(token.tokens, budget, depth)
        : textNodes(token.raw, budget);
    default:
      return <p class="raw">{textNodes(token.raw, budget)}</p>;
  }
}

function list(token: Tokens.List, budget: Budget, depth: number): ComponentChild {
  const items = token.items.map((item) => (
    <li>
      {item.task && <span class="task">{item.checked ? "[x] " : "[ ] "}</span>}
      {blocks(
        item.tokens.filter(({ type }) => type !== "checkbox"),
        budget,
        depth + 1,
      )}
    </li>
  ));
  return token.ordered ? <ol start={Number(token.start) || 1}>{items}</ol> : <ul>{items}</ul>;
}

function table(token: Tokens.Table, budget: Budget, depth: number): ComponentChild {
  const cells = (row: readonly Tokens.TableCell[]) =>
    row.map((cell) => <td class={cell.align ?? ""}>{inline(cell.tokens, budget, depth)}</td>);
  return (
    <div class="wide-table">
      <table>
        <thead>
          <tr>
            {token.header.map((cell) => (
              <th class={cell.align ?? ""}>{inline(cell.tokens, budget, depth)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.slice(0, Math.max(1, budget.nodes / 4)).map((row) => (
            <tr>{cells(row)}</tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function inline(tokens: readonly Token[], budget: Budget, depth: number): ComponentChild[] {
  return tokens.map((token) => {
    budget.nodes--;
    if (budget.nodes <= 0 || depth > depthMost) return token.raw;
    const inner = () => inline(("tokens" in token && token.tokens) || [], budget, depth + 1);
    switch (token.type) {
      case "strong":
        return <strong>{inner()}</strong>;
      case "em":
        return <em>{inner()}</em>;
      case "del":
        return <del>{inner()}</del>;
      case "codespan":
        return <code>{textNodes((token as Tokens.Codespan).text, budget)}</code>;
      case "br":
        return <br />;
      case "link":
        return link(token as Tokens.Link, inner, budget);
      case "image":
        return picture(token as Tokens.Image, budget);
      case "escape":
        return (token as Tokens.Escape).text;
      case "text":
        return "tokens" in token && token.tokens ? inner() : textNodes(token.raw, budget);
      default:
        return textNodes(token.raw, budget);
    }
  });
}

function link(token: Tokens.Link, inner: () => ComponentChild[], budget: Budget): ComponentChild {
  const address = safeLink(token.href);
  if (address === undefined) return textNodes(token.raw, budget);
  return (
    <a href={address} target="_blank" rel="noopener noreferrer" title={address}>
      {inner()}
    </a>
  );
}

function picture(token: Tokens.Image, budget: Budget): ComponentChild {
  const address = safePicture(token.href);
  return address === undefined ? textNodes(token.raw, budget) : <img src={address} alt={token.text} />;
}
