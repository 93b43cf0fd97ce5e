"""Reads the source of a secret from a table of ``config.toml``: exactly one key for each secret."""

import re
from pathlib import Path
from typing import Final

from walkme_tui.config.secrets import CommandSource, FileSource, KeyringSource, SecretSource, VariableSource
from walkme_tui.config.sections import Section

KINDS: Final = ("command", "env", "file", "keyring")

# Likely names of keys whose value is a secret.
SECRET_NAMES: Final = frozenset(
    {
        "secret",
        "client_secret",
        "clientsecret",
        "token",
        "scim_token",
        "access_token",
        "bearer",
        "bearer_token",
        "api_token",
        "password",
        "passwd",
        "passphrase",
        "api_key",
        "apikey",
    }
)
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def source_keys(credential: str) -> tuple[str, ...]:
    """The keys for the sources of this credential: ``secret_command``, ``secret_env`` and so on."""
    return tuple(f"{credential}_{kind}" for kind in KINDS)


def refuse_secrets(section: Section) -> None:
    """Report every key whose value is a secret, and remove it, so that nothing else reads it."""
    for key in [key for key in section.values if key.lower().replace("-", "_") in SECRET_NAMES]:
        credential = "token" if "token" in key or "bearer" in key else "password" if "pass" in key else "secret"
        section.add_problem(
            key,
            f'"{key}" {section.place} contains a secret, which is not allowed in this file.',
            f"Remove it, renew the secret, and name its source: {', '.join(source_keys(credential))}.",
        )
        del section.values[key]


def read_source(section: Section, credential: str, default_username: str) -> SecretSource | None:
    """The source of ``credential`` (``secret``, ``token`` or ``password``); None after a reported problem.

    ``default_username`` is the user name of the keyring entry if the file names only the service.
    """
    named = [key for key in source_keys(credential) if key in section.values]
    if not named:
        section.add_problem(
            "",
            f"{section.title} does not say where its {credential} comes from.",
            f"Name one source: {', '.join(source_keys(credential))}.",
        )
        return None
    if len(named) > 1:
        section.add_problem(
            named[1],
            f"{section.title} names {len(named)} sources of its {credential}: {', '.join(named)}.",
            "Keep exactly one.",
        )
        return None
    key = named[0]
    if key.endswith("_keyring"):
        return _keyring(section, key, default_username)
    if key.endswith("_command"):
        return _command(section, key)
    return _variable(section, key) if key.endswith("_env") else _file(section, key)


def _command(section: Section, key: str) -> SecretSource | None:
    value = section.values[key]
    if not isinstance(value, list):
        section.add_problem(
            key,
            f'"{key}" in {section.title} must be a list of words, as in ["pass", "show", "walkme/acme"].',
            "It is run without a shell: each word is one argument.",
        )
        return None
    words = section.text_list(key)
    if words is None:
        return None
    if not words or not words[0] or any("\0" in word for word in words):
        section.add_problem(key, f'"{key}" in {section.title} names no program.')
        return None
    return CommandSource(words)


def _variable(section: Section, key: str) -> SecretSource | None:
    name = section.text(key)
    if name is None:
        return None
    if not _VARIABLE.fullmatch(name):
        # The value is not shown: it may be the secret itself.
        section.add_problem(
            key,
            f'"{key}" in {section.title} must be the name of a variable: letters, digits and _ only.',
            "If the value is the secret itself, remove it from this file.",
        )
        return None
    return VariableSource(name)


def _file(section: Section, key: str) -> SecretSource | None:
    path = section.text(key)
    if path is not None and not path.isprintable():
        section.add_problem(key, f'"{key}" in {section.title} is not a path: it contains control characters.')
        return None
    return None if path is None else FileSource(resolved_path(section, path))


def _keyring(section: Section, key: str, default_username: str) -> SecretSource | None:
    value = section.values[key]
    if isinstance(value, str):
        service = section.text(key)
        return None if service is None else KeyringSource(service, default_username)
    words = section.text_list(key) if isinstance(value, list) else None
    if words is None or len(words) != 2 or not all(words):
        section.add_problem(
            key, f'"{key}" in {section.title} must be the name of a service, or a list of service and user name.'
        )
        return None
    return KeyringSource(words[0], words[1])


def resolved_path(section: Section, path: str) -> Path:
    """A path in the file: ``~`` is the home folder, a relative path starts at the file's folder."""
    expanded = Path(path)
    if path.startswith("~"):
        try:
            expanded = expanded.expanduser()
        except RuntimeError:
            return expanded
    return section.file.path.parent / expanded
