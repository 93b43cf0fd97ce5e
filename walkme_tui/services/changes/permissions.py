"""Checks whether a session may execute a plan, whatever the browser or the command line checked before."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.domain.errors import ConfigurationError, PermissionRefused, PlanTooLarge, ReadOnlyRefused
from walkme_tui.domain.plans import MAX_STEPS_PER_USER, Plan, Step, Subject
from walkme_tui.domain.text import clean, spaced
from walkme_tui.domain.users import User, user_label
from walkme_tui.services.changes.group_lookups import require_group_api
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 120


def require_permission(session: Session, plan: Plan) -> None:
    """Raise ``ReadOnlyRefused``, ``ConfigurationError`` for a plan of another account or surface, ``PlanTooLarge``, or
    ``PermissionRefused``.
    """
    account = session.account
    require_writable(account)
    require_surface(account, "The plan", plan.surface)
    if (plan.profile, plan.base_url) != (account.profile, account.base_url):
        made_for = f"profile {clean(plan.profile, MAX_SHOWN)}, {clean(plan.base_url, MAX_SHOWN)}"
        raise ConfigurationError(
            f"The plan was made for another account ({made_for}), so nothing was sent.",
            hint="Use the profile that it was made for, or make the plan again.",
        )
    if plan.groups:
        require_group_api(session)
    require_size(plan.steps, plan.subjects)
    for scope in sorted({step.change.scope for step in plan.steps}):
        require_scope(session, scope)


def require_writable(account: Account) -> None:
    """Raise ``ReadOnlyRefused`` for a read-only profile."""
    if account.read_only:
        raise ReadOnlyRefused(
            f"The profile {clean(account.profile, MAX_SHOWN)} is read-only, so nothing was sent.",
            hint="Leave out --read-only, or remove read_only from the profile.",
        )


def require_surface(account: Account, what: str, surface: Surface) -> None:
    """Raise ``ConfigurationError`` where a plan, a job or a receipt belongs to another surface."""
    ours = account.surface
    if surface is not ours:
        raise ConfigurationError(
            f"{what} was made through {surface.value.upper()}, and this is {ours.value.upper()}, so nothing was sent.",
            hint=f"Use the surface that it was made for: --surface {surface.value}.",
        )


def require_scope(session: Session, scope: str) -> None:
    """Raise ``PermissionRefused`` where the token is known to lack this scope."""
    scopes = session.api.scopes
    if scopes is not None and scope not in scopes:
        raise PermissionRefused(
            f"The API key of profile {clean(session.account.profile, MAX_SHOWN)} lacks the scope {scope}.",
            hint="Add it to the API key in the WalkMe Console, then sign in again.",
            status=None,
            scope=scope,
        )


def require_size(steps: Sequence[Step], subjects: Iterable[Subject]) -> None:
    """Raise ``PlanTooLarge`` where one user would be changed in too many steps."""
    for user_id, count in Counter(step.subject_id for step in steps).items():
        if count > MAX_STEPS_PER_USER:
            user = next((subject.user for subject in subjects if subject.user.id == user_id), User(user_id))
            raise PlanTooLarge(
                f"The plan would change {user_label(user)} in {spaced(count)} steps, about one for each group; "
                f"at most {MAX_STEPS_PER_USER} are possible for one person.",
                hint="With --keep-groups the person is only deactivated. Remove the groups in the WalkMe Console.",
            )
