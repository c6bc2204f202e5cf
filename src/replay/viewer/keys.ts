export interface Binding {
  /** As `KeyboardEvent.key` says it; several are the same deed. */
  readonly keys: readonly string[];
  readonly group: "Time" | "Next, with Shift the one before" | "View" | "Lists" | "Find";
  readonly label: string;
  readonly run: (event: KeyboardEvent) => void;
  /** How the keys are written in the list of keys, where that is another way. */
  readonly shown?: readonly string[];
  /** Also while a text field has the focus. */
  readonly everywhere?: boolean;
}

const bindings: Binding[] = [];

/** Adds keys to the page and to its list of keys. A key that is bound twice does what was bound last. */
export function bind(...added: readonly Binding[]): void {
  bindings.push(...added);
}

export function allBindings(): readonly Binding[] {
  return bindings;
}

function typing(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !/^(?:checkbox|radio|range|button)$/.test((target as HTMLInputElement).type ?? "")
  );
}

/** Runs what is bound to a key. Keys with Ctrl, Alt or Meta are the browser's. */
export function handleKey(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  const inText = typing(event.target);
  const bound = bindings.findLast((one) => one.keys.includes(event.key) && (!inText || one.everywhere));
  if (!bound) return;
  // Below an open dialog nothing moves.
  if (!bound.everywhere && document.querySelector("dialog[open]")) return;
  // Space and Enter belong to a button or an option that has the focus.
  const element = event.target instanceof HTMLElement ? event.target : undefined;
  if (
    (event.key === " " || event.key === "Enter") &&
    element?.closest("button, a, select, summary, [role=option]")
  )
    return;
  event.preventDefault();
  bound.run(event);
}
