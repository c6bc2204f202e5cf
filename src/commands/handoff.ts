import { readHandoff, type HandoffReading } from "../coord/handoffs.ts";
import { TracecraftError } from "../errors.ts";
import { stepToRead } from "../format/names.ts";
import { defineCommand, type View } from "./command.ts";
import { frame, type FramedLine } from "./frame.ts";
import { stateLine } from "./step-status.ts";
import { shownLine } from "./text.ts";
import { count, plainTime } from "./values.ts";

export const handoff = defineCommand({
  name: "handoff",
  summary: "Read what was handed on when a step was finished",
  positionals: { step: { help: "the step that was finished" } },
  options: {},
  exits: { not_found: "nobody has finished that step" },
  examples: ["tracecraft handoff api", "tracecraft handoff api --json"],
  needs: "project",

  async run({ project }, { step: name }) {
    const step = stepToRead(name);
    const reading = await readHandoff(project, step);
    const { view, handoff: found } = reading;
    if (!found) {
      throw new TracecraftError(
        "not_found",
        `Cannot read the handoff of "${name}": nobody has finished that step`,
      );
    }
    const nonce = project.world.randomHex(4);
    return {
      data: {
        step,
        state: view.state,
        from: found.from_agent,
        to: found.next_agent ?? null,
        note: found.note,
        next_action: found.next_action ?? null,
        ...(found.changed_files && {
          changed_files: found.changed_files,
          changed_files_count: found.changed_files_count ?? found.changed_files.length,
        }),
        at: found.created_at,
        ...(found.term !== undefined && { term: found.term }),
        untrusted: true,
      },
      text: (terminal) =>
        [stateLine(name, view), aboutWords(reading), framed(terminal, nonce, reading)]
          .filter(Boolean)
          .join("\n"),
      told: { steps: [step] },
    };
  },
});

/** `at 2026-11-22T13:58:04Z, term 1, for web-1, 2 changed files`, and that it is an older one where the step went on. */
function aboutWords({ view, handoff: found }: HandoffReading): string {
  const files = found?.changed_files_count ?? found?.changed_files?.length;
  return [
    `at ${plainTime(Date.parse(found!.created_at))}`,
    found?.term === undefined ? undefined : `term ${found.term}`,
    found?.next_agent ? `for ${shownLine(found.next_agent)}` : undefined,
    files === undefined ? undefined : count(files, "changed file"),
    found?.state === view.state ? undefined : `then ${shownLine(found!.state.replace("_", " "))}`,
  ]
    .filter(Boolean)
    .join(", ");
}

function framed(terminal: View, nonce: string, { handoff: found }: HandoffReading): string {
  const { changed_files: files, next_action: nextAction, note, from_agent: from } = found!;
  const lines: FramedLine[] = [
    ...(files?.length
      ? [
          {
            label: "changed: ",
            body: files.map((file) => (/\s/.test(file) ? JSON.stringify(file) : file)).join(" "),
          },
        ]
      : []),
    ...(nextAction ? [{ label: "next action: ", body: nextAction }] : []),
    ...(note ? [{ label: "note: ", body: note }] : []),
  ];
  return lines.length === 0 ? "" : frame({ kind: "handoff", nonce, from: [from], lines }, terminal);
}
