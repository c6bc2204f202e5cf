import { createHash } from "node:crypto";

/** A longer key is known by its hash. */
const keyChars = 200;
const leastSlots = 1024;

/** What is remembered of the last keys, at least so many of them and at most twice as many: what is older is forgotten. */
export interface Recent<T> {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
}

export function recent<T>(most: number): Recent<T> {
  let now = new Map<string, T>();
  let before = new Map<string, T>();
  return {
    get: (key) => now.get(nameOf(key)) ?? before.get(nameOf(key)),
    set(key, value) {
      now.set(nameOf(key), value);
      if (now.size >= most) [before, now] = [now, new Map()];
    },
    delete(key) {
      now.delete(nameOf(key));
      before.delete(nameOf(key));
    },
  };
}

function nameOf(key: string): string {
  return key.length <= keyChars ? key : `#${createHash("sha1").update(key).digest("hex")}`;
}

/** Numbers from 0 to 2 ** 53 - 2 that came lately: the last `most` of them, and at most twice as many. 16 bytes each. */
export function recentNumbers(most: number): { has(number: number): boolean; add(number: number): void } {
  let now = table();
  let before = now;
  return {
    has: (number) => now.has(number) || before.has(number),
    add(number) {
      now.add(number);
      if (now.count() >= most) [before, now] = [now, table()];
    },
  };
}

/** A set of numbers without an object for each: open addressing, half full at most. */
function table() {
  let slots = new Float64Array(leastSlots); // 0 is free, so a number stands there as itself and one.
  let count = 0;
  /** Where it is, or would go. */
  const slotOf = (number: number): number => {
    let at = number % slots.length;
    while (slots[at] !== 0 && slots[at] !== number + 1) at = (at + 1) % slots.length;
    return at;
  };
  const put = (number: number): void => {
    const at = slotOf(number);
    if (slots[at] === 0) count++;
    slots[at] = number + 1;
  };
  return {
    count: () => count,
    has: (number: number) => slots[slotOf(number)] !== 0,
    add(number: number) {
      put(number);
      if (count * 2 <= slots.length) return;
      const old = slots;
      [slots, count] = [new Float64Array(old.length * 2), 0];
      for (const one of old) if (one !== 0) put(one - 1);
    },
  };
}
