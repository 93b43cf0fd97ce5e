"""Why a command may not change the account."""

from collections.abc import Collection

from walkme_tui.domain.accounts import DELETE_SCOPE, Account
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.commands import Command
from walkme_tui.domain.text import clean

MAX_SHOWN = 60


def why_not(command: Command, account: Account, scopes: Collection[str] | None, refused: str | None = None) -> str:
    """Why a command cannot be used, as a phrase (``the profile acme is read-only``); empty if it can.

    ``scopes`` are those of the token (None: unknown), ``refused`` is the scope that was missing when the server refused
    a change (empty: it named none; None: it refused nothing).
    """
    if command.needs and (reason := getattr(capabilities(account.surface), command.needs)):
        return str(reason)
    if not command.writes:
        return ""
    if account.read_only:
        return f"the profile {clean(account.profile, MAX_SHOWN)} is read-only"
    if scopes is not None and command.scope not in scopes:
        return f"the token lacks the scope {command.scope}"
    if refused == DELETE_SCOPE != command.scope:
        return ""
    if refused:
        return f"the token lacks the scope {clean(refused, MAX_SHOWN)}"
    if refused is not None:
        return "the server refused changes with these credentials"
    return ""
