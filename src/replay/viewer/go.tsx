import { useLayoutEffect, useRef } from "preact/hooks";
import { signal } from "@preact/signals";
import { now, said, seek, source } from "./model.ts";
import { clock, day } from "./words.ts";

export const goOpen = signal(false);

/** A time as people write it: "14:15", "14:15:20", with a day before it, or RFC 3339. In UTC; a time of day is on T's day. */
export function timeIn(text: string, near: number): number | undefined {
  const plain = text.trim();
  const clockOnly = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?$/.exec(plain);
  if (clockOnly) {
    const [, hours, minutes, seconds = "0", part = "0"] = clockOnly;
    const start = Math.floor(near / 86_400_000) * 86_400_000;
    const inDay =
      ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000 + Number(part.padEnd(3, "0"));
    return start + inDay;
  }
  const zoned = /(?:Z|UTC|[+-]\d{2}:?\d{2})$/.test(plain) ? plain : `${plain} UTC`;
  const at = Date.parse(zoned.replace(/^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}(?::\d{2})?) UTC$/, "$1T$2Z"));
  return Number.isFinite(at) ? at : undefined;
}

/** Asks for a time and moves T there. */
export function GoTo() {
  const dialog = useRef<HTMLDialogElement>(null);
  const input = useRef<HTMLInputElement>(null);
  const open = goOpen.value;
  useLayoutEffect(() => {
    if (!open) {
      dialog.current?.close();
      return;
    }
    dialog.current?.showModal();
    input.current?.select();
  }, [open]);
  const header = source.value?.header;
  const go = (event: Event) => {
    event.preventDefault();
    const at = timeIn(input.current?.value ?? "", now.value);
    if (at === undefined) said.value = "That is no time";
    else seek(at);
    goOpen.value = at === undefined;
  };
  return (
    <dialog class="keys go" ref={dialog} aria-label="Go to a time" onClose={() => (goOpen.value = false)}>
      {open && (
        <form onSubmit={go}>
          <label>
            Time, UTC
            <input ref={input} name="time" autocomplete="off" spellcheck={false} value={clock(now.value)} />
          </label>
          <p class="faint">
            {header && `${day(header.from)} ${clock(header.from)} to ${day(header.to)} ${clock(header.to)}`}
          </p>
          <button type="submit" class="done">
            Go
          </button>
        </form>
      )}
    </dialog>
  );
}
