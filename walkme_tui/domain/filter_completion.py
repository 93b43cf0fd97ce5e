"""Completions of a filter term, and its values that no user has.

Both use the values in the mirror (``KnownValues``).
"""

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from itertools import repeat
from typing import Final, NamedTuple

from walkme_tui.domain.filter_terms import MAX_VALUES, NO_GROUP, Term, Value, quoted, terms, written
from walkme_tui.domain.filters import (
    FIELDS,
    HAS_FIELDS,
    MAX_SHOWN,
    Condition,
    Filter,
    FilterProblem,
    Has,
    HasRole,
    HasStatus,
    InGroup,
    Word,
    nearest,
    parse_filter,
)
from walkme_tui.domain.text import ANYWHERE_FROM, clean, search_key
from walkme_tui.domain.users import Status

MAX_CHOICES: Final = 8
# Fields are offered from this many characters on: words are more frequent than fields.
FIELD_FROM: Final = 2
# At most so many statuses or roles are named in a sentence.
MAX_OFFERED: Final = 6
# Longer values are not offered.
MAX_OFFERED_LENGTH: Final = 120


class KnownValues(NamedTuple):
    """The values in the account, as the server spells them; None where they are not known yet.

    ``groups`` are names, and ids of groups whose name is not known. ``no_roles`` is the reason, as a phrase, where
    users have no roles.
    """

    statuses: Collection[str] | None = None
    roles: Collection[str] | None = None
    groups: Collection[str] | None = None
    no_roles: str = ""


class Completion(NamedTuple):
    """The whole terms that can replace ``text[start:end]``, the term before the caret; at least one, the best first."""

    start: int
    end: int
    typed: str
    choices: tuple[str, ...]

    @property
    def ghost(self) -> str:
        """The text that the best choice adds after the caret; empty where it does not begin with the typed text."""
        best = self.choices[0]
        begins = best[: len(self.typed)].casefold() == self.typed.casefold()
        return best[len(self.typed) :] if begins else ""


def complete(text: str, caret: int, values: KnownValues) -> Completion | None:
    """The completions of the term that ends at ``caret``; None inside a term, after a blank, or if there are none.

    Choices contain directory text only as ``text.clean`` shows it, and only if that matches the same users.
    """
    if not 0 <= caret <= len(text) or text[caret : caret + 1].strip():
        return None
    last = deque(terms(text[:caret]), maxlen=1)
    if not last or last[0].end != caret or len(last[0].values) > MAX_VALUES:
        return None
    (term,) = last
    value = term.values[-1]
    if value.open and '"' in text[caret:]:
        return None  # in quotes that are closed further on
    choices = _fields(value) if term.field is None else _values(term, values)
    if values.no_roles:
        choices = [choice for choice in choices if choice not in {"role:", "role"}]
    typed, head = text[term.start : caret], text[term.start : value.start]
    different = tuple(head + choice for choice in choices if (head + choice).casefold() != typed.casefold())
    return Completion(term.start, caret, typed, different[:MAX_CHOICES]) if different else None


def applied(text: str, completion: Completion, choice: str) -> tuple[str, int]:
    """The text with ``choice`` in place of the typed term, and the caret position after it."""
    return text[: completion.start] + choice + text[completion.end :], completion.start + len(choice)


class Offer(NamedTuple):
    """Another filter that may be meant: its whole text, and the reason in a sentence."""

    text: str
    reason: str


def group_offer(text: str, groups: Collection[str] | None) -> Offer | None:
    """The filter by the group whose name equals or begins with the whole text, or its last word."""
    all_terms = list(terms(text))
    word_terms = [term for term in all_terms if term.field is None and not term.negated]
    if not groups or not word_terms or word_terms[-1] is not all_terms[-1]:
        return None
    known = _spellings(tuple(groups))
    words = [value.key for term in word_terms for value in term.values]
    whole_text = [(word_terms[0].start, " ".join(words))] if len(word_terms) == len(all_terms) > 1 else []
    for start, wanted in [*whole_text, (word_terms[-1].start, words[-1])]:
        begin = [spelling for folded, spelling in known if folded.startswith(wanted)]
        same = [spelling for folded, spelling in known if folded == wanted]
        if len(wanted) >= ANYWHERE_FROM and begin:
            term = f"group:{written((same or begin)[0])}"
            return Offer(text[:start] + term, f"{term} shows the members of that group.")
    return None


def nearest_offer(text: str, nearest_words: Mapping[str, str]) -> Offer | None:
    """The filter with the nearest words, by folded word, in place of those that no user has; None without any."""
    offered, names = text, list[str]()
    for condition in reversed(parse_filter(text).conditions):
        word = condition.test.text if isinstance(condition.test, Word) and not condition.negated else ""
        if word in nearest_words:
            names.insert(0, nearest_words[word])
            offered = offered[: condition.start] + written(nearest_words[word]) + offered[condition.end :]
    return Offer(offered, f"Nearest: {', '.join(names)}.") if names else None


def _fields(word: Value) -> list[str]:
    if word.quoted or len(word.text) < FIELD_FROM:
        return []
    return [f"{field}:" for field in FIELDS if field.startswith(word.text.casefold())]


def _values(term: Term, values: KnownValues) -> list[str]:
    *earlier, last = term.values
    match (term.field or "").casefold():
        case "status":
            return _fitting(last, earlier, values.statuses or tuple(Status))
        case "role":
            return _fitting(last, earlier, values.roles or ())
        case "group":
            fitting = _fitting(last, earlier, values.groups or ())
            if earlier or last.quoted or not NO_GROUP.startswith(last.key):
                return fitting
            return [*fitting[: MAX_CHOICES - 1], NO_GROUP]
        case "has" if not earlier:
            return _fitting(last, earlier, HAS_FIELDS)
    return []


def _fitting(last: Value, earlier: Collection[Value], known: Collection[str]) -> list[str]:
    """The known values that begin with the typed text, then those with a word that does, then those that contain it.

    If the typed text is a value already, only longer ones: ``active`` must not become ``inactive``.
    """
    wanted = last.key
    used = {wanted, *(value.key for value in earlier)}
    begin: list[str] = []
    word_begins: list[str] = []
    contain: list[str] = []
    whole = False
    for folded, spelling in _spellings(tuple(known)):
        at = folded.find(wanted)
        whole = whole or folded == wanted
        if at < 0 or folded in used:
            continue
        matches = begin if at == 0 else contain if folded[at - 1].isalnum() else word_begins
        matches.append(quoted(spelling) if last.quoted else written(spelling))
        if len(begin) > MAX_CHOICES:
            break
    if whole:
        return begin
    return [*begin, *word_begins, *(contain if len(wanted) >= ANYWHERE_FROM else ())]


@lru_cache(maxsize=8)
def _spellings(known: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Each value folded, and as it can be typed and shown; in alphabetical order, without those that cannot."""
    spellings: dict[str, str] = {}
    for value in sorted(known):
        if len(value) > MAX_OFFERED_LENGTH:
            continue
        folded = search_key(value)
        for spelling in (" ".join(clean(value).split()), folded):
            # A character that ``clean`` replaced is not found by a filter; the folded spelling may still work.
            if folded and search_key(spelling) == folded and clean(spelling) == spelling:
                spellings.setdefault(folded, spelling)
                break
    return tuple(sorted(spellings.items()))


# ------------------------------------------------------------ values that no user has


def unmatched_values(parsed: Filter, text: str, values: KnownValues) -> tuple[FilterProblem, ...]:
    """The values after ``status:``, ``role:`` and ``group:`` that no known value begins with, in order.

    Also the terms about roles where users have none.

    ``parsed`` is ``parse_filter(text)``. Where the values of the account are not known yet, there is no problem.
    """
    return tuple(problem for condition in parsed.conditions for problem in _unmatched(condition, text, values))


def _unmatched(condition: Condition, text: str, values: KnownValues) -> Iterator[FilterProblem]:
    match condition.test:
        case HasRole() | Has(field="role") if values.no_roles:
            reason = f"{values.no_roles[:1].upper()}{values.no_roles[1:]}."
            yield FilterProblem(condition.start, condition.end, reason)
            return
        case HasStatus():
            known = values.statuses
        case HasRole():
            known = values.roles
        case InGroup():
            known = values.groups
        case _:
            return
    if known is None:
        return
    folded = _folded(tuple(known))
    for term in terms(text[condition.start : condition.end]):
        for value in term.values:
            wanted = value.key
            if wanted and not any(map(str.startswith, folded, repeat(wanted))):
                reason = _unknown_value(condition.test, value.text, known)
                yield FilterProblem(condition.start + value.start, condition.start + value.end, reason)


@lru_cache(maxsize=8)
def _folded(known: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(search_key, known))


def _unknown_value(test: HasStatus | HasRole | InGroup, typed: str, known: Collection[str]) -> str:
    shown = clean(typed, MAX_SHOWN)
    close = nearest(typed, known)
    if isinstance(test, InGroup):
        return f"No group begins with “{shown}”." + _offered("Nearest", close)
    # All of them if they are few, because the roles of this account may be unfamiliar.
    offer = ("Known", sorted(known)) if len(known) <= MAX_OFFERED else ("Nearest", close)
    return f"No loaded user has the {test.kind} {shown}." + _offered(*offer)


def _offered(introduction: str, names: Collection[str]) -> str:
    shown = ", ".join(clean(name, MAX_SHOWN) for name in names if name)
    return f" {introduction}: {shown}." if shown else ""
