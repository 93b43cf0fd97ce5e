"""May this session write, and to this account? Refused here, whatever the screen or the command line let through."""

from typing import Final

from walkme_tui.domain.errors import ConfigurationError, PermissionRefused, ReadOnlyRefused
from walkme_tui.domain.permissions import WRITE_SCOPE
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 120


def require_permission(session: Session, plan: Plan) -> None:
    """Raise ``ReadOnlyRefused``, ``ConfigurationError`` for a plan of another account, or ``PermissionRefused``."""
    account = session.account
    profile = clean(account.profile, MAX_SHOWN)
    if account.read_only:
        raise ReadOnlyRefused(
            f"The profile {profile} is read-only, so nothing was sent.",
            hint="Leave out --read-only, or take read_only out of the profile.",
        )
    if (plan.profile, plan.base_url) != (account.profile, account.base_url):
        made_for = f"profile {clean(plan.profile, MAX_SHOWN)}, {clean(plan.base_url, MAX_SHOWN)}"
        raise ConfigurationError(
            f"The plan was made for another account ({made_for}), so nothing was sent.",
            hint="Use the profile that it was made for, or make the plan again.",
        )
    require_scope(session)


def require_scope(session: Session) -> None:
    """Raise ``PermissionRefused`` where the token is known to lack the right to write."""
    scopes = session.api.scopes
    if scopes is not None and WRITE_SCOPE not in scopes:
        raise PermissionRefused(
            f"The API key of profile {clean(session.account.profile, MAX_SHOWN)} lacks the scope {WRITE_SCOPE}.",
            hint="Add it to the API key in the WalkMe Console, then sign in again.",
            status=None,
            scope=WRITE_SCOPE,
        )
