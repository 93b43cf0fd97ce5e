"""Parts that planners share: what the mirror knows about the rest of the account, and the plan itself."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from walkme_tui.domain.consequences import ADMIN, MAX_NAMESAKES, AccountFacts, is_admin
from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.plans import Consequence, Plan, PlanKind, Step, Subject
from walkme_tui.domain.text import search_key
from walkme_tui.domain.users import User
from walkme_tui.services.ports import Session

if TYPE_CHECKING:
    from walkme_tui.services.changes.other_surface import OtherRecords


async def account_facts(
    session: Session,
    users: Sequence[User],
    early: Mapping[str, Sequence[User]] | None = None,
    *,
    namesakes: bool = True,
) -> AccountFacts | None:
    """What the mirror knows about the rest of the account; None where it cannot be read.

    ``early`` are namesakes that were found before, by name.
    """
    mirror = session.mirror
    found = dict(early or {})
    names = {search_key(user.full_name) for user in users} - {"", *found} if namesakes else set()
    try:
        coverage = await mirror.coverage()
        members = {size.group.id: size.known_members for size in await mirror.groups()}
        if names:
            found |= await mirror.namesakes(sorted(names), MAX_NAMESAKES + len(users))
        other_admin = None
        if any(is_admin(user) for user in users):
            other_admin = await mirror.has_active(ADMIN, {user.id for user in users})
    except MirrorUnavailable:
        return None
    others = {
        user.id: [other for other in found.get(search_key(user.full_name), ()) if other.id != user.id] for user in users
    }
    return AccountFacts(coverage, members, others, other_admin)


def other_records(session: Session) -> "OtherRecords | None":
    """What will read users on the other surface of the profile; None where it has only one."""
    if session.other_api is None:
        return None
    from walkme_tui.services.changes.other_surface import OtherRecords, OtherSurface

    return OtherRecords(OtherSurface(session, session.other_api))


def known_elsewhere(records: "OtherRecords | None", user: User, *, active: bool) -> tuple[Consequence, ...]:
    """What the other surface knows about a user that a plan makes active or not, if there is another one."""
    if records is None:
        return ()
    from walkme_tui.domain.surface_checks import surface_consequence

    return (surface_consequence(user, records.by_user[user.id], records.other.surface, active=active),)


def new_plan(session: Session, kind: PlanKind, subjects: Iterable[Subject], steps: tuple[Step, ...]) -> Plan:
    """A plan for the account of a session, made now."""
    account = session.account
    return Plan(
        kind,
        account.profile,
        account.base_url,
        session.clock(),
        tuple(subjects),
        steps,
        surface=account.surface,
    )
