import { join } from "node:path";
import { arrivalOf, removeIfThere, statIfThere } from "./file-disk.ts";
import type { Place } from "./file-root.ts";
import { numberName, type Keep } from "./file-row.ts";

/** What one put may spend on it. */
const removalsPerPut = 64;

const temporaryName = /^t[0-9]{20}\.[0-9a-f]{16}$/;

/**
 * Removes superseded versions, lowest first, with the names they had before, and temporary names of the dead. `names`
 * is what was seen just before the current version was written, so all numbers in it are superseded. Stops at whatever
 * is too young or cannot be removed: the order is what keeps the promise. A version goes once its successor is old, so
 * whoever looks for less than that time sees one of both. A temporary name for a lower number than those that are there
 * is no version's second name any more.
 */
export function clean(place: Place, names: readonly string[], now: number, keep: Keep): void {
  try {
    const numbers = names.filter((name) => numberName.test(name)).toSorted();
    const removed = new Set<bigint>();
    let lowest = Number(numbers[0]); // NaN in a row's first put: there is nothing below it.
    for (const [index, number] of numbers.slice(0, removalsPerPut).entries()) {
      const successor = numbers[index + 1];
      if (successor === undefined || isYoung(place, successor, now - keep.versionsMs)) break;
      const path = join(place.row, number);
      const stat = statIfThere(path);
      if (index === 0) removeIfThere(place.plain); // An adopted file comes before its own number, 1.
      removeIfThere(path);
      if (stat) removed.add(stat.ino);
      lowest = Number(number) + 1;
    }
    const temporaries = names.filter((name) => temporaryName.test(name)).toSorted();
    for (const name of temporaries.slice(0, 2 * removalsPerPut)) {
      if (!(Number(name.slice(1, 21)) < lowest)) break;
      const path = join(place.row, name);
      const stat = statIfThere(path);
      if (!stat) continue;
      if (removed.has(stat.ino) || arrivalOf(stat) <= now - keep.temporariesMs) removeIfThere(path);
    }
  } catch {
    // The put before it stays written. The next one cleans.
  }
}

function isYoung(place: Place, number: string, before: number): boolean {
  const stat = statIfThere(join(place.row, number));
  return stat !== undefined && arrivalOf(stat) > before;
}
