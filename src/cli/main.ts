import { writeSync } from "node:fs";
import { programVersion } from "../format/version.ts";

// Everything else is loaded behind this: the version is what scripts ask for before anything else.
const words = process.argv.slice(2);
if (words.length === 1 && words[0] === "--version") {
  writeSync(1, `${programVersion}\n`); // `process.stdout` would load more than this whole program.
} else {
  void import("./load.ts").then(({ loader }) => {
    const { load, keep } = loader(import.meta.dirname, process.env);
    const program = load("program.cjs") as typeof import("./program.ts");
    return program.run(words, keep);
  });
}
