import { TracecraftError } from "../errors.ts";
import type { Project } from "./project.ts";
import { update, type Change, type Outcome } from "./update.ts";

/**
 * `update` for inboxes, manifests and memory: records that stay useful in a store without conditional writes, where
 * they have one writer each at a time. There it reads, changes and puts, and says `best effort`.
 */
export async function updateOwn<T extends object, Answer>(
  project: Project,
  change: Change<T, Answer>,
): Promise<Outcome<T, Answer>> {
  const { traits, name } = project.store;
  let outcome: Outcome<T, Answer>;
  try {
    outcome = await update(project, change);
  } catch (error) {
    if (!(error instanceof TracecraftError) || error.code !== "unfit_store") throw error;
    traits.conditions = "ignored"; // Learned the hard way: it refused the header.
    outcome = await update(project, change);
  }
  if (traits.conditions !== "ignored") return outcome;
  project.warn(
    `best effort: ${name} has no conditional writes, so of two writers of "${change.key}" one is lost`,
  );
  return outcome;
}
