"""The texts of the Groups tab; pure functions."""

from collections.abc import Collection, Mapping, Sequence

from textual.content import Content

from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Belonging, Difference, GroupSize, MembershipGaps
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.browser.member_reading import MembersState
from walkme_tui.ui.browser.status_messages import paragraphs
from walkme_tui.ui.widgets.group_list import GroupRow, Special

MAX_NAME = 200
MAX_MESSAGE = 200
NOT_HERE_YET = "·"
NOT_KNOWN = "?"
LEAST = "≥ "
LEAN = (
    "This account's list does not contain the groups of users. M reads the groups of all users one by one in the "
    "background, after showing how long that takes. Opening a user reads the groups of that user."
)
_TITLES = {
    Belonging.NONE: "In no group",
    Belonging.STILL_IN_GROUPS: "Inactive, still in groups",
    Belonging.UNKNOWN: "Groups unknown",
}


def were_read(row: GroupRow, read: Collection[str]) -> bool:
    """True for a group, or two compared ones, among those that listed their members (``read``, ids)."""
    if isinstance(row, GroupSize):
        return row.group.id in read
    return isinstance(row.subject, Difference) and all(group.id in read for group in row.subject)


def special_rows(
    gaps: MembershipGaps | None,
    differences: Mapping[Difference, int | None],
    coverage: Coverage | None,
    read: Collection[str] = (),
    *,
    exact: bool,
) -> Sequence[Special]:
    """The rows below the groups: who is in one marked group only, and who is in none; None: not counted yet.

    They are ``exact`` if all was known when they were counted; the members of the groups in ``read`` are known.
    """
    rows = [
        Special(each, _number(count, coverage, exact or were_read(Special(each, ""), read)))
        for each, count in differences.items()
    ]
    rows += [
        Special(belonging, _number(gaps.of(belonging) if gaps is not None else None, coverage, exact))
        for belonging in (Belonging.NONE, Belonging.STILL_IN_GROUPS)
    ]
    if gaps is not None and gaps.unknown:
        least = "" if coverage is not None and coverage.complete else LEAST
        rows.append(Special(Belonging.UNKNOWN, f"{least}{words.number(gaps.unknown)}"))
    return rows


def _number(count: int | None, coverage: Coverage | None, exact: bool) -> str:
    if not exact and coverage is not None and coverage.with_groups == 0 and coverage.loaded:
        return NOT_KNOWN
    if count is None:
        return NOT_HERE_YET
    return words.number(count) if exact else f"{LEAST}{words.number(count)}"


def title(row: GroupRow) -> str:
    """The title of the members pane for this row; clean."""
    if not isinstance(row, Special):
        return clean(row.group.label, MAX_NAME)
    if isinstance(row.subject, Difference):
        group, other = (clean(each.label, MAX_NAME) for each in row.subject)
        return f"In {group}, not in {other}"
    return _TITLES[row.subject]


def facts(row: GroupRow, known: int, coverage: Coverage | None, *, exact: bool) -> str:
    """The known number of members or users of a row; empty where nothing is known."""
    if coverage is None:
        return ""
    people = ("person", "people") if isinstance(row, Special) else ("member", "members")
    if isinstance(row, Special) and row.subject is Belonging.UNKNOWN:
        return f"{words.number(known)} of {words.number(coverage.loaded)} loaded · M reads them"
    if exact:
        when = f", complete as of {words.clock_time(coverage.as_of_ms)[:5]}" if coverage.as_of_ms is not None else ""
        return f"{words.count(known, *people)}{when}"
    if coverage.with_groups < coverage.loaded:
        least = f"{LEAST}{words.number(known)} · " if known else ""
        unknown = words.count(coverage.loaded - coverage.with_groups, "user", "users")
        return f"{least}groups of {unknown} not known yet"
    return f"{LEAST}{words.count(known, *people)} · {words.loaded_share(coverage)}"


def listed_facts(row: GroupSize, known: int, state: MembersState, now_ms: int, *, exact: bool) -> str:
    """The number of members of a group that lists them, and when it was read; empty where no reading was begun.

    ``exact``: all members are known from the users.
    """
    least = f"{'' if exact else LEAST}{words.number(known)} · " if known else ""
    message = "" if state.failure is None else clean(state.failure.message, MAX_MESSAGE)
    if state.running and state.listed is not None:
        loaded = f", {words.number(state.stored)} loaded" if state.stored < state.listed else ""
        return f"{words.count(state.listed, 'member', 'members')}{loaded}"
    if row.read_at_ms is not None:
        strangers = f", {words.count(row.strangers, 'more is no user', 'more are no users')}" if row.strangers else ""
        read = f"{words.count(known, 'member', 'members')}, read {words.ago(now_ms, row.read_at_ms)}{strangers}"
        return f"{read} · not read again: {message}" if message else read
    if message:
        return f"{least}members not read: {message}"
    if state.unreadable:
        return f"{least}{words.count(state.unreadable, 'entry', 'entries')} could not be read"
    return f"{least}reading the members…" if state.running else ""


def kept_of(
    row: GroupRow, kept: int, known: int, coverage: Coverage | None, *, exact: bool, hide_inactive: bool
) -> str:
    """``12 of 1 204`` while the members are filtered."""
    without = "inactive hidden · " if hide_inactive else ""
    of_unknown = isinstance(row, Special) and row.subject is Belonging.UNKNOWN
    number = words.number(known) if of_unknown else _number(known, coverage, exact)
    return f"{without}{words.number(kept)} of {number}"


def no_members(
    query: UserQuery, coverage: Coverage | None, state: MembersState | None = None, *, read: bool = False
) -> Content:
    """The text of an empty table of members; the query has no text.

    ``state`` is that of reading the members of the group, None where groups do not list them; ``read``: they are known.
    """
    loaded = f"{words.count(coverage.loaded, 'user', 'users')} loaded" if coverage is not None else "loaded users"
    complete = read or (coverage is not None and coverage.memberships_complete)
    hidden = "Inactive users are hidden: t shows them." if query.hide_inactive else ""
    lean = LEAN if coverage is not None and coverage.with_groups < coverage.loaded else ""
    if query.group_id == "":
        return paragraphs(("No group is chosen.", "$text-muted"))
    if query.belonging is Belonging.UNKNOWN:
        return paragraphs((f"The groups of all of the {loaded} are known.", "bold"))
    if query.belonging is Belonging.NONE:
        head = "All users are in a group." if complete else f"None of the {loaded} is known to be in no group."
    elif query.belonging is Belonging.STILL_IN_GROUPS:
        head = "No inactive user is in a group." if complete else "No inactive user is known to be in a group."
    elif query.without_group_id is not None:
        head = "No user is in the one group but not in the other."
        if not complete:
            head = f"None of the {loaded} is known to be in the one group but not in the other."
    elif complete and not query.hide_inactive:
        head = "This group has no members."
    elif state is not None and state.failure is not None:
        message = clean(state.failure.message, MAX_MESSAGE)
        return paragraphs(("The members could not be read.", "bold"), message, "R tries again.")
    elif state is not None and not complete:
        return paragraphs(("Reading the members…", "bold"))
    else:
        return paragraphs(
            ("No member is known.", "bold"), f"None of the {loaded} is known to be in this group.", hidden, lean
        )
    return paragraphs((head, "bold"), hidden, lean)
