"""The comparison of one person's records on both surfaces, without that of the whole account."""

import asyncio
from collections.abc import Mapping
from typing import Final, Protocol

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import pair_email
from walkme_tui.domain.surface_checks import other_surface
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import User, user_label
from walkme_tui.services.reconcile.comparison import Comparison, Sides
from walkme_tui.services.reconcile.person import Person, read_person
from walkme_tui.ui.dialogs.pair import PairDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.adoption import adopt
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.widgets.pair_lines import NO_RECORD, SideRecord

JUST_READ: Final = "read just now"
MAY_HAVE_MORE: Final = "There may be more records of this person: not all users of {} are read. Tab 3 reads them."
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

    async def read() -> tuple[Person, Sides]:
        other = (await view.job_tasks.other_tasks()).session
        sides = Sides.joined(own, other)
        return await read_person(sides, own.account.surface, user.id), sides

    try:
        read_both = await view.job_tasks.pending.request(lambda: f"{doing}… Esc stops.", read)
    except WalkmeError as error:
        report(view.app, error, doing=doing)
        return
    if read_both is None:
        return
    found, both = read_both
    sides = {
        surface: SideRecord(record, JUST_READ if record is not None else NO_RECORD)
        for surface, record in found.records.items()
    }
    incomplete = " and ".join(surface.upper() for surface in found.incomplete)
    note = MAY_HAVE_MORE.format(incomplete) if incomplete else ""
    dialog = PairDialog(who, own.account, sides, found.pair, found.others, found.groups, own.clock(), note)
    if await origin.show(dialog, f"Both records of {who} are ready"):
        await adopt(view, origin, both, found.groups, [found.pair])


async def show_pair(view: FlowContext, origin: Origin, pairs: ReadsPairs, pair: Pair) -> None:
    """Show both records of a pair as the mirrors have them."""
    found, both = pairs.comparison, pairs.sides
    if found is None or both is None:
        return
    sides = await pairs.records(pair)
    who = clean(pair_email(pair), MAX_NAME)
    others = await asyncio.to_thread(found.others, pair)
    dialog = PairDialog(who, view.session.account, sides, pair, others, found.groups, view.session.clock())
    if await origin.show(dialog, f"Both records of {who} are ready"):
        await adopt(view, origin, both, found.groups, [pair])
