import type { Command } from "./command.ts";

/** The commands by name, each loaded when it is asked for. One line a command: the order is that of the reference page. */
export const all: Readonly<Record<string, () => Promise<Command<any, any>>>> = {
  init: async () => (await import("./init.ts")).init,
  whoami: async () => (await import("./whoami.ts")).whoami,
  status: async () => (await import("./status.ts")).status,
  agents: async () => (await import("./agents.ts")).agents,
  doctor: async () => (await import("./doctor.ts")).doctor,
  claim: async () => (await import("./claim.ts")).claim,
  renew: async () => (await import("./renew.ts")).renew,
  release: async () => (await import("./release.ts")).release,
  complete: async () => (await import("./complete.ts")).complete,
  reopen: async () => (await import("./reopen.ts")).reopen,
  "step-status": async () => (await import("./step-status.ts")).stepStatus,
  steps: async () => (await import("./steps.ts")).steps,
  handoff: async () => (await import("./handoff.ts")).handoff,
  "wait-for": async () => (await import("./wait-for.ts")).waitFor,
  send: async () => (await import("./send.ts")).send,
  inbox: async () => (await import("./inbox.ts")).inbox,
  ack: async () => (await import("./ack.ts")).ack,
  "memory set": async () => (await import("./memory-set.ts")).memorySet,
  "memory get": async () => (await import("./memory-get.ts")).memoryGet,
  "memory list": async () => (await import("./memory-list.ts")).memoryList,
  "memory delete": async () => (await import("./memory-delete.ts")).memoryDelete,
  "memory history": async () => (await import("./memory-history.ts")).memoryHistory,
  "artifact upload": async () => (await import("./artifact-upload.ts")).artifactUpload,
  "artifact download": async () => (await import("./artifact-download.ts")).artifactDownload,
  "artifact list": async () => (await import("./artifact-list.ts")).artifactList,
  reserve: async () => (await import("./reserve.ts")).reserve,
  unreserve: async () => (await import("./unreserve.ts")).unreserve,
  reservations: async () => (await import("./reservations.ts")).reservations,
  "session mirror": async () => (await import("./session-mirror.ts")).sessionMirror,
  "session list": async () => (await import("./session-list.ts")).sessionList,
  "session show": async () => (await import("./session-show.ts")).sessionShow,
  "session stop": async () => (await import("./session-stop.ts")).sessionStop,
  "session verify": async () => (await import("./session-verify.ts")).sessionVerify,
  "session restore": async () => (await import("./session-restore.ts")).sessionRestore,
  "session search": async () => (await import("./session-search.ts")).sessionSearch,
  log: async () => (await import("./log.ts")).log,
  watch: async () => (await import("./watch.ts")).watch,
  replay: async () => (await import("./replay.ts")).replay,
  view: async () => (await import("./view.ts")).view,
  setup: async () => (await import("./setup.ts")).setup,
  hook: async () => (await import("./hook.ts")).hook,
  prime: async () => (await import("./prime.ts")).prime,
  mcp: async () => (await import("./mcp.ts")).mcp,
  completion: async () => (await import("./completion.ts")).completion,
  help: async () => (await import("./help.ts")).help,
};

export const commandNames: readonly string[] = Object.keys(all);

/** A command without the types of its own arguments, as whoever parses or lists commands sees it. */
export async function loadCommand(name: string): Promise<Command> {
  return (await all[name]!()) as Command;
}
