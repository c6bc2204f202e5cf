import { at } from "./situation.ts";

/** What is done with artifacts and with files of the repository. */
export const files = [
  at("a new file", "artifact upload a.txt --step up"),
  at("the same bytes again", "artifact upload b.txt --step up", "done", {
    first: ["artifact upload b.txt --step up"],
  }),
  at("other bytes are there", "artifact upload a.txt --name taken.txt", "exists", {
    first: ["artifact upload b.txt --name taken.txt"],
  }),
  at("of several, other bytes are there for one", "artifact upload other/a.txt c.txt --step some", "exists", {
    first: ["artifact upload a.txt --step some"],
  }),
  at("of several, other bytes are there for all", "artifact upload other/a.txt b.txt --step all", "exists", {
    first: ["artifact upload a.txt --step all", "artifact upload c.txt --name b.txt --step all"],
  }),
  at("of several, one is there that nobody recorded", "artifact upload a.txt b.txt --step raw", "exists"),
  at("several under one name", "artifact upload a.txt b.txt --name one", "usage"),
  at("no such file", "artifact upload no-such", "not_found"),
  at("nothing may be written", "artifact upload a.txt", "denied", { place: "denied" }),
  at("it is there", "artifact download c.txt --step down -o got.txt", "done", {
    first: ["artifact upload c.txt --step down"],
  }),
  at("another file is here", "artifact download c.txt --step down2 -o there.txt", "exists", {
    first: ["artifact upload c.txt --step down2"],
  }),
  at("some of those that fit are here already", "artifact download '*.md' --step many -o many/", "exists", {
    first: [
      "artifact upload a.txt --step many --name a.md",
      "artifact upload a.txt --step many --name b.md",
      "artifact download b.md --step many -o many/",
      "artifact upload other/a.txt --step many --name b.md --replace",
    ],
  }),
  at("all that fit", "artifact download '*.txt' --step fit -o fit/", "done", {
    first: ["artifact upload a.txt b.txt --step fit"],
  }),
  at("no such artifact", "artifact download no-such", "not_found"),
  at("none fits", "artifact download 'no-such*'", "not_found"),
  at("a name that is none", "artifact download ../x", "usage"),
  at("in a project", "artifact list"),
  at("nothing may be listed", "artifact list", "denied", { place: "denied" }),
];

export const reserving = [
  at("nobody has it", "reserve 'src/free/**'"),
  at("it is ours already", "reserve 'src/ours/**' --step s --shared", "done", {
    first: ["reserve 'src/ours/**' --shared"],
  }),
  at("another agent has a path of it", "reserve 'src/theirs/*.ts'", "reserved", {
    first: ["@api-2 reserve 'src/theirs/**'"],
  }),
  at("another agent has it, and is told", "reserve 'src/both/**' --advise", "done", {
    first: ["@api-2 reserve 'src/both/**' --step s"],
  }),
  at("exclusive and shared", "reserve src --exclusive --shared", "usage"),
  at("conditions are ignored", "reserve src", "unfit_store", { place: "unfit" }),
  at("it is ours", "unreserve docs", "done", { first: ["reserve docs"] }),
  at("it is not", "unreserve src/none", "not_found"),
  at("in a project", "reservations --all"),
  at("outside of a project", "reservations", "config", { place: "nowhere" }),
];
