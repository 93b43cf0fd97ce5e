"""The filter language: the text in the ``/`` box as conditions on users.

::

    filter = { blank | term }                      every term must hold
    term   = [ "-" ] ( field ":" values | value )  "-" means not; without a field it is a word to look for
    field  = "status" | "role" | "group" | "created" | "updated" | "has"        in any case
    values = value { "," value }                   one of them is enough; times and has: take one
    value  = [ quoted ] { any character but a blank; in values no comma either }
    quoted = '"' { any character but '"' | '""' } ( '"' | the end of the text )
    time   = [ "<" | "<=" | ">" | ">=" ] ( date | age ) | [ date ] ".." [ date ]    what created: and updated: take
    date   = YYYY [ "-" MM [ "-" DD ] ]            the whole year, month or day, in UTC
    age    = number ( "h" | "d" | "w" | "mo" | "y" )   updated:<30d is less than 30 days ago, updated:30d at most

has: takes externalId, groups, name, role or email, or a beginning that only one of them has; group:none is in no group.
So ``sales "zoe celik" status:active,pending group:"Field EMEA" -group:beta created:<2024 has:externalId``. Quotes keep
blanks, commas and colons together. Letters before a colon are a field, unless what follows makes it an address
(``http://…``); ``10:42`` is a word.

Reading never fails. A term that is only unfinished (``status:``, ``-``, ``"``) changes nothing yet. A term that is
wrong is a ``FilterProblem`` and keeps ``Nobody``: a mistyped filter must never show, mark and offboard more people
than meant.
"""

from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import islice
from typing import Final, Literal, NamedTuple, NoReturn, TypeAlias

from walkme_tui.domain.filter_terms import MAX_VALUES, NO_GROUP, Term, Value, terms
from walkme_tui.domain.filter_times import age_ms, nearest_date, period_ms
from walkme_tui.domain.text import ANYWHERE_FROM, clean, search_key

TimeField: TypeAlias = Literal["created", "updated"]
HasField: TypeAlias = Literal["externalId", "groups", "name", "role", "email"]

FIELDS: Final = ("status", "role", "group", "created", "updated", "has")
HAS_FIELDS: Final[tuple[HasField, ...]] = ("externalId", "groups", "name", "role", "email")
# A longer filter is taken for a pasted document; the database limits the number of conditions.
MAX_TERMS: Final = 100
# The longest part of typed text that a sentence repeats.
SHOWN: Final = 40

_REMEMBERED_LENGTH: Final = 256
_MOST_COMPARED: Final = 150


# ------------------------------------------------------------ tests
#
# Each class has a ``kind``: named tuples of one content are equal, and role:x must not be taken for status:x.


class Word(NamedTuple):
    """Occurs in a person's names, email, external id or id, or as ``status`` or ``role`` says it, in one of these.

    ``text`` is folded by ``text.search_key`` and holds a blank only where it was quoted. From ``ANYWHERE_FROM``
    characters on it may occur anywhere; shorter, it consists of letters and digits and begins a run of them.
    """

    text: str
    kind: Literal["word"] = "word"


class HasStatus(NamedTuple):
    """The person's status, folded, is or begins with one of ``values``; one that some status is means that alone."""

    values: tuple[str, ...]
    kind: Literal["status"] = "status"


class HasRole(NamedTuple):
    """The person's role, folded, is or begins with one of ``values``; one that some role is means that alone."""

    values: tuple[str, ...]
    kind: Literal["role"] = "role"


class InGroup(NamedTuple):
    """In a group that one of ``names`` means; they are folded and not empty.

    A name means the groups whose name or id, folded, equals it; where there is none, all groups whose folded name
    begins with it. Where all groups are known, a name that means none of them matches no user, negated or not:
    ``-group:slaes`` excludes no user, and would show more than meant.
    """

    names: tuple[str, ...]
    kind: Literal["group"] = "group"


class InNoGroup(NamedTuple):
    """Known to be in no group."""

    kind: Literal["no group"] = "no group"


class Between(NamedTuple):
    """Created, or updated, at ``first_ms`` or later and before ``end_ms``; None is an open end.

    Milliseconds since the Unix epoch; a person whose time is not known is not kept.
    """

    field: TimeField
    first_ms: int | None
    end_ms: int | None
    kind: Literal["between"] = "between"


class Age(NamedTuple):
    """``Between``, counted back from now: see ``resolved``, which makes it one. Negative is in the future."""

    field: TimeField
    first_ago_ms: int | None
    end_ago_ms: int | None
    kind: Literal["age"] = "age"


class Has(NamedTuple):
    """The field is known and not empty; ``name`` is the first or the last name."""

    field: HasField
    kind: Literal["has"] = "has"


class Nobody(NamedTuple):
    """The test of an invalid term; never negated."""

    kind: Literal["nobody"] = "nobody"


Test: TypeAlias = Word | HasStatus | HasRole | InGroup | InNoGroup | Between | Age | Has | Nobody


class Condition(NamedTuple):
    """One term: people are kept for whom ``test`` holds, or does not if ``negated``; it is ``text[start:end]``."""

    test: Test
    negated: bool
    start: int
    end: int


class FilterProblem(NamedTuple):
    """The error in ``text[start:end]``: a short sentence with the nearest valid term."""

    start: int
    end: int
    reason: str


class Filter(NamedTuple):
    """A text as it was read: people are kept for whom every condition holds; conditions and problems in order."""

    conditions: tuple[Condition, ...] = ()
    problems: tuple[FilterProblem, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words that people were found by, folded: what to highlight with ``text.match_spans``."""
        return tuple(each.test.text for each in self.conditions if isinstance(each.test, Word) and not each.negated)


def parse_filter(text: str) -> Filter:
    """Parse ``text``; never raises."""
    return _remembered(text) if len(text) <= _REMEMBERED_LENGTH else _parsed(text)


def resolved(typed: Filter, now_ms: int) -> Filter:
    """The filter with its ages counted back from ``now_ms``, so that there is ``Between`` in it and no ``Age``."""
    if not any(isinstance(each.test, Age) for each in typed.conditions):
        return typed
    return typed._replace(conditions=tuple(_at(each, now_ms) for each in typed.conditions))


def asked_fields(test: Test) -> tuple[str, ...]:
    """The attributes of a ``User`` that must be known to say whether the test holds."""
    match test:
        case Word():
            return ("email", "first_name", "last_name", "role", "status", "external_id")
        case HasStatus():
            return ("status",)
        case HasRole():
            return ("role",)
        case InGroup() | InNoGroup():
            return ("groups",)
        case Between() | Age():
            return (f"{test.field}_at_ms",)
        case Has():
            names = {"externalId": ("external_id",), "name": ("first_name", "last_name")}
            return names.get(test.field, (test.field,))
    return ()


def _at(condition: Condition, now_ms: int) -> Condition:
    if not isinstance(condition.test, Age):
        return condition
    field, first_ago_ms, end_ago_ms, _ = condition.test
    first_ms = None if first_ago_ms is None else now_ms - first_ago_ms
    end_ms = None if end_ago_ms is None else now_ms - end_ago_ms
    return condition._replace(test=Between(field, first_ms, end_ms))


# ------------------------------------------------------------ reading


class _Wrong(Exception):
    """A term is invalid; the text is the reason for its ``FilterProblem``."""


def _parsed(text: str) -> Filter:
    conditions: list[Condition] = []
    problems: list[FilterProblem] = []
    for index, term in enumerate(islice(terms(text), MAX_TERMS + 1)):
        try:
            test = _test(term) if index < MAX_TERMS else _one_too_many()
        except _Wrong as wrong:
            problems.append(FilterProblem(term.start, term.end, str(wrong)))
            conditions.append(Condition(Nobody(), False, term.start, term.end))
        else:
            if test is not None:
                conditions.append(Condition(test, term.negated, term.start, term.end))
    return Filter(tuple(conditions), tuple(problems))


_remembered = lru_cache(maxsize=64)(_parsed)


def _test(term: Term) -> Test | None:
    """The test of a term; None if it is incomplete. Raises ``_Wrong``."""
    if len(term.values) > MAX_VALUES:
        raise _Wrong(f"A term has at most {MAX_VALUES} values.")
    if term.field is None:
        return _word(term.values[0])
    values = tuple(value for value in term.values if value.key)
    if not values:
        return None
    match term.field.casefold():
        case "status":
            return HasStatus(_folded(values))
        case "role":
            return HasRole(_folded(values))
        case "group":
            return _group(values)
        case "created":
            return _time("created", _only("created", values))
        case "updated":
            return _time("updated", _only("updated", values))
        case "has":
            return _has(_only("has", values))
    raise _Wrong(_no_such_field(term.field))


def _one_too_many() -> NoReturn:
    raise _Wrong(f"A filter has at most {MAX_TERMS} terms.")


def _folded(values: tuple[Value, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.key for value in values))


def _only(field: str, values: tuple[Value, ...]) -> str:
    if len(values) > 1:
        raise _Wrong(f"{field}: takes one value, not {len(values)}.")
    return values[0].text.strip()


def _word(value: Value) -> Word | None:
    folded = value.key
    if len(folded) < ANYWHERE_FROM:
        folded = "".join(filter(str.isalnum, folded))
    return Word(folded) if folded else None


def _group(values: tuple[Value, ...]) -> InGroup | InNoGroup:
    names = _folded(values)
    if all(value.quoted or value.key != NO_GROUP for value in values):
        return InGroup(names)
    if len(values) > 1:
        raise _Wrong('group:none stands alone; a group of that name is group:"none".')
    return InNoGroup()


def _has(value: str) -> Has:
    """The name that begins with a text, if it is the only one."""
    fitting = [name for name in HAS_FIELDS if name.casefold().startswith(value.casefold())]
    if len(fitting) == 1:
        return Has(fitting[0])
    shown = clean(value, SHOWN)
    if fitting:
        raise _Wrong(f"has:{shown} may be {listed([f'has:{name}' for name in fitting], 'or')}.")
    close = nearest(value, HAS_FIELDS)
    meant = f"but has:{close[0]}" if close else f"only {listed([f'has:{name}' for name in HAS_FIELDS])}"
    raise _Wrong(f"There is no has:{shown}, {meant}.")


def _time(field: TimeField, typed: str) -> Between | Age | None:
    sign = next((sign for sign in ("<=", ">=", "<", ">") if typed.startswith(sign)), "")
    moment = typed[len(sign) :].strip()
    if moment in {"", ".", ".."}:
        return None
    if not sign and ".." in moment:
        return _range(field, *moment.split("..", 1))
    ago = age_ms(moment)
    if ago is not None:
        ages = {"<": (ago - 1, None), "<=": (ago, None), ">": (None, ago), ">=": (None, ago - 1)}
        return Age(field, *ages.get(sign, (ago, None)))
    first_ms, end_ms = _period(moment)
    ends = {"<": (None, first_ms), "<=": (None, end_ms), ">": (end_ms, None), ">=": (first_ms, None)}
    return Between(field, *ends.get(sign, (first_ms, end_ms)))


def _range(field: TimeField, first: str, last: str) -> Between:
    first_ms = _period(first)[0] if first else None
    end_ms = _period(last)[1] if last else None
    if first_ms is not None and end_ms is not None and first_ms >= end_ms:
        raise _Wrong(f"{first}..{last} ends before it begins; write {last}..{first}.")
    return Between(field, first_ms, end_ms)


def _period(typed: str) -> tuple[int, int]:
    found = period_ms(typed)
    if found is None:
        meant = nearest_date(typed) or "2024-12-31, 2024-12, 2024 or an age: 30d, 4w, 6mo, 1y"
        raise _Wrong(f"{clean(typed, SHOWN)} is no date; write {meant}.")
    return found


def _no_such_field(field: str) -> str:
    shown = clean(field, SHOWN)
    if field.casefold() in {"name", "email", "mail", "id", "externalid", "external"}:
        return f"There is no {shown}:; names, emails and ids are found by words alone."
    close = nearest(field, FIELDS)
    if close:
        return f"There is no {shown}:, but {close[0]}:."
    return f"There is no {shown}:, only {listed([f'{name}:' for name in FIELDS])}; in quotes it is a word."


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a sentence: ``a, b and c``."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def nearest(typed: str, names: Collection[str]) -> list[str]:
    """Those of ``names`` that ``typed`` may have been meant for, case aside; the best first, at most three.

    Of very many only those are looked at that begin with the same letter, and not all of them: it takes milliseconds.
    """
    from difflib import get_close_matches  # only for mistakes: the first filter need not wait for it

    wanted = search_key(typed)
    # Texts that differ more in length are not close; this check is faster.
    by_key = {search_key(name): name for name in names if len(name) < 3 * len(typed) and len(typed) < 3 * len(name)}
    likely = list(by_key)
    if len(likely) > _MOST_COMPARED:
        likely = [key for key in likely if key[:1] == wanted[:1]][:_MOST_COMPARED]
    return [by_key[key] for key in get_close_matches(wanted, likely)]
