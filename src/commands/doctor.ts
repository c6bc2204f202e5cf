import { arch, release } from "node:os";
import type { Project } from "../coord/project.ts";
import { measureStore } from "../coord/verdict.ts";
import { TracecraftError } from "../errors.ts";
import { storeVerdictKey } from "../format/keys.ts";
import { formatTime } from "../format/records.ts";
import { programVersion } from "../format/version.ts";
import { bucketName } from "../store/probe-name.ts";
import type { Check, Measured } from "../store/probe.ts";
import { defineCommand, type Style, type View } from "./command.ts";
import { shownLine } from "./text.ts";
import { plainTime } from "./values.ts";

type Measurement = Awaited<ReturnType<typeof measureStore>>;

const believedDays = 30;
const farOffMs = 15 * 60_000;

export const doctor = defineCommand({
  name: "doctor",
  summary: "Measure whether this bucket keeps the promises that claims and mail depend on",
  positionals: {},
  options: { hooks: { help: "instead: which hooks are set up, and how each has fared here" } },
  exits: {
    done: "it keeps them all",
    denied: "a right is missing",
    unreachable: "it could not be measured now; nothing is recorded",
    unfit_store: "it breaks one",
  },
  examples: ["tracecraft doctor", "tracecraft doctor --json"],
  needs: "project",

  async run(context, { hooks }) {
    const { project, progress, platform } = context;
    if (hooks) return (await import("./doctor-hooks.ts")).hooksReport(context, project);
    const { store } = project;
    const begins = (check: string) => progress({ plain: `measuring ${store.name}: ${check}` });
    const measurement = await measureStore(project, begins);
    const report = reportOf(project, measurement, platform);
    const error = errorOf(project, measurement, report);
    const { measured, kept } = measurement;
    if (!error) progress({ plain: footer(measurement), urgent: true });
    return {
      data: report,
      text: (view) => [verdictLine(store.name, measured, view), ...lines(measured, view)].join("\n"),
      ...(error && { error }),
      warnings:
        kept instanceof TracecraftError ? [`the verdict is kept on this machine only: ${kept.message}`] : [],
    };
  },
});

/** Everything that a bug report about a store needs, and nothing that is secret. */
function reportOf(
  { store, name: project }: Project,
  measurement: Measurement,
  platform: string,
): Record<string, unknown> {
  const { measured, measuredAt, kept } = measurement;
  const { endpoint, bucket, prefix, conditions } = store.traits;
  return {
    version: programVersion,
    platform: `${platform} ${release()} ${arch()}`,
    project,
    store: store.name,
    endpoint,
    bucket,
    prefix,
    server: measured.server ?? null,
    fit: measured.fit,
    fault: measured.fault ?? null,
    evidence: measured.evidence ?? null,
    measured_at: formatTime(measuredAt),
    duration_s: measured.seconds,
    requests: measured.requests,
    clock_offset_ms: measured.clockOffsetMs ?? null,
    etag_quoting: measured.etagQuoting ?? null,
    conditions,
    kept: kept === "in the bucket" ? storeVerdictKey : null,
    checks: measured.checks.map(({ name, result, detail, requests = 0, seconds = 0 }) => ({
      name,
      result,
      detail,
      requests,
      duration_s: seconds,
    })),
  };
}

function verdictLine(name: string, { fit, checks }: Measured, view: View): string {
  if (!fit) return `${name} is ${view.paint("bad", "unfit")} for claims`;
  const mail = checks.some(spoilsMail) ? `, ${view.paint("bad", "unfit")} for mail` : "";
  return `${name} is ${view.paint("good", "fit")} for claims${mail}`;
}

const order = ["bad", "ok", "skipped"] as const;
const marks: Readonly<Record<Check["result"], readonly [Style, string]>> = {
  bad: ["bad", "bad"],
  ok: ["good", "ok"],
  skipped: ["dim", "-"],
};

/** What is wrong comes first. */
function lines({ checks }: Measured, view: View): readonly string[] {
  return order.flatMap((result) =>
    checks
      .filter((check) => check.result === result)
      .map(({ name, detail }) => `${view.paint(...marks[result])}  ${name}  ${shownLine(detail)}`),
  );
}

function footer({ measured, kept }: Measurement): string {
  const spent = `measured in ${measured.seconds.toFixed(1)}s with ${measured.requests} requests`;
  return kept === "in the bucket" ? `${spent}; kept ${believedDays} days in ${storeVerdictKey}` : spent;
}

function errorOf(
  { store }: Project,
  { measured, measuredAt }: Measurement,
  details: Record<string, unknown>,
): TracecraftError | undefined {
  const name = bucketName(store);
  const fault = measured.fault ?? measured.checks.find(spoilsMail)?.fault;
  if (fault !== undefined) {
    const server = measured.server === undefined ? "" : `Server: ${shownLine(measured.server)}; `;
    return new TracecraftError("unfit_store", `Cannot trust "${name}": it ${fault}`, {
      cause: `${server}measured ${plainTime(measuredAt)}`,
      hint: "docs/stores.md",
      details,
    });
  }
  const { denied, clockOffsetMs = 0 } = measured;
  if (denied)
    return new TracecraftError("denied", denied.message, { cause: denied.cause, hint: denied.hint, details });
  if (Math.abs(clockOffsetMs) < farOffMs) return undefined;
  const off = `${Math.trunc(Math.abs(clockOffsetMs) / 60_000)}m ${clockOffsetMs > 0 ? "behind" : "ahead of"}`;
  return new TracecraftError("clock", `Clock is ${off} the store`, { details });
}

/** A fault outside of what claims need: what was written is not found, or what was deleted is. */
function spoilsMail({ name, result }: Check): boolean {
  return result === "bad" && (name === "read" || name === "list" || name === "delete");
}
