import { createHash } from "node:crypto";
import { join, isAbsolute } from "node:path";
import type { Configuration, Identity, Machine } from "../commands/machine.ts";
import { clockOffset, clockedStore } from "../coord/clock.ts";
import type { Project, World } from "../coord/project.ts";
import { TracecraftError } from "../errors.ts";
import { credentialsOf, makeBucket, openStore, type StorePlace, type StoreWorld } from "../store/open.ts";
import type { Background } from "./background.ts";
import { configurationOf, fileName, findConfiguration } from "./config.ts";
import { keepKeys, keptKeys } from "./credentials-file.ts";
import { identify, type Who } from "./identity.ts";
import { fileLocalState, type FileLocalState } from "./local-state.ts";
import { replaceFile } from "./private-file.ts";

export interface MachineOptions {
  readonly who: Who;
  readonly world: World;
  readonly background: Background;
  readonly deadlineMs: number;
}

/** This machine, for commands: its configuration, its local state and the stores that it reaches. */
export function machine({ who, world, background, deadlineMs }: MachineOptions): Machine & {
  local(configuration: Configuration): FileLocalState;
} {
  const states = new Map<string, FileLocalState>();

  function local({ place }: Configuration): FileLocalState {
    const folder = join(stateFolder(who), scopeOf(place, who));
    const known = states.get(folder);
    if (known) return known;
    const made = fileLocalState(folder, ({ message }) =>
      background.warn(`cannot keep local state: ${message}`),
    );
    states.set(folder, made);
    return made;
  }

  function storeWorld(configuration: Configuration): StoreWorld {
    const state = local(configuration);
    return {
      env: who.env,
      home: who.home,
      now: world.now,
      random: world.chance,
      clockOffsetMs: clockOffset(state),
      onSkew: (offsetMs) => state.write("clock", { offset_ms: Math.round(offsetMs) }),
    };
  }

  const withKeys = ({ place, oldKeys }: Configuration): StorePlace => {
    const keys = place.keys ?? (isFolder(place) ? undefined : (keptKeys(who.home, place) ?? oldKeys));
    return { ...place, keys };
  };

  const identifyHere = (configuration: Configuration, agent?: string): Identity =>
    identify(configuration, local(configuration), who, agent);

  return {
    local,
    configuration: () => findConfiguration(who),
    identify: identifyHere,

    draft({ project, store, endpoint, region, keys }) {
      if (endpoint !== undefined && /\/\/[^/]*@/.test(endpoint))
        throw new TracecraftError(
          "usage",
          "Cannot use that endpoint: it holds a name or password, which would be in the project",
          {
            hint: "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=…",
          },
        );
      const words = { store, endpoint, region, project };
      const made = configurationOf(words, join(who.cwd, fileName), "project", who);
      return { ...made, place: { ...made.place, keys } };
    },

    save(configuration, { keys, file }) {
      if (keys) keepKeys(who.home, configuration.place, keys);
      if (file) replaceFile(configuration.file, fileText(configuration), 0o644);
    },

    async prepare(configuration) {
      if (isFolder(configuration.place)) return undefined;
      const place = withKeys(configuration);
      const from = await credentialsOf(place, storeWorld(configuration)); // None is an error, before anything is made.
      const made = await makeBucket(place, storeWorld(configuration));
      return { made: made === "made", keysFrom: from?.source ?? "nowhere" };
    },

    async open(configuration, agent): Promise<Project> {
      const state = local(configuration);
      const { agent: name, session } = identifyHere(configuration, agent);
      const store = await openStore(withKeys(configuration), storeWorld(configuration));
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
