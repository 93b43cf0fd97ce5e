"""The comparison of one person's records on both surfaces, without that of the whole account."""

from collections.abc import Mapping
from typing import Final, Protocol

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.groups import Group
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import pair_email
from walkme_tui.domain.reconcile.records import SharedGroups
from walkme_tui.domain.surface_checks import other_surface
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import User, user_label
from walkme_tui.services.changes.other_surface import OtherSurface
from walkme_tui.services.concurrency import gather_pair
from walkme_tui.services.directory import Directory
from walkme_tui.services.ports import Session
from walkme_tui.services.reconcile.comparison import Comparison, Sides
from walkme_tui.ui.dialogs.pair import PairDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.adoption import adopt
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.widgets.pair_lines import NO_RECORD, SideRecord, shown_pair

JUST_READ: Final = "read just now"
MAX_NAME: Final = 60


class ReadsPairs(Protocol):
    """The Reconcile tab: its comparison, and the records of a pair."""

    comparison: Comparison | None
    sides: Sides | None

    async def records(self, pair: Pair) -> Mapping[Surface, SideRecord]:
        """Both records as the mirrors have them; raises ``MirrorUnavailable``."""
        ...


async def compare_user(view: FlowContext, origin: Origin, user: User) -> None:
    """Read both records of a user and show them side by side; nothing is changed."""
    own, who = view.session, user_label(user)
    doing = f"Reading {who} on {other_surface(own.account.surface).upper()}"

    async def read() -> tuple[User, User | None, SharedGroups, Sides]:
        other = (await view.job_tasks.other_tasks()).session
        # The other record is found by the values of now.
        mine = (await view.directory.reread(user.id)).user
        theirs, groups = await gather_pair(OtherSurface(own, other.api).find(mine), _shared_groups(own, other))
        on_rest = own.account.surface is Surface.REST
        return mine, theirs, groups, Sides(own, other) if on_rest else Sides(other, own)

    try:
        found = await view.job_tasks.pending.request(lambda: f"{doing}… Esc stops.", read)
    except WalkmeError as error:
        report(view.app, error, doing=doing)
        return
    if found is None:
        return
    mine, theirs, groups, both = found
    sides = {
        own.account.surface: SideRecord(mine, JUST_READ),
        other_surface(own.account.surface): SideRecord(theirs, JUST_READ if theirs is not None else NO_RECORD),
    }
    pair = shown_pair(sides, groups)
    dialog = PairDialog(who, own.account, sides, pair, groups, own.clock())
    if await origin.show(dialog, f"Both records of {who} are ready"):
        await adopt(view, origin, both, groups, [pair])


async def _shared_groups(own: Session, other: Session) -> SharedGroups:
    mine, theirs = await gather_pair(_groups(own), _groups(other))
    sides = {own.account.surface: mine, other.account.surface: theirs}
    return SharedGroups.of(sides[Surface.REST], sides[Surface.SCIM])


async def _groups(session: Session) -> list[Group]:
    return [size.group for size in await Directory(session).named_groups()]


async def show_pair(view: FlowContext, origin: Origin, pairs: ReadsPairs, pair: Pair) -> None:
    """Show both records of a pair as the mirrors have them."""
    found, both = pairs.comparison, pairs.sides
    if found is None or both is None:
        return
    sides = await pairs.records(pair)
    who = clean(pair_email(pair), MAX_NAME)
    dialog = PairDialog(who, view.session.account, sides, pair, found.groups, view.session.clock())
    if await origin.show(dialog, f"Both records of {who} are ready"):
        await adopt(view, origin, both, found.groups, [pair])
