#!/usr/bin/env bash
# Sources the scripts in `completions/` in real shells, types `mltrace tra`, and expects `trace` and `traces`.
# bash, zsh and fish are needed; a missing one is a failure. PowerShell is not tried.
set -euo pipefail
cd "$(dirname "$0")/../../completions"
failed=0

# expect SHELL COMMAND...: the words that the command prints are the offer.
expect() {
    local shell=$1 offer
    shift
    if ! command -v "$shell" >/dev/null; then
        echo "$shell: not installed" >&2
        failed=1
        return
    fi
    offer=$("$@" 2>&1 | sort | tr '\n' ' ') || true
    if [ "$offer" = "trace traces " ]; then
        echo "$shell: $offer"
    else
        echo "$shell: expected \`trace traces\`, got \`$offer\`" >&2
        failed=1
    fi
}

expect bash bash --noprofile --norc -c '
    source ./mltrace.bash
    COMP_WORDS=(mltrace tra) COMP_CWORD=1
    # The function that bash itself would call.
    [[ $(complete -p mltrace) =~ -F\ ([^ ]+) ]]
    "${BASH_REMATCH[1]}" mltrace tra mltrace
    printf "%s\n" "${COMPREPLY[@]}"'

expect fish fish --no-config -c '
    source ./mltrace.fish
    complete --do-complete "mltrace tra" | string split --fields 1 \t'

# zsh completes in its line editor only, so one shell types into another through a pseudo-terminal.
expect zsh timeout 30 zsh -f -c '
    zmodload zsh/zpty
    setopt extended_glob
    zpty inner "TERM=dumb zsh -f -i"
    zpty -w inner "fpath=($PWD \$fpath); autoload -Uz compinit; compinit -u -D"
    zpty -w inner "unsetopt list_ambiguous; zstyle \":completion:*\" list-separator ::; PS1=; echo re\"\"ady"
    zpty -r inner text "*ready*" || exit
    zpty -w -n inner $'\''mltrace tra\t'\''
    zpty -r inner text "*traces *::*" || exit
    for line in ${(f)text}; do
        [[ $line == (#b)([a-z]##)\ *::* ]] && print -r -- $match[1]
    done
    zpty -d inner'

exit "$failed"
