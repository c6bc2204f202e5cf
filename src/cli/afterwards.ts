import type { Command, Context, Reply } from "../commands/command.ts";
import { stepsNotedHere } from "../coord/lease-names.ts";
import type { Project } from "../coord/project.ts";
import { asTracecraftError, type ErrorCode, type TracecraftError } from "../errors.ts";
import type { Background } from "./background.ts";
import type { Reporter } from "./report.ts";
import { notices } from "./status-line.ts";

/** After these the store cannot be reached, or not by us: nothing more is sent to it. */
const silentAfter: ReadonlySet<ErrorCode> = new Set([
  "internal",
  "usage",
  "config",
  "clock",
  "disk_full",
  "denied",
  "unreachable",
  "outcome_unknown",
  "unfit_store",
  "interrupted",
  "terminated",
]);

/** After these its work in the background fails like the command itself: it is not waited for. */
const hopelessAfter: ReadonlySet<ErrorCode> = new Set([
  "clock",
  "denied",
  "unreachable",
  "outcome_unknown",
  "interrupted",
  "terminated",
]);

export interface Call {
  readonly context: Context;
  readonly project: Project | undefined;
  readonly command: Command;
  readonly background: Background;
  readonly report: Reporter;
  readonly run: () => Promise<Reply>;
}

/**
 * Runs a command and all that comes behind its answer: what was shown is marked, leases are renewed, work in the
 * background is awaited, and only then stderr has its say.
 */
export async function afterwards(call: Call): Promise<number> {
  const { context, project, background, report } = call;
  const boundMs = project?.deadlineMs ?? 10_000;
  let reply: Reply;
  try {
    reply = await call.run();
  } catch (thrown) {
    const error = asTracecraftError(thrown);
    await keepAlive(call, error, undefined);
    if (!hopelessAfter.has(error.code)) await background.settle(context.signal.aborted ? 0 : boundMs);
    const said = project ? await notices(project) : [];
    // What the command ran into, its work in the background did too: that is said once.
    const warnings = background
      .warnings(silentAfter.has(error.code) ? "given" : undefined)
      .filter((text) => !text.endsWith(`: ${error.message}`));
    if (context.signal.aborted) throw thrown; // The signal decides what is said.
    return report.failure(error, thrown, warnings, said);
  }

  const { json } = report.printer;
  // A document is the only place for warnings, so what may bring some ends first.
  if (json) await background.settle(boundMs);
  const early = [...(reply.warnings ?? []), ...(json ? background.warnings() : [])];
  const taken = report.answer(reply, {
    warnings: early,
    ...(json && project && { notices: await notices(project, reply.told) }),
  });
  if (taken) await reply.shown?.().catch((error: unknown) => background.warn(unmarked(error)));
  await background.settle(boundMs);
  await keepAlive(call, reply.error, reply);
  await background.settle(boundMs);
  const said = project ? await notices(project, reply.told) : [];
  return report.talk(reply, [...early, ...background.warnings()], said);
}

/** Side effects that keep this agent and its leases alive. At most once a minute, and a lease once in a third of its ttl. */
async function keepAlive(
  { project }: Call,
  error: TracecraftError | undefined,
  reply: Reply | undefined,
): Promise<void> {
  if (!project || (error && silentAfter.has(error.code))) return;
  const { heartbeat } = await import("../coord/agents.ts");
  heartbeat(project);
  if (stepsNotedHere(project).length === 0) return;
  const { renewDue } = await import("../coord/leases.ts");
  renewDue(project, reply?.told?.steps);
}

function unmarked(error: unknown): string {
  return `what was shown is not marked as read: ${error instanceof Error ? error.message : String(error)}`;
}
