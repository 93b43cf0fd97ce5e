"""The scripts that ``walkme-tui completion`` prints, made by shtab from the parser.

``python -m tests.support.completion_scripts`` writes them; run it after a change to the options or their help.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import shtab

from walkme_tui.cli.commands.completion import SCRIPTS
from walkme_tui.cli.output.messages import PROGRAM
from walkme_tui.cli.parser import build_parser

SHELLS: Final = ("bash", "zsh", "fish")
NAMED: Final = {"profile": "profiles", "group": "groups", "query": "views", "filter": "views"}
"""Arguments whose values the program lists: ``completion groups`` lists those of GROUP."""

# Each calls ``walkme-tui completion KIND`` with the --profile of the line that is being completed. A first word that
# begins with @ is completed as the QUERY of ``browse``.
_BASH: Final = """\
_walkme_tui_names() {
  local kind=$1 word=${2//\\\\/} quote="" name profile="" i
  for ((i = 1; i < COMP_CWORD - 1; i++)); do
    [[ ${COMP_WORDS[i]} == --profile ]] && profile=${COMP_WORDS[i + 1]}
  done
  [[ $word == [\\"\\']* ]] && quote=${word:0:1} word=${word:1}
  while IFS= read -r name; do
    [[ $name == "$word"* ]] || continue
    if [[ -n $quote || $name == @* ]]; then printf '%s\\n' "$name"; else printf '%q\\n' "$name"; fi
  done < <(walkme-tui completion "$kind" ${profile:+--profile "$profile"} 2>/dev/null)
}
_walkme_tui_profiles() { _walkme_tui_names profiles "$1"; }
_walkme_tui_groups() { _walkme_tui_names groups "$1"; }
_walkme_tui_views() { _walkme_tui_names views "$1"; }

# Bash splits a word at "@": join the parts again.
_walkme_tui() {
  local joined=() word at=""
  for word in "${COMP_WORDS[@]:0:COMP_CWORD + 1}"; do
    if [[ $word == @ ]]; then at=@; else joined+=("$at$word") at=""; fi
  done
  [[ -n $at ]] && joined+=("@")
  [[ ${joined[1]} == @* ]] && joined=("${joined[0]}" browse "${joined[@]:1}")
  COMP_WORDS=("${joined[@]}") COMP_CWORD=$((${#joined[@]} - 1))
  _shtab_walkme_tui
}"""
_ZSH: Final = """\
_walkme_tui_names() {
  local -a line=(${(Q)${(z)LBUFFER}}) profile=() names=()
  local -i at=${line[(I)--profile]}
  (( at && at + 1 < ${#line} )) && profile=(--profile "$line[at+1]")
  names=("${(@f)$(walkme-tui completion $@[-1] $profile 2>/dev/null)}")
  compadd "${@[1,-2]}" -- $names
}
_walkme_tui() {
  [[ $words[2] == @* ]] && words=($words[1] browse $words[2,-1]) && (( CURRENT += 1 ))
  _shtab_walkme_tui "$@"
}"""
_FISH: Final = """\
function _walkme_tui_names
  set -l line (commandline -opc)
  set -l profile
  if set -l at (contains -i -- --profile $line); and test $at -lt (count $line)
    set profile --profile $line[(math $at + 1)]
  end
  walkme-tui completion $argv[1] $profile 2>/dev/null
end"""
_FISH_VIEWS: Final = """\
complete -c walkme-tui -n '_shtab_walkme_tui_using; and string match -q "@*" -- (commandline -ct)' \\
  -ka '(_walkme_tui_names views)'"""


def script(shell: str) -> str:
    """The completion script for a shell."""
    parser = build_parser()
    shown = {option: action.help for action in parser._actions for option in action.option_strings}
    for action in _actions(parser):
        if action.help == argparse.SUPPRESS and action.option_strings:
            # The help of a sub-command leaves the global options out; they can be typed there nevertheless.
            action.help = shown.get(action.option_strings[0], argparse.SUPPRESS)
        if action.type is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]  # where shtab looks for it
        elif action.dest in NAMED:
            action.complete = _names(NAMED[action.dest])  # type: ignore[attr-defined]  # as above
        elif not action.option_strings and not action.choices:
            # Any text, but in zsh an option is not one: without this it would offer no options here.
            action.complete = {"zsh": "_guard '^-*' text"}  # type: ignore[attr-defined]  # as above
    made = shtab.complete(parser, shell).rstrip()
    if shell == "bash":
        return _replaced(made, "complete -o bashdefault -F _shtab_walkme_tui", "complete -o bashdefault -F _walkme_tui")
    if shell == "zsh":
        # shtab 1.13 knows "eval" only, and "source <(…)" is what people have in .zshrc.
        made = _replaced(made, "[[ $zsh_eval_context[-1] == eval ]]", "[[ $zsh_eval_context[-1] == (eval|file) ]]")
        made = _replaced(made, "compdef _shtab_walkme_tui -N", "compdef _walkme_tui")
        return _replaced(made, 'directly\n  _shtab_walkme_tui "$@"', 'directly\n  _walkme_tui "$@"')
    return f"{made}\n{_FISH_VIEWS}\n"


def _replaced(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise ValueError(f"this version of shtab does not write {old!r} once")
    return f"{text.replace(old, new).rstrip()}\n"


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _actions(inner)


def _names(kind: str) -> dict[str, str | dict[str, str]]:
    return {
        "bash": f"_walkme_tui_{kind}",
        "zsh": f"_walkme_tui_names {kind}",
        "fish": f"(_walkme_tui_names {kind})",
        "preamble": {"bash": _BASH, "zsh": _ZSH, "fish": _FISH},
    }


if __name__ == "__main__":
    for each in SHELLS:
        SCRIPTS.mkdir(exist_ok=True)
        (SCRIPTS / f"{PROGRAM}.{each}").write_text(script(each), encoding="utf-8")
