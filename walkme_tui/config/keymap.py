"""Reads the table ``[keys]``: which key runs which command."""

from walkme_tui.config.key_names import KeyRefused, clashes, normalised_key
from walkme_tui.config.sections import Section, nearest
from walkme_tui.domain.commands import COMMANDS
from walkme_tui.domain.text import clean


def read_keymap(section: Section) -> dict[str, tuple[str, ...]]:
    """The commands with changed keys, and their key names; reports unknown ids, invalid keys and clashes."""
    known = {command.id for command in COMMANDS}
    keymap: dict[str, tuple[str, ...]] = {}
    for command_id, value in _flat(section.values):
        if command_id not in known:
            message = f'"{clean(command_id, 60)}" in [keys] is not a command.'
            section.add_problem(command_id, message, nearest(command_id, sorted(known)))
            continue
        keys = _keys(section, command_id, value)
        if keys:
            keymap[command_id] = keys
    _check_clashes(section, keymap)
    return keymap


def _flat(values: dict[str, object], before: str = "") -> list[tuple[str, object]]:
    """The ids with their values; without quotes, TOML reads ``user.edit`` as a table in a table."""
    found: list[tuple[str, object]] = []
    for key, value in values.items():
        name = f"{before}{key}"
        found += _flat(value, f"{name}.") if isinstance(value, dict) else [(name, value)]
    return found


def _keys(section: Section, command_id: str, value: object) -> tuple[str, ...]:
    listed: list[object] = value if isinstance(value, list) else [value]
    written = [key for key in listed if isinstance(key, str)]
    if not written or len(written) < len(listed):
        section.add_problem(command_id, f'"{command_id}" in [keys] must be a key in quotes, or a list of keys.')
        return ()
    keys: list[str] = []
    for key in written:
        try:
            name = normalised_key(key)
        except KeyRefused as refusal:
            section.add_problem(command_id, f'"{clean(key, 30)}" cannot be the key of {command_id}.', str(refusal))
            continue
        if name not in keys:
            keys.append(name)
    return tuple(keys)


def _check_clashes(section: Section, keymap: dict[str, tuple[str, ...]]) -> None:
    whole = {command.id: keymap.get(command.id, command.keys) for command in COMMANDS}
    for key, ids in clashes(whole).items():
        ours = next((command_id for command_id in ids if command_id in keymap), None)
        if ours is None:
            continue
        others = " and ".join(command_id for command_id in ids if command_id != ours)
        section.add_problem(
            ours,
            f'the key {key} of "{ours}" also runs "{others}".',
            "Use another key, or change that of the other command in [keys] too.",
        )
