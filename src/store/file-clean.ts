import { join } from "node:path";
import { removeIfThere, statIfThere } from "./file-disk.ts";
import type { Place } from "./file-root.ts";
import { arrivalOf, numberPath, type Names } from "./file-row.ts";

/** Ages, by the clock that stamps the files, after which cleaning removes a superseded version or an unused name. */
export interface Keep {
  readonly versionsMs: number;
  readonly temporariesMs: number;
}

/** What one put may spend on it. */
const removalsPerPut = 64;

/**
 * Removes superseded versions, lowest first, with the names they had before, and temporary names of the dead. `names`
 * is what was seen before `top` was written. Stops at whatever cannot be removed: order is what keeps the promise.
 */
export function clean(place: Place, names: Names, top: number, now: number, keep: Keep): void {
  const removed = new Set<bigint>();
  try {
    let lowest = top;
    for (const [index, number] of names.numbers.slice(0, removalsPerPut).entries()) {
      lowest = number;
      const successor = statIfThere(numberPath(place.row, names.numbers[index + 1] ?? top));
      if (successor && arrivalOf(successor) > now - keep.versionsMs) break;
      const path = numberPath(place.row, number);
      const stat = statIfThere(path);
      if (stat && arrivalOf(stat) > now - keep.versionsMs) break;
      if (number === 1) removeIfThere(place.plain); // An adopted file: it comes before its own number.
      removeIfThere(path);
      if (stat) removed.add(stat.ino);
      lowest = number + 1;
    }
    for (const name of names.temporaries.slice(0, 2 * removalsPerPut)) {
      if (Number(name.slice(1, 21)) >= lowest) break;
      const path = join(place.row, name);
      const stat = statIfThere(path);
      if (stat?.nlink !== 1n) continue; // The second name of a version that is still there.
      if (removed.has(stat.ino) || arrivalOf(stat) <= now - keep.temporariesMs) removeIfThere(path);
    }
  } catch {
    // A put that was written stays written. The next one cleans.
  }
}
