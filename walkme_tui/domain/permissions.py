"""Why the account may not be changed."""

from collections.abc import Collection

from walkme_tui.domain.accounts import DELETE_SCOPE, WRITE_SCOPE, Account
from walkme_tui.domain.commands import Command
from walkme_tui.domain.text import clean

MAX_SHOWN = 60


def why_not(command: Command, account: Account, scopes: Collection[str] | None, refused: str | None = None) -> str:
    """Why a command of the surface cannot be used, as a phrase (``the profile acme is read-only``); empty if it can.

    ``scopes`` and ``refused`` as for ``refusal``.
    """
    return refusal([WRITE_SCOPE], account, scopes, refused) if command.sends else ""


def refusal(
    wanted: Collection[str], account: Account, scopes: Collection[str] | None, refused: str | None = None
) -> str:
    """Why changes that need these scopes cannot be sent, as a phrase; empty if they can.

    ``scopes`` are those of the token (None: unknown), ``refused`` is the scope that was missing when the server refused
    a change (empty: it named none; None: it refused nothing).
    """
    if account.read_only:
        return f"the profile {clean(account.profile, MAX_SHOWN)} is read-only"
    missing = [scope for scope in sorted(wanted) if scopes is not None and scope not in scopes]
    if missing:
        return f"the token lacks the scope {missing[0]}"
    if refused == DELETE_SCOPE and DELETE_SCOPE not in wanted:
        return ""
    if refused:
        return f"the token lacks the scope {clean(refused, MAX_SHOWN)}"
    if refused is not None:
        return "the server refused changes with these credentials"
    return ""
