import { createHash } from "node:crypto";
import { join, isAbsolute } from "node:path";
import type { Configuration, Draft, Identity, Machine } from "../commands/machine.ts";
import { clockOffset, clockedStore } from "../coord/clock.ts";
import type { Project, World } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import { credentialsOf, makeBucket, openStore, type StorePlace, type StoreWorld } from "../store/open.ts";
import type { Background } from "./background.ts";
import { configurationOf, fileName, findConfiguration } from "./config.ts";
import { keepKeys, keptKeys } from "./credentials-file.ts";
import { sessionEnvironment } from "./harness-process.ts";
import { identify, type Who } from "./identity.ts";
import { processes } from "./launch.ts";
import { fileLocalState, type FileLocalState } from "./local-state.ts";
import { replaceFile } from "./private-file.ts";

export interface MachineOptions {
  readonly who: Who;
  readonly world: World;
  readonly background: Pick<Background, "add" | "warn">;
  readonly deadlineMs: number;
}

/** This machine, for commands: its configuration, its local state and the stores that it reaches. */
export function machine(options: MachineOptions): Machine {
  const { who } = options;
  const local = localStates(options);
  const identifyHere = (configuration: Configuration, agent?: string): Identity =>
    identify(configuration, local(configuration), who, agent);
  return {
    ...processes(who),
    configuration: () => findConfiguration(who),
    draft: (words) => draft(words, who),
    identify: identifyHere,

    save(configuration, { keys, file }) {
      if (keys) keepKeys(who.home, configuration.place, keys);
      if (file) replaceFile(configuration.file, fileText(configuration), 0o644);
    },

    async prepare(configuration) {
      if (isFolder(configuration.place)) return undefined;
      const [place, world] = [withKeys(configuration, who), storeWorld(options, local(configuration))];
      const from = await credentialsOf(place, world); // None is an error, before anything is made.
      const made = await makeBucket(place, world);
      return { made: made === "made", keysFrom: from?.source ?? "nowhere" };
    },

    get local() {
      return fileLocalState(join(stateFolder(who), "machine"), () => undefined);
    },
    get stateFolder() {
      return stateFolder(who);
    },

    within: ({ harness, id, cwd }, { warn, background, deadlineMs }) =>
      machine({
        ...options,
        who: { ...who, cwd, env: sessionEnvironment(who.env, { harness, id }) },
        background: { add: background, warn },
        deadlineMs,
      }),

    async open(configuration, agent): Promise<Project> {
      const { world, background, deadlineMs } = options;
      const state = local(configuration);
      const { agent: name, session } = identifyHere(configuration, agent);
      const store = await openStore(withKeys(configuration, who), storeWorld(options, state));
      if (!isFolder(configuration.place)) {
        const { recallVerdict } = await import("../coord/verdict.ts");
        recallVerdict({ store, local: state, world });
      }
      return {
        store: clockedStore(store, world, state),
        name: configuration.project,
        agent: name,
        session,
        world,
        local: state,
        deadlineMs,
        background: background.add,
        warn: background.warn,
      };
    },
  };
}

/** Of a project in a store; what cannot be kept is told once. */
function localStates({ who, background }: MachineOptions): (configuration: Configuration) => FileLocalState {
  const states = new Map<string, FileLocalState>();
  return ({ place }) => {
    const folder = join(stateFolder(who), scopeOf(place, who));
    const known = states.get(folder);
    if (known) return known;
    const made = fileLocalState(folder, ({ message }) =>
      background.warn(`cannot keep local state: ${message}`),
    );
    states.set(folder, made);
    return made;
  };
}

function storeWorld({ who, world, deadlineMs }: MachineOptions, state: FileLocalState): StoreWorld {
  return {
    timeouts: { silentMs: deadlineMs },
    env: who.env,
    home: who.home,
    now: world.now,
    random: world.chance,
    clockOffsetMs: clockOffset(state),
    onSkew: (offsetMs) => state.write("clock", { offset_ms: Math.round(offsetMs) }),
  };
}

function withKeys({ place, oldKeys }: Configuration, { home }: Who): StorePlace {
  return { ...place, keys: place.keys ?? (isFolder(place) ? undefined : (keptKeys(home, place) ?? oldKeys)) };
}

function draft({ project, store, endpoint, region, keys }: Draft, who: Who): Configuration {
  if (endpoint !== undefined && /\/\/[^/]*@/.test(endpoint)) {
    throw new TracecraftError(
      "usage",
      "Cannot use that endpoint: it holds a name or password, which would be in the project",
      { hint: "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…" },
    );
  }
  const made = configurationOf({ store, endpoint, region, project }, join(who.cwd, fileName), "project", who);
  return { ...made, place: { ...made.place, keys } };
}

function isFolder({ url }: StorePlace): boolean {
  return !/^(?:s3|hf):/.test(url);
}

/** What a project's file holds: no secret and no agent, so that a team may share it. */
function fileText({ store, place, project, defaults, redaction }: Configuration): string {
  const words = {
    schema: 3,
    store,
    ...(place.endpoint && { endpoint: place.endpoint }),
    ...(place.region && { region: place.region }),
    project,
    ...(Object.keys(defaults).length > 0 && { defaults }),
    ...(redaction !== undefined && { redaction }),
  };
  return `${JSON.stringify(words, undefined, 2)}\n`;
}

function stateFolder({ env, home }: Who): string {
  const given = env["XDG_STATE_HOME"];
  return join(given && isAbsolute(given) ? given : join(home, ".local", "state"), "tracecraft");
}

/** Local state is of one project in one store. */
function scopeOf({ url, endpoint, project }: StorePlace, { env }: Who): string {
  const at = endpoint || env["AWS_ENDPOINT_URL_S3"] || env["AWS_ENDPOINT_URL"] || "";
  const hash = createHash("sha256").update(`${at}\n${url}\n${project}`).digest("hex").slice(0, 12);
  return `${project}-${hash}`;
}
