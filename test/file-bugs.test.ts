import { describe, expect, it } from "vitest";
import type * as Stories from "./file-stories.ts";
import { bundle, type Change } from "./sim/threads.ts";

const row = "src/store/file-row.ts";

/** The stories, told with a store that has these mistakes in it. */
async function stories(changes: readonly Change[] = []): Promise<typeof Stories> {
  const code = await bundle(changes, "test/file-stories.ts");
  return (await import(
    `data:text/javascript;base64,${Buffer.from(code).toString("base64")}`
  )) as typeof Stories;
}

const unknown = { outcome: "unknown", there: "rival 5" };

describe("a writer that comes late to a directory", () => {
  it("is never told that it won", async () => {
    const { lateCreation, lateVersion } = await stories();
    expect([await lateCreation(), await lateVersion()]).toEqual([unknown, unknown]);
  });

  it("would be, by a create that does not look above 1", async () => {
    const from = "return look(place.row, keep).top === 1 && statIfThere(place.plain)?.isFile() !== true;";
    const { lateCreation } = await stories([{ file: row, from, to: "return true;" }]);
    expect(await lateCreation()).toMatchObject({ outcome: "written" });
  });

  it("would be, by a compare-and-set that does not look whether its base is still there", async () => {
    const from = "return stat !== undefined && versionOf(base.number, stat) === base.version;";
    const { lateVersion } = await stories([{ file: row, from, to: "return true;" }]);
    expect(await lateVersion()).toMatchObject({ outcome: "written" });
  });
});
