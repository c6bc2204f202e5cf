/** What is to be added to the times of an agent, in ms, each from a moment on. In the order of time. */
export type Offsets = readonly (readonly [from: number, addMs: number])[];

/** What is to be added to a time, by what was measured last before it, or first after it. */
export function addedAt(offsets: Offsets, said: number): number {
  if (offsets.length === 0) return 0;
  return (offsets.findLast(([from]) => from <= said) ?? offsets[0]!)[1];
}

/** All that decides about times up to that one, to be compared. */
export function offsetsUntil(offsets: Offsets, said: number): string {
  return JSON.stringify(offsets.filter(([from], nth) => nth === 0 || from <= said));
}
