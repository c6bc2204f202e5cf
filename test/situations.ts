import type { ErrorCode } from "../src/errors.ts";
import { transcribed, type PlaceName } from "./situation-places.ts";

/** A command line, where it is typed, and how it must end. No two touch the same thing, so that they can run at once. */
export interface Situation {
  readonly when: string;
  /** As it is typed, without `tracecraft`. `@api-2` before it: as that agent; `@web-1/two`: in that session of it. */
  readonly line: string;
  readonly ends: "done" | ErrorCode;
  readonly place: PlaceName;
  /** Lines that are typed before it, in the same place. */
  readonly first: readonly string[];
  readonly stdin?: string;
  /** Sent once it has said something, or asked the bucket for the step of its line. */
  readonly signal?: NodeJS.Signals;
}

type More = Partial<Pick<Situation, "place" | "first" | "stdin" | "signal">>;

const at = (when: string, line: string, ends: Situation["ends"] = "done", more: More = {}): Situation => ({
  when,
  line,
  ends,
  place: "shop",
  first: [],
  ...more,
});
const soon = "--deadline 2s";

const start = [
  at("a new project", "init --project shop --agent web-1", "done", { place: "fresh" }),
  at("the same project again", "init --project shop --agent web-1"),
  at("the project is not named", "init --agent x", "usage", { place: "nowhere" }),
  at("a name that is none", "init --project a/b --agent x", "usage", { place: "nowhere" }),
  at("no keys", "init --project p --agent x --bucket b --endpoint http://127.0.0.1:9", "config", {
    place: "nowhere",
  }),
  at("the checkout is another agent's", "init --project shop --agent api-2", "exists"),
  at("the folder is another project's", "init --project second --agent web-1", "exists"),
  at("the configuration is no JSON", "init --project shop --agent web-1", "config", { place: "damaged" }),
  at("nothing may be written", "init --agent new-1 --move", "denied", { place: "denied" }),
  at("nobody answers", `init --agent new-1 --move ${soon}`, "unreachable", {
    place: "gone",
  }),
  at("in a project", "whoami"),
  at("in a bucket", "whoami", "done", { place: "late" }),
  at("something is held", "@wen whoami", "done", { first: ["@wen claim i-held"] }),
  at("outside of a project", "whoami", "config", { place: "nowhere" }),
  at("one word too many", "whoami now", "usage"),
  at("an agent that is none", "whoami --agent a/b", "usage"),
  at("in a project", "status"),
  at("outside of a project", "status", "config", { place: "nowhere" }),
  at("the configuration is no JSON", "status", "config", { place: "damaged" }),
  at("nothing may be listed", "status", "denied", { place: "denied" }),
  at("nobody answers", `status ${soon}`, "unreachable", { place: "gone" }),
  at("in a project", "agents", "done", { first: ["@ash claim a-held"] }),
  at("an unknown option", "agents --every", "usage"),
  at("a directory", "doctor"),
  at("a bucket", "doctor", "done", { place: "late" }),
  at("conditions are ignored", "doctor", "unfit_store", { place: "unfit" }),
  at("nothing may be written", "doctor", "denied", { place: "denied" }),
  at("this clock is far off", "doctor", "clock", { place: "skewed" }),
  at("nobody answers", `doctor ${soon}`, "unreachable", { place: "gone" }),
  at("the store is too busy to be measured", `doctor ${soon}`, "unreachable", { place: "full" }),
];

const claims = [
  at("nobody has it", "claim c-fresh"),
  at("with a ttl", "claim c-ttl --ttl 2h"),
  at("it is ours already", "claim c-mine", "done", { first: ["claim c-mine"] }),
  at("its lease lapsed", "claim late-a", "done", { place: "late" }),
  at("another session's, taken over", "@web-1/two claim c-mine2 --mine", "done", {
    first: ["claim c-mine2"],
  }),
  at("another agent has it", "claim c-held", "claimed", { first: ["@api-2 claim c-held"] }),
  at("another session of ours has it", "@web-1/two claim c-other", "other_session", {
    first: ["claim c-other"],
  }),
  at("it is finished", "claim c-done", "finished", { first: ["complete c-done"] }),
  at("it was released", "claim c-free", "done", { first: ["@api-2 claim c-free", "@api-2 release c-free"] }),
  at("a name that is none", "claim ../x", "usage"),
  at("no step", "claim", "usage"),
  at("a span that is none", "claim c-span --ttl soon", "usage"),
  at("its record is no JSON", "claim broken", "malformed"),
  at("conditions are ignored", "claim u", "unfit_store", { place: "unfit" }),
  at("conditions are ignored and that will do", "claim u-best --best-effort", "done", { place: "unfit" }),
  at("nothing may be written", "claim d", "denied", { place: "denied" }),
  at("the store never says whether", `claim f ${soon}`, "outcome_unknown", { place: "full" }),
  at("nobody answers", `claim g ${soon}`, "unreachable", { place: "gone" }),
  at("outside of a project", "claim x", "config", { place: "nowhere" }),
  at("it is held", "renew r-held", "done", { first: ["claim r-held"] }),
  at("nothing is held", "@nia renew"),
  at("it was taken over", "@old-b renew late-b", "fenced", { place: "late", first: ["claim late-b"] }),
  at("another agent has it", "renew r-other", "claimed", { first: ["@api-2 claim r-other"] }),
  at("another session of ours has it", "@web-1/two renew r-two", "other_session", {
    first: ["claim r-two"],
  }),
  at("nobody has it", "renew r-none", "not_found"),
  at("it is held", "release l-held", "done", { first: ["claim l-held"] }),
  at("another agent has it", "release l-other", "claimed", { first: ["@api-2 claim l-other"] }),
  at("another session of ours has it", "@web-1/two release l-two", "other_session", {
    first: ["claim l-two"],
  }),
  at("it is finished", "release l-done", "finished", { first: ["complete l-done"] }),
  at("nobody has it", "release l-none", "not_found"),
  at("it was taken over", "@old-c release late-c", "fenced", { place: "late", first: ["claim late-c"] }),
];

const finishing = [
  at("it is ours", 'complete f-ours --note "API in api.py" --to api-2 --next-action "test it"', "done", {
    first: ["claim f-ours"],
  }),
  at("nobody had claimed it", "complete f-free"),
  at("it was so before", "complete f-again", "done", { first: ["complete f-again"] }),
  at("its changed files are listed", "complete f-files --changed-files-from-git"),
  at("it is blocked", 'complete f-blocked --blocked --note "needs a key"'),
  at("it needs review", "complete f-review --needs-review"),
  at("its note has a secret", 'complete f-secret --note "ghp_0123456789abcdefghijABCDEFGHIJ012345"'),
  at("another agent has it, and is overridden", "complete f-force --force", "done", {
    first: ["@api-2 claim f-force"],
  }),
  at("another agent has it", "complete f-held", "claimed", { first: ["@api-2 claim f-held"] }),
  at("another session of ours has it", "@web-1/two complete f-two", "other_session", {
    first: ["claim f-two"],
  }),
  at("it has another handoff", "complete f-note --note two", "finished", {
    first: ["complete f-note --note one"],
  }),
  at("it was released", "complete f-rel", "finished", { first: ["claim f-rel", "release f-rel"] }),
  at("it was given back, and another has it", "complete f-given", "claimed", {
    first: ["claim f-given", "release f-given", "@api-2 claim f-given"],
  }),
  at("it was taken over", "@old-d complete late-d", "fenced", { place: "late", first: ["claim late-d"] }),
  at("another forced it", "complete f-taken", "fenced", {
    first: ["claim f-taken", "@api-2 complete f-taken --force"],
  }),
  at("two states at once", "complete f-both --blocked --needs-review", "usage"),
  at("to an agent that is none", "complete f-to --to a/b", "usage"),
  at("its record is no JSON", "complete broken", "malformed"),
  at("the store never says whether", `complete f ${soon}`, "outcome_unknown", { place: "full" }),
  at("it is finished", "reopen o-done", "done", { first: ["complete o-done"] }),
  at("it is open", "reopen o-open", "done", { first: ["complete o-open", "reopen o-open"] }),
  at("somebody has it", "reopen o-held", "claimed", { first: ["@api-2 claim o-held"] }),
  at("nobody has finished it", "reopen o-none", "not_found"),
  at("steps in every state", "step-status s-free s-held s-done s-rel", "done", {
    first: ["claim s-held", "complete s-done --to api-2", "claim s-rel", "release s-rel"],
  }),
  at("a lapsed one", "step-status late-e", "done", { place: "late" }),
  at("its record is no JSON", "step-status broken", "malformed"),
  at("the store is too busy", `step-status unwell ${soon}`, "unreachable", { place: "full" }),
  at("a name that is none", "step-status /x", "usage"),
  at("in a project", "steps"),
  at("nothing may be listed", "steps", "denied", { place: "denied" }),
  at("it was handed on", "handoff h-done", "done", {
    first: ["complete h-done --note n --changed-files-from-git"],
  }),
  at("without a list of files", "handoff h-plain", "done", { first: ["complete h-plain --note n"] }),
  at("format 1 finished another's claim", "step-status f1"),
  at("nobody has finished it", "handoff h-none", "not_found"),
  at("its record is no JSON", "handoff broken", "malformed"),
  at("it is complete", "wait-for w-done", "done", { first: ["complete w-done"] }),
  at("it is not complete", "wait-for w-none w-held --timeout 0", "timeout", { first: ["claim w-held"] }),
  at("it is blocked", "wait-for w-block", "blocked", {
    first: ["complete w-block --blocked --to api-2"],
  }),
  at("a time that is none", "wait-for w-none --timeout soon", "usage"),
  at("Ctrl-C", "wait-for w-int", "interrupted", { place: "late", signal: "SIGINT" }),
  at("told to end", "wait-for w-term", "terminated", { place: "late", signal: "SIGTERM" }),
];

const mail = [
  at("to an agent that is here", "send web-1 hello"),
  at("to everyone", "send _broadcast hello --urgent"),
  at("to an agent nobody has seen", "send nobody-yet hello --subject s --thread t --ack"),
  at("with a secret", 'send web-1 "ghp_0123456789abcdefghijABCDEFGHIJ012345"'),
  at("to an agent that is none", "send a/b hello", "usage"),
  at("without a text", "send api-2", "usage"),
  at("in answer to nothing", "send api-2 hello --reply-to fff", "not_found"),
  at("the store never says whether", `send api-2 hello ${soon}`, "outcome_unknown", { place: "full" }),
  at("nothing is there", "@una inbox", "done", { place: "late" }),
  at("mail is there", "@mel inbox --peek", "done", {
    first: ['@api-2 send mel hello --subject "which status" --thread t --urgent --ack --reply-to 220db54c'],
  }),
  at("it is read and removed", "@mo inbox --delete", "done", { first: ["@api-2 send mo hello"] }),
  at("a long one is only named", "@max inbox", "done", {
    first: ["@api-2 send max short", `@api-2 send max ${"x".repeat(5000)}`],
  }),
  at("one is malformed", "@mia inbox"),
  at("that one is to be shown", "@mia inbox --show bad0", "malformed"),
  at("no such message", "@una inbox --show fff", "not_found"),
  at("nothing comes", "@uma inbox --wait 1s", "nothing_came", { place: "late" }),
  at("removed and left", "inbox --peek --delete", "usage"),
  at("a message of one's own box", "@mia ack bad0"),
  at("no such message", "@una ack fff", "not_found"),
  at("no id", "ack", "usage"),
];

const memory = [
  at("a new key", "memory set set.new v"),
  at("a value of JSON, from stdin", "memory set set.json - --json-value", "done", { stdin: '{"a":[1]}' }),
  at("with a secret", 'memory set set.secret "ghp_0123456789abcdefghijABCDEFGHIJ012345"'),
  at("the revision is another", "memory set set.rev w --if-revision 00000000", "changed", {
    first: ["memory set set.rev v"],
  }),
  at("the key is to be new and is not", "memory set set.there w --if-revision none", "changed", {
    first: ["memory set set.there v"],
  }),
  at("a key that is none", "memory set ../x v", "usage"),
  at("no value", "memory set set.none", "usage"),
  at("the value is not JSON", "memory set set.bad { --json-value", "usage"),
  at("the file is not there", "memory set set.file --file no-such", "not_found"),
  at("its record is malformed", "memory set broken v", "malformed"),
  at("only if, where conditions are ignored", "memory set k v --if-revision none", "unfit_store", {
    place: "unfit",
    first: ["claim u-first --best-effort"],
  }),
  at("the store never says whether", `memory set k v ${soon}`, "outcome_unknown", { place: "full" }),
  at("it is set", "memory get get.v", "done", { first: ["memory set get.v v"] }),
  at("it is not set", "memory get get.none", "not_found"),
  at("it was deleted", "memory get get.gone", "not_found", {
    first: ["memory set get.gone v", "memory delete get.gone"],
  }),
  at("its record is malformed", "memory get broken", "malformed"),
  at("nobody answers", `memory get k ${soon}`, "unreachable", { place: "gone" }),
  at("all keys", "memory list"),
  at("with their values", "memory list list --values", "done", { first: ["memory set list.v v"] }),
  at("nothing may be listed", "memory list", "denied", { place: "denied" }),
  at("it is set", "memory delete del.v", "done", { first: ["memory set del.v v"] }),
  at("it was deleted", "memory delete del.gone", "done", {
    first: ["memory set del.gone v", "memory delete del.gone"],
  }),
  at("the revision is another", "memory delete del.rev --if-revision 00000000", "changed", {
    first: ["memory set del.rev v"],
  }),
  at("it was never set", "memory delete del.none", "not_found"),
  at("it was set and deleted", "memory history hist.v", "done", {
    first: ["memory set hist.v v", "memory delete hist.v"],
  }),
  at("it was never set", "memory history hist.none", "not_found"),
];

const files = [
  at("a new file", "artifact upload a.txt --step up"),
  at("the same bytes again", "artifact upload b.txt --step up", "done", {
    first: ["artifact upload b.txt --step up"],
  }),
  at("other bytes are there", "artifact upload a.txt --name taken.txt", "exists", {
    first: ["artifact upload b.txt --name taken.txt"],
  }),
  at("of several, other bytes are there for one", "artifact upload other/a.txt c.txt --step some", "exists", {
    first: ["artifact upload a.txt --step some"],
  }),
  at("of several, other bytes are there for all", "artifact upload other/a.txt b.txt --step all", "exists", {
    first: ["artifact upload a.txt --step all", "artifact upload c.txt --name b.txt --step all"],
  }),
  at("of several, one is there that nobody recorded", "artifact upload a.txt b.txt --step raw", "exists"),
  at("several under one name", "artifact upload a.txt b.txt --name one", "usage"),
  at("no such file", "artifact upload no-such", "not_found"),
  at("nothing may be written", "artifact upload a.txt", "denied", { place: "denied" }),
  at("it is there", "artifact download c.txt --step down -o got.txt", "done", {
    first: ["artifact upload c.txt --step down"],
  }),
  at("another file is here", "artifact download c.txt --step down2 -o there.txt", "exists", {
    first: ["artifact upload c.txt --step down2"],
  }),
  at("no such artifact", "artifact download no-such", "not_found"),
  at("a name that is none", "artifact download ../x", "usage"),
  at("in a project", "artifact list"),
  at("nothing may be listed", "artifact list", "denied", { place: "denied" }),
];

const reserving = [
  at("nobody has it", "reserve 'src/free/**'"),
  at("it is ours already", "reserve 'src/ours/**' --step s --shared", "done", {
    first: ["reserve 'src/ours/**' --shared"],
  }),
  at("another agent has a path of it", "reserve 'src/theirs/*.ts'", "reserved", {
    first: ["@api-2 reserve 'src/theirs/**'"],
  }),
  at("another agent has it, and is told", "reserve 'src/both/**' --advise", "done", {
    first: ["@api-2 reserve 'src/both/**' --step s"],
  }),
  at("exclusive and shared", "reserve src --exclusive --shared", "usage"),
  at("conditions are ignored", "reserve src", "unfit_store", { place: "unfit" }),
  at("it is ours", "unreserve docs", "done", { first: ["reserve docs"] }),
  at("it is not", "unreserve src/none", "not_found"),
  at("in a project", "reservations --all"),
  at("outside of a project", "reservations", "config", { place: "nowhere" }),
];

const transcripts = [
  at("something is new", `session mirror --all --cwd ${transcribed}`, "done", { place: "unmirrored" }),
  at("nothing is new", `session mirror --harness claude-code --cwd ${transcribed}`, "done", {
    place: "sessions",
  }),
  at("Ctrl-C", `session mirror --all --watch --cwd ${transcribed}`, "interrupted", {
    place: "watched",
    signal: "SIGINT",
  }),
  at("there is none", "session mirror --harness codex", "not_found", { place: "sessions" }),
  at("neither which nor all", "session mirror", "usage", { place: "sessions" }),
  at("no such harness", "session mirror --harness vi", "usage", { place: "sessions" }),
  at("some are there", "session list", "done", { place: "sessions" }),
  at("none is there", "session list", "done", { place: "shop" }),
  at("an order that is none", "session list --sort-by name", "usage"),
  at("its manifest", "session show SESSION", "done", { place: "sessions" }),
  at("its last lines", "session show SESSION --tail 2", "done", { place: "sessions" }),
  at("what was said", "session show SESSION --events", "done", { place: "sessions" }),
  at("no such session", "session show ffff", "not_found", { place: "sessions" }),
  at("it is mirrored", "session stop SESSION", "done", { place: "sessions" }),
  at("no such session", "session stop ffff", "not_found", { place: "sessions" }),
  at("all is well", "session verify SESSION", "done", { place: "sessions" }),
  at("a part was overwritten", "session verify", "malformed", { place: "torn" }),
  at("no such session", "session verify ffff", "not_found"),
  at("into a folder", "session restore SESSION --to one", "done", { place: "sessions" }),
  at("a file is there", "session restore SESSION --to two", "exists", {
    place: "sessions",
    first: ["session restore SESSION --to two"],
  }),
  at("no such session", "session restore ffff", "not_found"),
  at("something fits", "session search e", "done", {
    place: "sessions",
    first: ["send web-1 here"],
  }),
  at("nothing fits", "session search no-such-text"),
  at("a pattern that is none", 'session search "(" --regex', "usage"),
];

const inHarness = [
  at("nothing to say", "hook claude-code prompt", "done", { stdin: "{}" }),
  at("no event", "hook claude-code", "usage"),
  at("none is here", "setup all --local", "done", { place: "nowhere" }),
  at("nothing is there yet", "setup codex", "done", { place: "fresh" }),
  at("only to say what would be done", "setup claude-code --dry-run", "done", { place: "nowhere" }),
  at("it is missing", "setup hermes --check", "not_found", { place: "nowhere" }),
  at("no such harness", "setup frobnicate", "usage", { place: "nowhere" }),
  at("hooks have run", "doctor --hooks", "done", {
    first: ["setup codex", "hook git pre-commit", "hook codex keep"],
  }),
  at("in a project", "prime"),
  at("outside of a project", "prime", "done", { place: "nowhere" }),
  at("no number of tokens", "prime --budget few", "usage"),
  at("the list of tools", "mcp --tools", "done", { place: "nowhere" }),
  at("one word too many", "mcp now", "usage", { place: "nowhere" }),
];

const rest = [
  at("in a project", "log --all"),
  at("nothing may be listed", "log", "denied", { place: "denied" }),
  at("since the beginning", "watch --once --since AQAAAAAAAA"),
  at("nothing is new", "watch --once", "done", { place: "late" }),
  at("a cursor that is none", "watch --once --since x", "usage"),
  at("Ctrl-C", "watch --since AQAAAAAAAA", "interrupted", { signal: "SIGINT" }),
  at("a page", "replay --out page.html"),
  at("a folder for a web server", "replay --split site --agent web-1 --since 3650d"),
  at("it is too large", "replay --out large.html --max-size 1KB", "usage"),
  at("nothing is of that time", "replay --until 2000-01-01", "not_found"),
  at("no kind of bodies", "replay --bodies some", "usage"),
  at("no such folder", "replay --out nowhere/page.html", "not_found"),
  at("transcripts are there", "replay", "done", { place: "sessions" }),
  at("nothing may be listed", "replay", "denied", { place: "denied" }),
  at("Ctrl-C", "view", "interrupted", { signal: "SIGINT" }),
  at("no port", "view --port 70000", "usage"),
  at("a shell", "completion bash", "done", { place: "nowhere" }),
  at("a line so far", "completion words -- mem", "done", { place: "nowhere" }),
  at("no shell of ours", "completion tcsh", "usage", { place: "nowhere" }),
  at("all of it", "help", "done", { place: "nowhere" }),
  at("a command", "help memory set", "done", { place: "nowhere" }),
  at("the statuses", "help statuses", "done", { place: "nowhere" }),
  at("no such command", "help frobnicate", "not_found", { place: "nowhere" }),
  at("a command, by its option", "claim --help", "done", { place: "nowhere" }),
  at("the version", "--version", "done", { place: "nowhere" }),
  at("nothing, outside of a project", "", "done", { place: "nowhere" }),
  at("nothing, in a project", ""),
  at("no such command", "frobnicate", "usage", { place: "nowhere" }),
];

export const situations: readonly Situation[] = [
  ...start,
  ...claims,
  ...finishing,
  ...mail,
  ...memory,
  ...files,
  ...reserving,
  ...transcripts,
  ...inHarness,
  ...rest,
];
