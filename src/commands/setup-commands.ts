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

/** Starts no program while no flag is up: see news-flag.ts. */
export function flagged(words: string): string {
  return `sh -c 'set -- "\${XDG_STATE_HOME:-$HOME/.local/state}"/tracecraft/news-flag/*; [ -e "$1" ] || exit 0; tracecraft hook ${words} 2>/dev/null || :'`;
}

/** A shell command that has nothing to do with a commit starts no program. */
export function guarded(words: string): string {
  return `sh -c 'exec 2>/dev/null; i=$(cat); case $i in *\\"Bash\\"*) case $i in *git*commit*|*git*push*) ;; *) exit 0;; esac;; esac; printf %s "$i" | tracecraft hook ${words} || :'`;
}
