"""The filter language: the text in the ``/`` box as conditions on users.

::

    filter = { blank | term }                      every term must hold
    term   = [ "-" ] ( field ":" values | value )  "-" means not; without a field it is a word to search for
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

Parsing never fails. An unfinished term (``status:``, ``-``, ``"``) is ignored. An invalid term is a ``FilterProblem``
and matches no user (``NoUser``): a mistyped filter must never show, mark and offboard more users than meant.
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
# The maximum length of typed text within a sentence.
MAX_SHOWN: Final = 40

_MAX_CACHED_LENGTH: Final = 256
_MAX_COMPARED: Final = 150


# ------------------------------------------------------------ tests
#
# Each class has a ``kind``, because named tuples with the same values are equal, and role:x is not status:x.


class Word(NamedTuple):
    """Occurs in one of the user's names, email, external id, id, status or role.

    ``text`` is folded by ``text.search_key`` and contains a blank only if it was quoted. With ``ANYWHERE_FROM``
    characters or more it may occur anywhere; a shorter one consists of letters and digits and begins a run of them.
    """

    text: str
    kind: Literal["word"] = "word"


class HasStatus(NamedTuple):
    """The folded status begins with one of ``values``; a value that equals some status matches only that one."""

    values: tuple[str, ...]
    kind: Literal["status"] = "status"


class HasRole(NamedTuple):
    """The folded role begins with one of ``values``; a value that equals some role matches only that one."""

    values: tuple[str, ...]
    kind: Literal["role"] = "role"


class InGroup(NamedTuple):
    """In a group that matches one of ``names``, which are folded and not empty.

    A name matches the groups whose folded name or id equals it; if there is none, all groups whose folded name begins
    with it. If all groups are known, a name without a group matches no user, negated or not: ``-group:slaes`` would
    otherwise exclude no user and show more than meant.
    """

    names: tuple[str, ...]
    kind: Literal["group"] = "group"


class InNoGroup(NamedTuple):
    """Known to be in no group."""

    kind: Literal["no group"] = "no group"


class Between(NamedTuple):
    """Created, or updated, at ``first_ms`` or later and before ``end_ms``; None is an open end.

    In milliseconds since the Unix epoch; a user whose time is unknown does not match.
    """

    field: TimeField
    first_ms: int | None
    end_ms: int | None
    kind: Literal["between"] = "between"


class Age(NamedTuple):
    """``Between`` with times relative to now, in milliseconds ago; negative is in the future. See ``resolved``."""

    field: TimeField
    first_ago_ms: int | None
    end_ago_ms: int | None
    kind: Literal["age"] = "age"


class Has(NamedTuple):
    """The field is known and not empty; ``name`` is the first or the last name."""

    field: HasField
    kind: Literal["has"] = "has"


class NoUser(NamedTuple):
    """The test of an invalid term; never negated."""

    kind: Literal["no user"] = "no user"


Test: TypeAlias = Word | HasStatus | HasRole | InGroup | InNoGroup | Between | Age | Has | NoUser


class Condition(NamedTuple):
    """The term ``text[start:end]``: matches users that pass ``test``, or with ``negated`` those known not to."""

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
    """A parsed text: matches users that fulfil every condition; conditions and problems are in their order."""

    conditions: tuple[Condition, ...] = ()
    problems: tuple[FilterProblem, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The folded words that are searched for, to highlight with ``text.match_spans``."""
        return tuple(each.test.text for each in self.conditions if isinstance(each.test, Word) and not each.negated)


def parse_filter(text: str) -> Filter:
    """Parse ``text``; never raises."""
    return _cached(text) if len(text) <= _MAX_CACHED_LENGTH else _parsed(text)


def resolved(parsed: Filter, now_ms: int) -> Filter:
    """The filter with every ``Age`` as ``Between``, relative to ``now_ms``."""
    if not any(isinstance(each.test, Age) for each in parsed.conditions):
        return parsed
    return parsed._replace(conditions=tuple(_at(each, now_ms) for each in parsed.conditions))


def required_fields(test: Test) -> tuple[str, ...]:
    """The attributes of a ``User`` that must be known to decide the test."""
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


# ------------------------------------------------------------ parsing


class _InvalidTerm(Exception):
    """A term is invalid; the text is the reason for its ``FilterProblem``."""


def _parsed(text: str) -> Filter:
    conditions: list[Condition] = []
    problems: list[FilterProblem] = []
    for index, term in enumerate(islice(terms(text), MAX_TERMS + 1)):
        try:
            test = _test(term) if index < MAX_TERMS else _too_many_terms()
        except _InvalidTerm as invalid:
            problems.append(FilterProblem(term.start, term.end, str(invalid)))
            conditions.append(Condition(NoUser(), False, term.start, term.end))
        else:
            if test is not None:
                conditions.append(Condition(test, term.negated, term.start, term.end))
    return Filter(tuple(conditions), tuple(problems))


_cached = lru_cache(maxsize=64)(_parsed)


def _test(term: Term) -> Test | None:
    """The test of a term; None if it is incomplete. Raises ``_InvalidTerm``."""
    if len(term.values) > MAX_VALUES:
        raise _InvalidTerm(f"A term has at most {MAX_VALUES} values.")
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
    raise _InvalidTerm(_no_such_field(term.field))


def _too_many_terms() -> NoReturn:
    raise _InvalidTerm(f"A filter has at most {MAX_TERMS} terms.")


def _folded(values: tuple[Value, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.key for value in values))


def _only(field: str, values: tuple[Value, ...]) -> str:
    if len(values) > 1:
        raise _InvalidTerm(f"{field}: takes one value, not {len(values)}.")
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
        raise _InvalidTerm('group:none takes no other groups; for a group of that name write group:"none".')
    return InNoGroup()


def _has(value: str) -> Has:
    """The name that begins with a text, if it is the only one."""
    matching = [name for name in HAS_FIELDS if name.casefold().startswith(value.casefold())]
    if len(matching) == 1:
        return Has(matching[0])
    shown = clean(value, MAX_SHOWN)
    if matching:
        raise _InvalidTerm(f"has:{shown} is ambiguous: {listed([f'has:{name}' for name in matching], 'or')}?")
    close = nearest(value, HAS_FIELDS)
    if close:
        raise _InvalidTerm(f"There is no has:{shown}. Did you mean has:{close[0]}?")
    raise _InvalidTerm(f"There is no has:{shown}, only {listed([f'has:{name}' for name in HAS_FIELDS])}.")


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
        raise _InvalidTerm(f"{first}..{last} ends before it begins. Write {last}..{first}.")
    return Between(field, first_ms, end_ms)


def _period(typed: str) -> tuple[int, int]:
    found = period_ms(typed)
    if found is None:
        meant = nearest_date(typed) or "2024-12-31, 2024-12, 2024 or an age: 30d, 4w, 6mo, 1y"
        raise _InvalidTerm(f"{clean(typed, MAX_SHOWN)} is not a date. Write {meant}.")
    return found


def _no_such_field(field: str) -> str:
    shown = clean(field, MAX_SHOWN)
    if field.casefold() in {"name", "email", "mail", "id", "externalid", "external"}:
        return f"There is no field {shown}:. Type a name, email or id without a field."
    close = nearest(field, FIELDS)
    if close:
        return f"There is no field {shown}:. Did you mean {close[0]}:?"
    return f"There is no field {shown}:, only {listed([f'{name}:' for name in FIELDS])}; in quotes it is a word."


def listed(names: Sequence[str], last: str = "and") -> str:
    """Names in a sentence: ``a, b and c``."""
    return f" {last} ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def nearest(typed: str, names: Collection[str]) -> list[str]:
    """Up to three of ``names`` that are most similar to ``typed``, ignoring case, the best first.

    Of very many names, only some that begin with the same letter are compared, so that it takes milliseconds.
    """
    from difflib import get_close_matches  # needed only for mistakes, so the first filter does not wait for it

    wanted = search_key(typed)
    # Texts that differ more in length are not close; this check is faster.
    by_key = {search_key(name): name for name in names if len(name) < 3 * len(typed) and len(typed) < 3 * len(name)}
    likely = list(by_key)
    if len(likely) > _MAX_COMPARED:
        likely = [key for key in likely if key[:1] == wanted[:1]][:_MAX_COMPARED]
    return [by_key[key] for key in get_close_matches(wanted, likely)]
