import { TracecraftError } from "../errors.ts";

/** Of a command that needs a project, in a folder that belongs to none. */
export function noProject(): never {
  throw new TracecraftError(
    "config",
    "No project here: no .tracecraft.json in this folder or above, none in the home folder",
    { hint: "tracecraft init --project NAME --agent NAME" },
  );
}
