import type { LocalState } from "./project.ts";

/**
 * A local value, as the object that this program wrote there. A caller treats every field as possibly missing: an
 * older version of the program may have written it.
 */
export function readLocal<Shape extends object>(local: LocalState, name: string): Partial<Shape> | undefined {
  const found = local.read(name);
  return typeof found === "object" && found !== null ? (found as Partial<Shape>) : undefined;
}

/** Keeps values in this process, for tests and for runs that must leave nothing behind. */
export function memoryLocalState(): LocalState {
  const values = new Map<string, string>();
  return {
    read(name) {
      const found = values.get(name);
      return found === undefined ? undefined : JSON.parse(found);
    },
    write(name, value) {
      values.set(name, JSON.stringify(value));
    },
    remove(name) {
      values.delete(name);
    },
    names(prefix) {
      return [...values.keys()].filter((name) => name.startsWith(prefix)).toSorted();
    },
  };
}
