import { describe } from "vitest";
import type { Store } from "../src/store/store.ts";
import { conditionCases } from "./store-contract-conditions.ts";
import { listCases } from "./store-contract-lists.ts";
import { objectCases } from "./store-contract-objects.ts";
import { raceCases } from "./store-contract-races.ts";

/** In what a real server may differ from the contract without harm. Ours, and servers made for tests, differ in nothing. */
export interface Differs {
  /** Ceph 16 answers a GET with If-None-Match by the object, whether it changed or not: a full object is right. */
  readonly unlessIgnored?: boolean;
  /** A store whose bucket is not there. A directory has none: it is made by the first write. */
  readonly missingBucket?: () => Promise<Store>;
}

/** What every store owes its callers. `open` yields an empty store each time it is called. */
export function storeContract(name: string, open: () => Promise<Store>, differs: Differs = {}): void {
  describe(`${name} keeps the store contract`, () => {
    objectCases(open, differs);
    conditionCases(open);
    listCases(open);
    raceCases(open);
  });
}
