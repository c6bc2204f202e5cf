import { basename } from "node:path";
import { TracecraftError } from "../errors.ts";
import { harnessNamed } from "../harness/all.ts";
import type { Host } from "../harness/harness.ts";
import { chooseAll, type Chosen, type Choice } from "./choose.ts";
import type { Manifest } from "./manifest-record.ts";

/** The source of a mirrored session on this machine: found, there but not to be read, or undefined: not here. */
export type Here = Chosen | { readonly unread: TracecraftError } | undefined;

export interface SourcesHere {
  /** Looks through all folders of the session's harness, once. */
  of(manifest: Manifest): Promise<Here>;
  /** What could not be read in the harnesses that were looked through. */
  problems(): readonly TracecraftError[];
}

/** Where the sources of mirrored sessions are on this machine, whichever folder they were made in or moved to. */
export function sourcesHere(host: Host): SourcesHere {
  const looked = new Map<string, Promise<Choice>>();
  const problems: TracecraftError[] = [];

  async function look(name: string): Promise<Choice> {
    const harness = harnessNamed(name);
    const choice = await chooseAll(harness === undefined ? [] : [harness], host, undefined);
    problems.push(...choice.problems);
    return choice;
  }

  return {
    async of(manifest) {
      const { harness, session_id: id } = manifest;
      const looking = looked.get(harness) ?? look(harness);
      looked.set(harness, looking);
      const { chosen, problems: unread } = await looking;
      const found = chosen.find(({ session }) => session.id === id);
      const problem = found ? undefined : unread.find((one) => isSourceOf(manifest, one));
      return problem === undefined ? found : { unread: problem };
    },
    problems: () => problems,
  };
}

/** Whether what could not be read is that source, or a folder it lies in. A log keeps its name wherever it is moved. */
function isSourceOf(
  { source_path: source, session_id: id }: Manifest,
  { details }: TracecraftError,
): boolean {
  const { path } = details;
  if (typeof path !== "string") return false;
  const file = basename(path, ".zst");
  if (file.includes(id.split(".")[0] ?? id)) return source == null || file === basename(source, ".zst");
  return source != null && (source === path || source.startsWith(`${path}/`));
}
