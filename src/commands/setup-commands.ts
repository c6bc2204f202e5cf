/** An event of a harness, and the line that it runs. Codex trusts a line by its hash, so none of these ever changes. */
export interface HookLine {
  /** As the harness names it. */
  readonly on: string;
  readonly matcher?: string;
  readonly command: string;
  readonly timeoutS: number;
}

/** Waits for the answer. Without the program on this machine, or when it dies, nothing is said and all goes on. */
export function waited(words: string): string {
  return `sh -c 'tracecraft hook ${words} 2>/dev/null || :'`;
}

/** Reads the event, and leaves the work to a process that nobody waits for. */
export function behind(words: string): string {
  return `sh -c 'i=$(cat); (printf %s "$i" | tracecraft hook ${words} >/dev/null 2>&1 &)'`;
}

/**
 * Starts no program while no flag is up for this session: see news-flag.ts. The event is read as far as one `dd` reads,
 * since finding something in a long text takes a shell the square of its length; one that names no session in there is
 * taken for flagged.
 */
export function flagged(words: string): string {
  const folder = 'd="${XDG_STATE_HOME:-$HOME/.local/state}"/tracecraft/news-flag';
  const some = 'set -- "$d"/*; [ -e "$1" ] || exit 0';
  const read = "i=$(dd bs=4096 count=1)";
  const session = 's=${i#*\\"session_id\\":}; s=${s#*\\"}; s=${s%%\\"*}';
  const own = 'set -- "$d"/any.* "$d/$s".*; [ -e "$1" ] || [ -e "$2" ] || exit 0';
  const ask = `{ printf %s "$i"; cat; } | tracecraft hook ${words} || :`;
  return `sh -c 'exec 2>/dev/null; ${folder}; ${some}; ${read}; case $i in *\\"session_id\\":*) ${session}; ${own};; esac; ${ask}'`;
}

/** A command of the harness's own shell, `tool`, that has nothing to do with a commit starts no program. */
export function guarded(words: string, tool = "Bash"): string {
  const shell = ["", " "].map((space) => `*\\"tool_name\\":${space && "\\ "}\\"${tool}\\"*`).join("|");
  return `sh -c 'exec 2>/dev/null; i=$(cat); case $i in ${shell}) case $i in *git*commit*|*git*push*) ;; *) exit 0;; esac;; esac; printf %s "$i" | tracecraft hook ${words} || :'`;
}
