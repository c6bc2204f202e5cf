import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { fileLocalState } from "./local-state.ts";

const folders: string[] = [];
const fresh = () => folders[folders.push(mkdtempSync(join(tmpdir(), "tracecraft-local-"))) - 1]!;
const never = (error: Error) => {
  throw error;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const files = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

describe("fileLocalState()", () => {
  it("gives back what was written under any name, to this user alone", () => {
    const folder = join(fresh(), "state");
    const local = fileLocalState(folder, never);
    const segment = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 20 }),
      fc.constantFrom(".", "..", "a~.json", "~", "x".repeat(300), "C:"),
    );
    const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(
        name.filter((text) => text.isWellFormed()),
        fc.json(),
        (at, json) => {
          local.write(at, JSON.parse(json));
          expect(local.read(at)).toEqual(JSON.parse(json));
        },
      ),
    );
    for (const entry of files(folder))
      expect(statSync(join(entry.parentPath, entry.name)).mode & 0o777).toBe(0o600);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(folder, ".."))).toEqual(["state"]); // Nothing outside of it.
  });

  it("lists the names that start with a prefix, whole", () => {
    const local = fileLocalState(fresh(), never);
    const session = "claude-code:5c1d0f7e";
    const long = "x".repeat(200);
    const names = [
      `leases/web-1/${session}/api`,
      `leases/web-1/${session}/api-2`,
      `leases/web-1/${long}`,
      "leases/web-10/s/x",
      "news",
    ];
    for (const name of names) local.write(name, 1);
    expect(local.names("leases/web-1/")).toEqual(names.slice(0, 3).toSorted());
    expect(local.names(`leases/web-1/${session}/api`)).toEqual(names.slice(0, 2));
    expect(local.names("leases/web-1")).toEqual(names.slice(0, 4).toSorted());
    expect(local.names("nothing/")).toEqual([]);
    local.remove(names[0]!);
    local.remove(names[0]!);
    expect(local.read(names[0]!)).toBeUndefined();
  });

  it("a name may go on below another one", () => {
    const local = fileLocalState(fresh(), never);
    local.write("a", 1);
    local.write("a/b", 2);
    local.write("a~.json/b", 3);
    expect([local.read("a"), local.read("a/b"), local.read("a~.json/b")]).toEqual([1, 2, 3]);
  });

  it("create() lets the first one win, and a damaged value is none", () => {
    const folder = fresh();
    const local = fileLocalState(folder, never);
    expect([local.create("id", "a"), local.create("id", "b"), local.read("id")]).toEqual(["a", "a", "a"]);
    writeFileSync(join(folder, "id~.json"), '{"na');
    expect(local.read("id")).toBeUndefined();
    expect([local.create("id", "c"), local.read("id")]).toEqual(["c", "c"]);
    expect(files(folder)).toHaveLength(1);
  });

  it("tells what it could not write, and goes on", () => {
    const folder = join(fresh(), "state");
    writeFileSync(folder, "a file is in the way");
    const failures: Error[] = [];
    const local = fileLocalState(folder, (error) => failures.push(error));
    local.write("a", 1);
    expect([failures.length, local.read("a"), local.names("")]).toEqual([1, undefined, []]);
    expect(() => local.create("a", 1)).toThrow();
  });

  it("writes nothing where the value is there already", () => {
    const folder = fresh();
    const local = fileLocalState(folder, never);
    local.write("a", { x: 1 });
    const { ino } = statSync(join(folder, "a~.json"));
    local.write("a", { x: 1 });
    expect(statSync(join(folder, "a~.json")).ino).toBe(ino);
    local.write("a", { x: 2 });
    expect(local.read("a")).toEqual({ x: 2 });
    mkdirSync(join(folder, "z"));
  });
});
