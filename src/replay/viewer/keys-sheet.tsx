import { useLayoutEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { grouped } from "./grouped.ts";
import { allBindings, type Binding } from "./keys.ts";
import { live } from "./model.ts";

export const sheetOpen = signal(false);

const words: Readonly<Record<string, string>> = {
  " ": "Space",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
};

const order: readonly Binding["group"][] = [
  "Time",
  "Next, with Shift the one before",
  "View",
  "Lists",
  "Find",
];

/** Every key of the page, read from what is bound: nothing is listed that does nothing. */
export function KeysSheet() {
  const dialog = useRef<HTMLDialogElement>(null);
  const shown = sheetOpen.value;
  useLayoutEffect(() => {
    if (shown) dialog.current?.showModal();
    else dialog.current?.close();
  }, [shown]);
  if (!shown) return <dialog class="keys" ref={dialog} aria-label="Keys" />;
  const groups = [...grouped(allBindings(), ({ group }) => group)].toSorted(
    ([a], [b]) => order.indexOf(a) - order.indexOf(b),
  );
  return (
    <dialog class="keys" ref={dialog} aria-label="Keys" onClose={() => (sheetOpen.value = false)}>
      <h2>Keys</h2>
      <div class="g">
        {groups.map(([group, bindings]) => (
          <section key={group}>
            <h3>{group}</h3>
            {bindings.map(({ keys, shown: written, label }) => (
              <p key={label}>
                {label}
                <span>
                  {(written ?? keys).map((key) => (
                    <kbd key={key}>{words[key] ?? key}</kbd>
                  ))}
                </span>
              </p>
            ))}
          </section>
        ))}
      </div>
      <form method="dialog">
        <button type="submit" class="done">
          Close
        </button>
      </form>
    </dialog>
  );
}

const foot: readonly (readonly [readonly string[], string, string])[] = [
  [["Space"], "play", ""],
  [["←", "→"], "event", ""],
  [["c", "m", "e"], "next claim, message, error", ""],
  [["w", "a", "s", "d"], "zoom, pan", ""],
  [["z"], "zoom to selection", "wide"],
  [["[", "]"], "agent", "wide"],
  [["/"], "search", ""],
  [["y"], "copy link", "wide"],
  [["?"], "all keys", ""],
];

/** The few keys that are always in sight. */
export function KeyBar({ solo }: { solo: boolean }) {
  return (
    <footer class="foot">
      {foot
        .filter(([keys]) => !solo || keys[0] !== "[")
        .map(([keys, word, only]) => (
          <button type="button" key={word} class={only} onClick={() => (sheetOpen.value = true)}>
            {(solo && keys[0] === "c" ? ["p", "e"] : keys).map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
            {solo && keys[0] === "c" ? "next prompt, error" : word}
          </button>
        ))}
      <span class="push wide faint">{live.value ? "follows the bucket" : "one file, no requests"}</span>
    </footer>
  );
}
