import { registerAgent } from "../coord/agents.ts";
import { ensureVerdict, type Fitness } from "../coord/verdict.ts";
import { agentName, projectName } from "../format/names.ts";
import { bindCheckout, bindSession, trustHere } from "./bindings.ts";
import { defineCommand } from "./command.ts";
import { choosePlace } from "./init-place.ts";
import { boundElsewhere, moveRefused, othersHere, storeLine } from "./init-words.ts";
import { machineOf } from "./machine.ts";
import { count } from "./values.ts";

export const init = defineCommand({
  name: "init",
  summary:
    "Make this folder part of a project, as an agent; without a store, one in a folder of this machine",
  positionals: {},
  options: {
    project: { placeholder: "NAME", help: "the project; its configuration here, if any, when left out" },
    agent: { placeholder: "NAME", help: "who this checkout is, or this session when run inside a harness" },
    store: { placeholder: "URL", help: "s3://BUCKET/PREFIX, hf://USER/BUCKET, or a folder" },
    bucket: { placeholder: "NAME", help: "of S3; made where it is missing" },
    prefix: { placeholder: "PATH", help: "inside of the bucket, before the project" },
    endpoint: { placeholder: "URL", help: "of S3 (default: AWS_ENDPOINT_URL, else AWS)" },
    region: { placeholder: "NAME", help: "of S3 (default: AWS_REGION, else us-east-1)" },
    backend: { placeholder: "KIND", help: "s3, hf or file (default: file, or s3 with --bucket)" },
    accessKey: { placeholder: "ID", help: "kept in ~/.tracecraft/credentials.json, never in the project" },
    secretKey: { placeholder: "KEY", help: "likewise" },
    hfToken: { placeholder: "T", help: "of no use here: the S3 gateway wants S3 keys" },
    move: { help: "also when this checkout is another agent's, or of another project or store" },
  },
  exits: {
    done: "initialized, or joined",
    config: "no keys, or no such endpoint",
    exists: "this checkout is another agent's",
    denied: "the keys may not",
  },
  examples: [
    "tracecraft init --project shop --agent web-1",
    "tracecraft init --bucket acme-agents --endpoint https://s3.example.net --project shop --agent web-1",
  ],
  needs: "surroundings",

  async run(context, args) {
    const machine = machineOf(context);
    if (args.project !== undefined) projectName(args.project);
    const choice = choosePlace(machine, args);
    const { configuration } = choice;
    const asked = args.agent ?? choice.agentId;
    const identity = machine.identify(configuration, asked === undefined ? undefined : agentName(asked));
    const project = await machine.open(configuration, identity.agent);
    const { harness, id: session } = project.session;
    const bound = asked === undefined ? undefined : boundElsewhere(project, identity);
    if (bound !== undefined && harness === undefined && !args.move) throw moveRefused(project, bound);

    const prepared = await machine.prepare(configuration);
    const fitness = await ensureVerdict(project);
    await registerAgent(project);
    const here = await othersHere(project);

    if (asked !== undefined && harness !== undefined) bindSession(project.local, session, asked);
    else if (asked !== undefined) bindCheckout(project.local, identity.checkout, asked);
    trustHere(project.local, configuration);
    machine.save(configuration, { keys: choice.keys, file: choice.write });

    const joined = !choice.write || here.agents > 1 || here.steps > 0;
    const only = asked !== undefined && harness !== undefined;
    const more = [
      only && `this session only${bound === undefined ? "" : `; the checkout stays ${bound}'s`}`,
      joined &&
        !(only && bound !== undefined) &&
        `joined: ${count(here.agents, "agent")}, ${count(here.steps, "step")}`,
      !joined && prepared && fitness.fit && fitWords(fitness, prepared),
    ].filter(Boolean);
    return {
      data: {
        project: project.name,
        agent: identity.agent,
        session,
        bound: asked === undefined ? null : only ? "session" : "checkout",
        store: project.store.name,
        fit: fitness.fit,
        bucket_made: prepared?.made ?? false,
        config: configuration.shownFile,
        joined,
        ...here,
      },
      text: [
        `Initialized project '${project.name}' as agent '${identity.agent}'`,
        storeLine(configuration, context.home),
        ...(more.length > 0 ? [more.join("; ")] : []),
      ].join("\n"),
      next: joined ? "tracecraft status" : "tracecraft claim STEP",
      warnings: [
        ...choice.warnings,
        ...(fitness.fit
          ? []
          : [`this bucket is unfit for claims: ${fitness.fault ?? "measured so"}; see tracecraft doctor`]),
      ],
    };
  },
});

/** `fit for claims (short probe, 9 requests); keys from AWS profile default`. */
function fitWords(
  { how, requests }: Fitness,
  { made, keysFrom }: { made: boolean; keysFrom: string },
): string {
  const measured = requests === undefined ? how : `${how}, ${count(requests, "request")}`;
  return `fit for claims (${measured}); ${made ? "bucket made; " : ""}keys from ${keysFrom}`;
}
