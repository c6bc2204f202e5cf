import type { ComponentChildren } from "preact";
import { whole } from "./words.ts";

/** No list of the state is longer: the rest is counted. */
export const mostRows = 24;

/** A part of the state, with what its head says. */
export function Section({
  title,
  note = "",
  only = "",
  children,
}: {
  title: string;
  note?: ComponentChildren;
  only?: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`sec ${only}`}>
      <h3>
        {title}
        <span>{note}</span>
      </h3>
      {children}
    </section>
  );
}

/** How many rows are not shown. */
export function More({ of, shown }: { of: number; shown: number }) {
  return of > shown ? <p class="faint rest">{whole(of - shown)} more</p> : null;
}
