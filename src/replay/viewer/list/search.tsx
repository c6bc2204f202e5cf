import { createRef } from "preact";
import { useEffect } from "preact/hooks";
import { following, query, queryIsPattern, select, selection } from "../model.ts";
import { whole } from "../words.ts";
import { hitBeside, keepSearching, search } from "./hits.ts";
import { keepHighlights } from "./highlight.ts";
import { nowSeq } from "./merged.ts";

const field = createRef<HTMLInputElement>();

export function focusSearch(): void {
  field.current?.focus();
  field.current?.select();
}

/** Selects the next event with a match, or the one before, round the end. */
export function goToHit(delta: 1 | -1): void {
  const seq = hitBeside(selection.peek()?.seq ?? nowSeq.peek() ?? -1, delta);
  if (seq === undefined) return;
  following.value = false;
  void select(seq);
}

const mega = (size: number) => (size / 1e6 < 10 ? (size / 1e6).toFixed(1) : String(Math.round(size / 1e6)));

/** How the search stands, in words: never that there is nothing before everything was read. */
export function searchWords(): string {
  if (query.value.trim() === "") return "";
  const { matches, seqs, scannedBytes, totalBytes, done, refused } = search.value;
  if (refused !== undefined) return refused;
  const found = `${whole(matches)} ${matches === 1 ? "match" : "matches"}`;
  if (!done)
    return totalBytes > 0 ? `${found} in ${mega(scannedBytes)} of ${mega(totalBytes)} MB` : `${found} so far`;
  if (matches === 0) return "no matches";
  return `${found} in ${whole(seqs.length)} ${seqs.length === 1 ? "event" : "events"}`;
}

/** The field that searches all text: the previews at once, everything in slices, with what was read said beside it. */
export function Search() {
  useEffect(() => {
    const ends = [keepSearching(), keepHighlights()];
    return () => {
      for (const end of ends) end();
    };
  }, []);
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter") goToHit(event.shiftKey ? -1 : 1);
    else if (event.key === "Escape") {
      query.value = "";
      field.current?.blur();
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const words = searchWords();
  return (
    <div class="search">
      {words !== "" && (
        <span class={search.value.refused === undefined ? "found-words" : "found-words err"} role="status">
          {words}
        </span>
      )}
      <div class="find">
        <input
          ref={field}
          type="search"
          placeholder="Search text, tools, files"
          aria-label="Search"
          spellcheck={false}
          value={query.value}
          onInput={(event) => (query.value = event.currentTarget.value)}
          onKeyDown={keys}
        />
        <button
          type="button"
          class="pattern"
          aria-pressed={queryIsPattern.value}
          aria-label="Regular expression"
          title="Regular expression"
          onClick={() => (queryIsPattern.value = !queryIsPattern.value)}
        >
          .*
        </button>
        <kbd>/</kbd>
      </div>
    </div>
  );
}
