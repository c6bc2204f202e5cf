// What src/cli/main.ts loads: an entry of the bundle with a name that it can know.
export { run } from "./run.ts";
