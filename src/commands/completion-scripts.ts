const bash = `_tracecraft() {
  local IFS=$'\\n'
  COMPREPLY=($(tracecraft completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _tracecraft tracecraft`;

const zsh = `#compdef tracecraft
_tracecraft() {
  local -a found
  found=("\${(@f)$(tracecraft completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  found=(\${found:#})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
if [ "$funcstack[1]" = "_tracecraft" ]; then _tracecraft "$@"; else compdef _tracecraft tracecraft; fi`;

const fish = `complete -c tracecraft -f -a '(tracecraft completion words -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'`;

/** Each asks the program itself, so they never grow old. */
export const completionScripts: Readonly<Record<string, string>> = { bash, zsh, fish };
