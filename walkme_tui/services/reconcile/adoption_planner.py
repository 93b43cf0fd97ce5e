"""Plans that make one surface of an account like the other, for some people."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.consequences import identity_provider, note
from walkme_tui.domain.errors import LookUpIgnored
from walkme_tui.domain.plans import Consequence, Plan, PlanKind, Subject, numbered
from walkme_tui.domain.reconcile.adoption import adopt, kept_text
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.pair_text import pair_email
from walkme_tui.domain.reconcile.records import SharedGroups
from walkme_tui.domain.surface_checks import other_surface
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import User, user_label
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps
from walkme_tui.services.changes.other_surface import OtherSurface
from walkme_tui.services.changes.permissions import require_size
from walkme_tui.services.changes.plan_parts import new_plan
from walkme_tui.services.concurrency import ProgressListener, gather_bounded, gather_pair
from walkme_tui.services.ports import Session
from walkme_tui.services.reconcile.comparison import Sides

MAX_SHOWN: Final = 80
ADVICE: Final = "Correct it there too, or it differs again."


class AdoptionPlanner:
    """Makes these plans for the account of two sessions; every call reads the people on both surfaces."""

    def __init__(self, sides: Sides, groups: SharedGroups) -> None:
        self._sides = sides
        self._groups = groups

    async def plan(
        self, pairs: Sequence[Pair], surface: Surface, *, on_progress: ProgressListener = lambda _: None
    ) -> Plan:
        """The plan that changes ``surface``: each person's record there becomes like that of the other surface.

        No user is deleted: a person whom only ``surface`` has is deactivated, one whom only the other has is created,
        both if look-ups find no second record either. Who already is so has no step. Duplicates, what cannot be
        adopted, and that inactive records stay, are sentences in ``left_out``. ``on_progress`` receives the number of
        records read, of ``records_to_read``. Raises ``ApiError`` and ``PlanTooLarge``.
        """
        target, source = self._sides.of(surface), self._sides.of(other_surface(surface))
        wanted = _adoptable(pairs)
        left_out = [
            f"{clean(pair_email(pair), MAX_SHOWN)}: a duplicate, decide by hand which record stays."
            for pair in pairs
            if PairClass.DUPLICATE in pair.classes
        ]
        ids = [_ids(pair, surface) for pair in wanted]
        async with GroupNames(target) as names, GroupNames(source) as other_names:
            there, _ = await gather_pair(
                PlanLookUps(source, other_names).current([other for _, other in ids if other], on_progress),
                other_names.read_mirror(),
            )
            own, _ = await gather_pair(
                PlanLookUps(target, names).current(
                    [mine for mine, _ in ids if mine], lambda read: on_progress(len(there) + read)
                ),
                names.read_mirror(),
            )
            records = [(own.get(mine or ""), there.get(other or "")) for mine, other in ids]
            own_side, other_side = OtherSurface(source, target.api), OtherSurface(target, source.api)
            doubts = await gather_bounded(
                _doubt(other_side, source, user)
                if user is not None and theirs is None
                else _doubt(own_side, target, theirs if user is None else None)
                for user, theirs in records
            )
        changes: list[Change] = []
        subjects: list[Subject] = []
        kept: dict[bool, list[User]] = {False: [], True: []}
        for (user, theirs), doubt in zip(records, doubts, strict=True):
            if doubt:
                left_out.append(doubt)
                continue
            adopted = adopt(surface, user, theirs, self._groups)
            left_out += adopted.left_out
            if user is not None and theirs is None:
                kept[not adopted.changes].append(user)
            if not adopted.changes and (user is None or adopted.left_out):
                continue
            changes += adopted.changes
            subjects.append(self._subject(target.clock(), names, user, theirs, adopted.changes))
        left_out += [kept_text(surface, people, already=already) for already, people in kept.items() if people]
        steps = numbered(changes)
        require_size(steps, subjects)
        plan = new_plan(target, PlanKind.RECONCILE, subjects, steps)
        return replace(plan, left_out=tuple(left_out), consequences=_consequences(surface))

    def _subject(
        self, read_at_ms: int, names: GroupNames, user: User | None, other: User | None, changes: Sequence[Change]
    ) -> Subject:
        if user is None:
            user = changes[0].apply(User(changes[0].subject_id))._replace(status=None)
        subject = Subject(user, read_at_ms, names.groups_of(user))
        found = identity_provider(other if other is not None else user, ADVICE) if changes else ()
        return replace(subject, consequences=tuple(found))


def records_to_read(pairs: Sequence[Pair]) -> int:
    """How many records a plan reads again; looking for people that one side lacks takes further requests."""
    return sum((pair.rest is not None) + (pair.scim is not None) for pair in _adoptable(pairs))


def _adoptable(pairs: Sequence[Pair]) -> list[Pair]:
    return [pair for pair in pairs if PairClass.DUPLICATE not in pair.classes]


async def _doubt(surface: OtherSurface, session: Session, alone: User | None) -> str:
    """Why a user whom only the other side has may have a record on this ``surface``; empty if there is surely none.

    Otherwise a user on a page that was not read yet would be deactivated, or created for the second time.
    """
    if alone is None:
        return ""
    name = surface.surface.upper()
    # No look-up by external id proves anything, and the surfaces may have ids of their own.
    proven = isinstance(alone.email, str) and bool(alone.email) and not alone.external_id
    try:
        if await surface.find(alone) is not None:
            return f"{user_label(alone)}: {name} has a record too, compare again."
    except LookUpIgnored:
        proven = False
    if proven or (await session.mirror.coverage()).complete:
        return ""
    return f"{user_label(alone)}: it is not certain that {name} has no record, because not all its users are read."


def _consequences(surface: Surface) -> tuple[Consequence, ...]:
    source = other_surface(surface).value.upper()
    return (note(f"{source} is adopted: each person on {surface.value.upper()} becomes as {source} has them now."),)


def _ids(pair: Pair, surface: Surface) -> tuple[str | None, str | None]:
    """The ids of the records on ``surface`` and on the other one, None where there is no record."""
    own, other = (None if side is None else side.id for side in (pair.on(surface), pair.on(other_surface(surface))))
    return own, other
