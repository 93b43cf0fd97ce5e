"""``walkme-tui completion``: scripts for shells, made from the parser."""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from walkme_tui.cli.exit_codes import ExitCode
from walkme_tui.cli.output.streams import print_lines
from walkme_tui.cli.parser import PROGRAM, build_parser


@dataclass(frozen=True, slots=True)
class Option:
    """One option: all its spellings, and what may follow it (None: nothing, else the possible words; empty: any)."""

    names: tuple[str, ...]
    help: str
    values: tuple[str, ...] | None
    file: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where the cursor can be: the sub-commands so far, and what can stand here."""

    path: tuple[str, ...]
    actions: tuple[tuple[str, str], ...]
    options: tuple[Option, ...]
    words: tuple[str, ...]
    files: bool

    @property
    def key(self) -> str:
        """The path as the scripts hold it."""
        return " ".join(self.path)


def run(options: argparse.Namespace) -> int:
    """Print the script for the shell that is named."""
    places = list(places_of(build_parser()))
    scripts = {"bash": bash, "zsh": zsh, "fish": fish}
    print_lines(scripts[options.shell](places))
    return ExitCode.DONE


def places_of(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = (), described: Mapping[str, str] | None = None
) -> Iterator[Place]:
    """The parser and those inside it as places, outermost first.

    Options that are hidden here but ``described`` by the outermost parser are the global ones; others stay hidden.
    """
    actions: list[tuple[str, str]] = []
    options: list[Option] = []
    words: list[str] = []
    files = False
    inner: list[tuple[str, argparse.ArgumentParser]] = []
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way to look at a parser
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001 - as above
            inner += action.choices.items()
            actions += [(name, helps.get(name, "")) for name in action.choices]
        elif action.option_strings:
            name = action.option_strings[0]
            text = action.help if action.help != argparse.SUPPRESS else (described or {}).get(name)
            if text is not None:
                options.append(_option(action, text))
        else:
            words += [str(choice) for choice in action.choices or ()]
            files = files or action.type is Path
    yield Place(path, tuple(actions), tuple(options), tuple(words), files)
    described = described or {name: option.help for option in options for name in option.names}
    for name, found in inner:
        yield from places_of(found, (*path, name), described)


def _option(action: argparse.Action, text: str) -> Option:
    takes_value = action.nargs != 0
    values = tuple(str(choice) for choice in action.choices or ()) if takes_value else None
    return Option(tuple(action.option_strings), text, values, action.type is Path)


# ---------------------------------------------------------------- what the scripts share


def _valued(places: list[Place]) -> dict[str, Option]:
    """The spellings that take a value."""
    return {
        name: option
        for place in places
        for option in place.options
        if option.values is not None
        for name in option.names
    }


def _steps(places: list[Place]) -> list[tuple[str, str]]:
    """From a place and a word to the next place: ``:config`` and ``config:init``."""
    return [(f"{' '.join(place.path[:-1])}:{place.path[-1]}", place.key) for place in places if place.path]


def _candidates(place: Place) -> list[str]:
    return [
        *(name for name, _ in place.actions),
        *place.words,
        *(name for option in place.options for name in option.names),
    ]


# ---------------------------------------------------------------- bash


def bash(places: list[Place]) -> list[str]:
    """A script for bash."""
    valued = _valued(places)
    any_value = "|".join(valued)
    return [
        f"# Completion of {PROGRAM} for bash. Load it with: source <({PROGRAM} completion bash)",
        "_walkme_tui() {",
        "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}",
        "    local place= word= words= files= i",
        "    COMPREPLY=()",
        "    case $previous in",
        *_bash_values(valued),
        "    esac",
        "    for ((i = 1; i < COMP_CWORD; i++)); do",
        "        word=${COMP_WORDS[i]}",
        f"        case $word in {any_value}) ((i++)); continue ;; esac",
        "        case $place:$word in",
        *(f"            '{step}') place='{path}' ;;" for step, path in _steps(places)),
        "        esac",
        "    done",
        "    case $place in",
        *(
            f"        '{place.key}') words='{' '.join(_candidates(place))}'{' files=1' if place.files else ''} ;;"
            for place in places
        ),
        "    esac",
        '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"; [[ -n $files ]] && compgen -f -- "$current")',
        "}",
        f"complete -o filenames -F _walkme_tui {PROGRAM}",
    ]


def _bash_values(valued: dict[str, Option]) -> list[str]:
    lines: list[str] = []
    for name, option in valued.items():
        source = "-f" if option.file else f"-W '{' '.join(option.values or ())}'"
        lines.append(f'        {name}) mapfile -t COMPREPLY < <(compgen {source} -- "$current"); return ;;')
    return lines


# ---------------------------------------------------------------- zsh


def zsh(places: list[Place]) -> list[str]:
    """A script for zsh."""
    valued = _valued(places)
    any_value = "|".join(valued)
    lines = [
        f"#compdef {PROGRAM}",
        f"# Completion of {PROGRAM} for zsh. Load it with: source <({PROGRAM} completion zsh)",
        "_walkme_tui() {",
        "    local previous=${words[CURRENT-1]} place= word=",
        "    local -i i",
        "    local -a commands options",
        "    case $previous in",
    ]
    for name, option in valued.items():
        source = "_files" if option.file else f"compadd -- {' '.join(option.values or ())}"
        lines.append(f"        {name}) {source if option.file or option.values else ':'}; return ;;")
    lines += [
        "    esac",
        "    for ((i = 2; i < CURRENT; i++)); do",
        "        word=${words[i]}",
        f"        case $word in {any_value}) ((i++)); continue ;; esac",
        '        case "$place:$word" in',
        *(f"            '{step}') place='{path}' ;;" for step, path in _steps(places)),
        "        esac",
        "    done",
        "    case $place in",
    ]
    for place in places:
        commands = [_described(name, text) for name, text in place.actions] + [_quoted(word) for word in place.words]
        options = [_described(name, option.help) for option in place.options for name in option.names]
        lines += [
            f"        '{place.key}')",
            f"            commands=({' '.join(commands)})",
            f"            options=({' '.join(options)})",
            *(["            _files"] if place.files else []),
            "            ;;",
        ]
    lines += [
        "    esac",
        "    (( ${#commands} )) && _describe -t commands command commands",
        "    [[ ${words[CURRENT]} == -* ]] && _describe -t options option options",
        "    return 0",
        "}",
        'if [[ ${funcstack[1]} == _walkme_tui ]]; then _walkme_tui "$@"; else compdef _walkme_tui ' + PROGRAM + "; fi",
    ]
    return lines


def _described(name: str, text: str) -> str:
    return _quoted(f"{name}:{text}") if text else _quoted(name)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# ---------------------------------------------------------------- fish

_FISH_PLACE: Final = """\
function __walkme_tui_place
    set -l place
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end"""


def fish(places: list[Place]) -> list[str]:
    """A script for fish."""
    valued = _valued(places)
    lines = [
        f"# Completion of {PROGRAM} for fish. Load it with: {PROGRAM} completion fish | source",
        *_FISH_PLACE.splitlines(),
        f"        if contains -- $word {' '.join(valued)}",
        "            set skip 1",
        "            continue",
        "        end",
        '        switch "$place:$word"',
    ]
    for step, path in _steps(places):
        lines += [f"            case '{step}'", f"                set place '{path}'"]
    lines += ["        end", "    end", '    echo "$place"', "end", f"complete -c {PROGRAM} -f"]
    for place in places:
        when = f'complete -c {PROGRAM} -n \'test "$(__walkme_tui_place)" = "{place.key}"\''
        lines += [f"{when} -a {name} -d {_fish_quoted(text)}" for name, text in place.actions]
        lines += [f"{when} -a {word}" for word in place.words]
        lines += [f"{when} -F"] if place.files else []
        lines += [f"{when} {_fish_option(option)}" for option in place.options]
    return lines


def _fish_option(option: Option) -> str:
    spelled = [f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names]
    if option.values:
        spelled.append(f"-x -a '{' '.join(option.values)}'")
    elif option.values is not None:
        spelled.append("-r -F" if option.file else "-x")
    return " ".join([*spelled, f"-d {_fish_quoted(option.help)}"])


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
