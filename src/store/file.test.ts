import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { storeContract } from "../../test/store-contract.ts";
import { fileStore } from "./file.ts";

const folder = mkdtempSync(join(tmpdir(), "tracecraft-file-"));
let opened = 0;
afterAll(() => rmSync(folder, { recursive: true }));

storeContract("fileStore()", async () => fileStore(join(folder, `${++opened}`)));
storeContract("fileStore() with a prefix and a link to its root", async () =>
  fileStore(join(folder, `${++opened}`, "Shop"), { prefix: "Team/shop" }),
);
