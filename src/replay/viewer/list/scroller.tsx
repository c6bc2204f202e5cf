import type { ComponentChild } from "preact";
import { Component, createRef } from "preact";
import type { Extent, Place } from "./extent.ts";
import { markSoon } from "./highlight.ts";

/** Above this height browsers lose pixels: a list that is higher scrolls in another scale. */
const tallest = 10_000_000;
/** Rows are drawn this far beyond the edges of what is seen. */
const margin = 66;

export interface ScrollerProps {
  readonly extent: Extent;
  /** Changes whenever the extent or what is drawn has: a new number, a new drawing. */
  readonly version: number;
  readonly label: string;
  readonly role?: "listbox" | "feed";
  readonly active?: string | undefined;
  /** The height of an item is what the browser made of it, not what the extent says. */
  readonly measured?: boolean;
  item(place: Place, top: boolean): ComponentChild;
  /** What stands in a block that is not here yet, and asks for it. */
  waiting(block: number): ComponentChild;
  /** The reader has scrolled, by whatever means. */
  onReader(): void;
  /** What is drawn at the top now, after every drawing. */
  onTop?(place: Place): void;
}

interface Anchor extends Place {
  /** How far below the item's top the pane's top edge is. */
  readonly into: number;
}

/**
 * A pane of which only the items in view exist. What holds it is an item, not a pixel: heights that become known above it
 * move nothing that is seen.
 */
export class Scroller extends Component<ScrollerProps> {
  readonly pane = createRef<HTMLDivElement>();
  readonly view = createRef<HTMLDivElement>();
  anchor: Anchor = { block: 0, item: 0, into: 0 };
  seen = 0;
  width = 0;
  expected = 0;
  readerUntil = 0;
  total = 0;
  watcher: ResizeObserver | undefined;
  drawn: Place[] = [];

  override componentDidMount(): void {
    const pane = this.pane.current;
    if (!pane) return;
    this.watcher = new ResizeObserver(() => {
      if (pane.clientHeight === this.seen && pane.clientWidth === this.width) return;
      this.seen = pane.clientHeight;
      this.width = pane.clientWidth;
      this.forceUpdate();
    });
    this.watcher.observe(pane);
    if (this.props.measured && this.view.current) this.watcher.observe(this.view.current);
    pane.addEventListener("wheel", this.wheel, { passive: false });
    this.componentDidUpdate();
  }

  override componentWillUnmount(): void {
    this.watcher?.disconnect();
    this.pane.current?.removeEventListener("wheel", this.wheel);
  }

  override componentDidUpdate(): void {
    if (this.props.measured && this.measure()) this.forceUpdate();
    // A block that was read while this was drawn has moved what is below it.
    if (this.props.extent.total() !== this.total) this.forceUpdate();
    this.place();
    this.props.onTop?.(this.anchor);
    markSoon();
  }

  /** How many virtual pixels one pixel of the scroll bar is. */
  scale(): number {
    const total = this.props.extent.total();
    return total <= tallest ? 1 : (total - this.seen) / (tallest - this.seen);
  }

  offset(): number {
    const most = Math.max(0, this.props.extent.total() - this.seen);
    return Math.max(0, Math.min(most, this.props.extent.top(this.anchor) + this.anchor.into));
  }

  moveTo(pixel: number): void {
    const { extent } = this.props;
    const most = Math.max(0, extent.total() - this.seen);
    const at = Math.max(0, Math.min(most, pixel));
    const place = extent.find(at);
    if (place) this.anchor = { ...place, into: at - extent.top(place) };
    this.forceUpdate();
  }

  /** Brings an item into view: nothing happens when it is there, unless a share of the pane is named at which it shall stand. */
  reveal(place: Place, share?: number): void {
    const { extent } = this.props;
    const top = extent.top(place);
    const height = extent.height(place);
    const offset = this.offset();
    if (share === undefined && top >= offset && top + Math.min(height, this.seen) <= offset + this.seen)
      return;
    const at = share === undefined ? (top < offset ? 0.1 : 0.62) : share;
    this.moveTo(top - Math.max(0, this.seen - Math.min(height, this.seen)) * at);
    // Held by what is shown: a block above it that is still to be read may turn out higher than it was guessed.
    this.anchor = { ...place, into: this.offset() - extent.top(place) };
  }

  /** The scroll bar follows the anchor. */
  place(): void {
    const pane = this.pane.current;
    if (!pane) return;
    const wanted = this.offset() / this.scale();
    if (Math.abs(pane.scrollTop - wanted) < 1) return;
    pane.scrollTop = wanted;
    this.expected = pane.scrollTop;
  }

  measure(): boolean {
    const heights = new Map<number, Map<number, number>>();
    for (const [place, node] of this.drawn.map(
      (one, at) => [one, this.view.current?.children[at]] as const,
    )) {
      if (!(node instanceof HTMLElement) || node.dataset["waiting"] !== undefined) continue;
      const block = heights.get(place.block) ?? new Map<number, number>();
      block.set(place.item, node.offsetHeight);
      heights.set(place.block, block);
    }
    let changed = false;
    for (const [block, each] of heights) if (this.props.extent.measure(block, each)) changed = true;
    return changed;
  }

  readonly scrolled = (): void => {
    const pane = this.pane.current;
    if (!pane || Math.abs(pane.scrollTop - this.expected) < 1) return;
    this.expected = pane.scrollTop;
    if (performance.now() < this.readerUntil) this.props.onReader();
    this.moveTo(pane.scrollTop * this.scale());
  };

  readonly reader = (): void => {
    this.readerUntil = performance.now() + 1500;
  };

  readonly wheel = (event: WheelEvent): void => {
    this.reader();
    if (this.scale() === 1 || event.ctrlKey) return;
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 22 : event.deltaMode === 2 ? this.seen : 1;
    this.props.onReader();
    this.moveTo(this.offset() + event.deltaY * unit);
  };

  /** The items in view, from the first that reaches into the pane. */
  inView(): { place: Place; top: number }[] {
    const { extent } = this.props;
    const offset = this.offset();
    const found: { place: Place; top: number }[] = [];
    let place = extent.find(Math.max(0, offset - margin));
    for (let count = 0; place && count < 400; count++) {
      const top = extent.top(place) - offset;
      if (top > this.seen + margin) break;
      const items = extent.items(place.block);
      if (items === undefined ? extent.height(place) > 0 : place.item < items) found.push({ place, top });
      const next: Place =
        items !== undefined && place.item + 1 < items
          ? { block: place.block, item: place.item + 1 }
          : { block: place.block + 1, item: 0 };
      place = this.filled(next);
    }
    return found;
  }

  /** The first block from here on that has a height: those which the filters emptied are passed over. */
  filled(from: Place): Place | undefined {
    if (from.item > 0) return from;
    const { extent } = this.props;
    const at = extent.top(from);
    if (at >= extent.total()) return undefined;
    const found = extent.find(at);
    return found && found.block >= from.block ? found : from;
  }

  override render() {
    const { extent, item, waiting, label, role, active, measured } = this.props;
    const items = this.inView();
    this.total = extent.total();
    this.drawn = items.map(({ place }) => place);
    return (
      <div
        class="scroll"
        ref={this.pane}
        tabIndex={0}
        role={role}
        aria-label={label}
        aria-activedescendant={active}
        onScroll={this.scrolled}
        onPointerDown={this.reader}
        onTouchMove={this.reader}
        onKeyDown={this.reader}
      >
        <div class="tall" role="presentation" style={{ height: `${Math.min(tallest, extent.total())}px` }}>
          <div class="seen" role="presentation" style={{ height: `${this.seen}px` }}>
            <div
              ref={this.view}
              role="presentation"
              class={measured ? "flow" : "rows"}
              style={{ transform: `translateY(${items[0]?.top ?? 0}px)` }}
            >
              {items.map(({ place }) =>
                extent.items(place.block) === undefined
                  ? waiting(place.block)
                  : item(place, place.block === this.anchor.block && place.item === this.anchor.item),
              )}
            </div>
          </div>
        </div>
      </div>
    );
  }
}
