"""The texts of the bars and of empty tables; pure functions."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.content import Content

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.coverage import Coverage, Total
from walkme_tui.domain.errors import ApiError, PermissionRefused, SecretUnavailable, SignInRefused, WalkmeError
from walkme_tui.domain.mirrored import Undecided
from walkme_tui.domain.queries import SORT_NAMES, Sort, SortKey, UserQuery
from walkme_tui.domain.setup_chain import LINK_PLACES, SetupFinding, SetupLink
from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.safe import Part, joined, lines
from walkme_tui.ui.widgets.status_line import StatusMessage
from walkme_tui.ui.widgets.text_style import TextStyle

MAX_MESSAGE = 400
DIM = "$text-muted"
CLEARS = "Esc clears the filter."


class LoadTrouble(NamedTuple):
    """Why no page can be loaded; retried in ``again_in`` seconds, None: only by the user."""

    error: WalkmeError
    again_in: float | None


class Position(NamedTuple):
    """Where the cursor of a list is: rows are counted from 0, ``visible`` are on the screen, from ``first`` on.

    ``exact`` is False while ``rows`` is a lower bound. ``marked`` counts the marks, also those on other rows.
    """

    row: int
    rows: int
    exact: bool
    first: int
    visible: int
    marked: int


def trouble_message(
    trouble: LoadTrouble, coverage: Coverage | None, now_ms: int, source: str, account: Account
) -> StatusMessage:
    """One sentence for the status line: what is shown, what comes next, what happened.

    A narrow screen cuts the end.
    """
    error = trouble.error
    if _credentials(error):
        set_up = isinstance(error, ApiError) and error.setup is not None
        why = clean(error.hint, MAX_MESSAGE) if set_up else _sign_in_words(account, source)
        return StatusMessage(f"R reads the secret again. {why}", TextStyle.BAD)
    shown = ""
    if coverage is not None and coverage.loaded and coverage.as_of_ms is not None:
        shown = f"Rows from {words.age(now_ms, coverage.as_of_ms)} ago are shown. "
    text = f"{shown}{_next_try(trouble)} {clean(error.message, MAX_MESSAGE)}"
    return StatusMessage(text, TextStyle.BAD if isinstance(error, PermissionRefused) else TextStyle.WARN)


def no_rows_yet(account: Account, trouble: LoadTrouble | None, source: str) -> Content:
    """The text of the table before the first answer."""
    if trouble is None:
        requesting = f"Requesting the users of this account from {clean(account.base_url, 100)}…"
        return paragraphs((requesting, DIM), (f"The secret to sign in with comes from {clean(source, 200)}.", DIM))
    error = trouble.error
    message, hint = clean(error.message, MAX_MESSAGE), clean(error.hint, MAX_MESSAGE)
    chain = setup_chain(error.setup) if isinstance(error, ApiError) and error.setup is not None else ""
    if _credentials(error):
        details = f"{message} {hint}".rstrip()
        keys = "R reads the secret again and tries again.   C switches profiles."
        head = f"{_not_signed_in(account)}." if chain else _sign_in_words(account, source)
        return paragraphs((head, "bold $error"), details, keys, chain)
    kept = f"Nothing was stored by an earlier start, so there are no rows to show. {_next_try(trouble)}"
    return paragraphs((message, "bold $warning"), hint, kept, chain)


def setup_chain(finding: SetupFinding) -> Content:
    """What SCIM needs, a line a link, with a sign and a word at each that may be missing."""
    width = max(map(len, SetupLink))
    rows = [joined("SCIM needs all of:")]
    for link in SetupLink:
        name = f"{link.value:<{width}}"
        if link is finding.likely:
            rows.append(joined(("! ", "bold $error"), (name, "bold"), ("  likely missing  ", "bold $error")))
        elif link in finding.possible:
            rows.append(joined(("? ", "$warning"), name, ("  may be missing  ", "$warning")))
        else:
            rows.append(joined(("· ", DIM), (f"{name}{' ' * 18}", DIM)))
        rows[-1] = joined(rows[-1], (LINK_PLACES[link], DIM))
    return lines(rows)


def no_rows(
    query: UserQuery,
    coverage: Coverage | None,
    look_up: StatusMessage | None,
    offer: str = "",
    undecided: Undecided | None = None,
) -> Content:
    """The text of an empty table of users; the filter is ``undecided`` for some, None for none."""
    if not query.narrows:
        advice = "Users are added in the WalkMe Console or by your identity provider."
        return paragraphs(("This account has no users.", "bold"), advice, "R reads the list again.")
    loaded = f"{words.count(coverage.loaded, 'user', 'users')} loaded" if coverage is not None else "loaded users"
    if query.text.strip():
        return _no_match(query.text, loaded, coverage, look_up, offer, undecided)
    return paragraphs((f"None of the {loaded} is active.", "bold"), "t shows the inactive ones.")


def may_match(undecided: Undecided) -> str:
    """Why the users who match a filter are a minimum, in a sentence."""
    return f"{words.count(undecided.users, 'more user', 'more users')} may match: {_not_known(undecided)}"


def _not_known(undecided: Undecided) -> str:
    fields = ", ".join(field.removesuffix("_ms").removesuffix("_at").replace("_", " ") for field in undecided.fields)
    return f"{fields} not known. M reads them one by one."


def _no_match(
    text: str,
    loaded: str,
    coverage: Coverage | None,
    look_up: StatusMessage | None,
    offer: str,
    undecided: Undecided | None,
) -> Content:
    """Why a filter matches no user: it is invalid, or no loaded user is like that."""
    from walkme_tui.domain.filters import parse_filter

    typed = parse_filter(text)
    if typed.problems:
        head = "A word of the filter is not valid, so no user matches."
        return paragraphs((head, "bold"), " ".join(each.reason for each in typed.problems), CLEARS)
    fits = "fits" if undecided is None else "is known to fit"
    head = f"None of the {loaded} {fits} “{clean(text.strip(), 100)}”."
    missing = unknown = ""
    if coverage is not None and coverage.total is not None and coverage.total > coverage.loaded:
        missing = f"{words.count(coverage.total - coverage.loaded, 'user is', 'users are')} not loaded yet."
    if undecided is not None:
        of_whom = words.count(undecided.users, "user", "users")
        unknown = f"Of {of_whom}: {_not_known(undecided)} It shows first how long that takes."
    advice = "The server cannot search, but a full email address is looked up there."
    known = look_up.text if look_up is not None else missing or advice
    return paragraphs((head, "bold"), offer, known, unknown, CLEARS)


def paragraphs(*parts: Part) -> Content:
    """Paragraphs with a blank line between them; empty ones are left out."""
    shown = [joined(part) for part in parts if part]
    return lines(line for paragraph in shown for line in (paragraph, joined("")))


def filter_count(query: UserQuery, kept: Total | None, coverage: Coverage | None, least: bool) -> str:
    """``812 of 154 210 loaded`` while something is filtered, ``…`` for what is still counted, else nothing.

    ``least``: more of those who are loaded may match.
    """
    if kept is None or coverage is None:
        return ""
    if not query.narrows:
        return "sorting…" if query.sort is not None and not kept.exact else ""
    without = "inactive hidden · " if query.hide_inactive else ""
    number = words.number(kept.count) if kept.exact else words.ELLIPSIS
    return f"{without}{'≥ ' if least else ''}{number} of {words.number(coverage.loaded)} loaded"


def position_in_words(position: Position) -> str:
    """``3 marked · 12 of 250 000 · 34 %``; the share is that of the last visible row."""
    parts = [f"{words.number(position.marked)} marked"] if position.marked else []
    if position.rows:
        of = words.number(position.rows) if position.exact else f"≥ {words.number(position.rows)}"
        parts.append(f"{words.number(position.row + 1)} of {of}")
        if position.rows > position.visible:
            parts.append(_scrolled(position))
    return " · ".join(parts)


def _scrolled(position: Position) -> str:
    if not position.first:
        return "top"
    last = position.first + position.visible
    return "end" if last >= position.rows else f"{last * 100 // position.rows} %"


def order_in_words(sort: Sort | None, shown: Sequence[SortKey]) -> str:
    """The order of a list whose sort column is not shown, empty otherwise."""
    if sort is None or sort.key in shown:
        return ""
    return f"{words.DOWNWARDS if sort.reverse else words.UPWARDS} {SORT_NAMES[sort.key]}"


def _credentials(error: WalkmeError) -> bool:
    return isinstance(error, (SignInRefused, SecretUnavailable))


def _sign_in_words(account: Account, source: str) -> str:
    return f"{_not_signed_in(account)}; its secret comes from {clean(source, 200)}."


def _not_signed_in(account: Account) -> str:
    return f"Profile {clean(account.profile, 60)} cannot sign in"


def _next_try(trouble: LoadTrouble) -> str:
    if trouble.again_in is None:
        return "R tries again."
    return f"Trying again in {words.seconds(trouble.again_in)}, R: now."
