"""The two records of one person as lines: REST at the left, SCIM at the right, or one below the other."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from rich.cells import cell_len

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.reconcile.classes import CLASS_TEXTS, PairSet
from walkme_tui.domain.reconcile.matching import FIELDS, Pair, differences
from walkme_tui.domain.reconcile.records import SharedGroups
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import FIELD_LABELS, UNKNOWN, User
from walkme_tui.ui import words
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped

DIFFERENT: Final = "≠ "
SAME: Final = "  "
LABEL_WIDTH: Final = 13
WORD_WIDTH: Final = 10
LEAST_SIDE: Final = 24
"""A narrower column would break most emails: the records are shown one below the other."""
MAX_TEXT: Final = 1000
MAX_OTHERS: Final = 20
OTHERS: Final = "Other records with the same email or external id:"
UNKNOWN_TEXT: Final = "? unknown"
ABSENT: Final = "–"
NO_RECORD: Final = "no record"
_TIMES: Final = ("created_at_ms", "updated_at_ms")


class SideRecord(NamedTuple):
    """The record of a person on one surface, None where it has none; ``read`` says when it was read, clean."""

    user: User | None
    read: str

    @classmethod
    def mirrored(cls, stored: MirroredUser | None, now_ms: int) -> "SideRecord":
        """The record as a mirror has it."""
        if stored is None:
            return cls(None, NO_RECORD)
        return cls(stored.user, f"as of {words.ago(now_ms, max(stored.fetched_at_ms, stored.detailed_at_ms or 0))}")


class _Line(NamedTuple):
    """A fact with its value on REST and on SCIM, and a word that says how they differ; empty: not compared."""

    label: str
    rest: str
    scim: str
    word: str = ""
    differs: bool = False


def pair_lines(
    sides: Mapping[Surface, SideRecord],
    pair: Pair,
    others: Sequence[Pair],
    groups: SharedGroups,
    now_ms: int,
    width: int,
) -> list[StyledText]:
    """Both records with their differences marked, what the classes of the pair mean and who has to act, and ``others``.

    ``others`` are pairs that share an email or an external id with this one.
    """
    side_width = (width - len(SAME) - LABEL_WIDTH - WORD_WIDTH - 4) // 2
    facts = list(_facts(sides, pair, groups, now_ms))
    heading = _Line("", f"REST, {sides[Surface.REST].read}", f"SCIM, {sides[Surface.SCIM].read}")
    if side_width >= LEAST_SIDE:
        lines = [line for each in (heading, *facts) for line in _beside(each, side_width)]
    else:
        lines = [[(f"{surface.upper()}: {sides[surface].read}", TextStyle.STRONG)] for surface in Surface]
        lines += [line for each in facts for line in _below(each, width)]
    texts = [CLASS_TEXTS[each] for each in pair.classes if pair.differs or not pair.is_ghost]
    for text in [*texts, *([PairSet.GHOSTS.text] if pair.is_ghost else [])]:
        lines.append(())
        lines += wrapped(f"{text.label[:1].upper()}{text.label[1:]}. {text.meaning}", width)
        lines += wrapped(text.action, width, TextStyle.DIM)
    return [*lines, *_other_lines(others, width)]


def _other_lines(others: Sequence[Pair], width: int) -> Iterator[StyledText]:
    """The records of other pairs, each with what distinguishes it."""
    records = [(surface, side) for pair in others for surface in Surface if (side := pair.on(surface)) is not None]
    if records:
        yield ()
        yield from wrapped(OTHERS, width, TextStyle.STRONG)
    for surface, side in records[:MAX_OTHERS]:
        facts = [clean(side.email, MAX_TEXT) if isinstance(side.email, str) and side.email else "no email"]
        facts += [clean(side.status, MAX_TEXT)] if isinstance(side.status, str) else []
        external_id = clean(side.external_id, MAX_TEXT) if isinstance(side.external_id, str) else ""
        facts += [f"external id {external_id}"] if external_id else []
        yield from wrapped(", ".join([*facts, f"id {clean(side.id, MAX_TEXT)}"]), width, mark=f"{surface.upper()}  ")
    if len(records) > MAX_OTHERS:
        yield from wrapped(f"and {words.number(len(records) - MAX_OTHERS)} more", width, TextStyle.DIM)


# ------------------------------------------------------------ facts


def _facts(sides: Mapping[Surface, SideRecord], pair: Pair, groups: SharedGroups, now_ms: int) -> Iterator[_Line]:
    rest, scim = sides[Surface.REST].user, sides[Surface.SCIM].user
    found = set()
    if pair.rest is not None and pair.scim is not None:
        found = {each.attribute for each in differences(pair.rest, pair.scim, groups)}
    for name in ("status", *FIELDS):
        values = _value(name, rest), _value(name, scim)
        word = ""
        if rest is not None and scim is not None and UNKNOWN not in {getattr(rest, name), getattr(scim, name)}:
            word = "differs" if name in found else "same"
        yield _Line(_label(name), *values, word, name in found)
    yield from _group_facts(rest, scim, groups)
    yield _Line("id", _id(rest), _id(scim))
    for name in _TIMES:
        yield _Line(_label(name), _time(name, rest, now_ms), _time(name, scim, now_ms))


def _group_facts(rest: User | None, scim: User | None, groups: SharedGroups) -> Iterator[_Line]:
    """A line for each group of either record, with ``unknown`` where an answer had no groups."""
    label = _label("groups")
    of_rest, of_scim = _group_names(rest, Surface.REST, groups), _group_names(scim, Surface.SCIM, groups)
    compared = (
        rest is not None
        and scim is not None
        and groups.comparable(Surface.REST, rest.groups)
        and groups.comparable(Surface.SCIM, scim.groups)
    )
    for key in dict.fromkeys([*of_rest, *of_scim]):
        here, there = of_rest.get(key), of_scim.get(key)
        differs = compared and (here is None or there is None)
        word = ("only REST" if there is None else "only SCIM" if here is None else "same") if compared else ""
        yield _Line(label, here or _no_group(rest), there or _no_group(scim), word, differs)
        label = ""
    if label:
        yield _Line(label, _no_group(rest, "none"), _no_group(scim, "none"), "same" if compared else "")


def _group_names(user: User | None, surface: Surface, groups: SharedGroups) -> dict[str, str]:
    ids = groups.keys(surface, None if user is None else user.groups)
    return {key: clean(groups.label(surface, each), MAX_TEXT) for key, each in ids.items()}


def _no_group(user: User | None, none: str = ABSENT) -> str:
    if user is None:
        return ABSENT
    return UNKNOWN_TEXT if user.groups is UNKNOWN else none


def _label(name: str) -> str:
    label = FIELD_LABELS[name]
    return f"{label[:1].upper()}{label[1:]}"


def _value(name: str, user: User | None) -> str:
    if user is None:
        return ABSENT
    value = getattr(user, name)
    if value is UNKNOWN:
        return UNKNOWN_TEXT
    text = clean(value, MAX_TEXT) if isinstance(value, str) and value else "none"
    return (
        f"{words.STATUS_SIGNS.get(value.lower(), '·')} {text}" if name == "status" and isinstance(value, str) else text
    )


def _id(user: User | None) -> str:
    return ABSENT if user is None else clean(user.id, MAX_TEXT)


def _time(name: str, user: User | None, now_ms: int) -> str:
    value = ABSENT if user is None else getattr(user, name)
    return words.ago(now_ms, value) if isinstance(value, int) else ABSENT if user is None else UNKNOWN_TEXT


# ------------------------------------------------------------ lines


def _beside(line: _Line, side_width: int) -> Iterator[StyledText]:
    style = TextStyle.WARN if line.differs else TextStyle.PLAIN if line.label or line.word else TextStyle.STRONG
    if line.rest == line.scim and cell_len(line.rest) > side_width:
        yield from _labelled(line, SAME, line.rest, style, len(SAME) + LABEL_WIDTH + 2 * side_width + 4 + WORD_WIDTH)
        return
    first = True
    for rest, scim in zip_longest(words.wrap(line.rest, side_width), words.wrap(line.scim, side_width), fillvalue=""):
        yield [
            (DIFFERENT if line.differs and first else SAME, TextStyle.WARN),
            (words.fit(line.label if first else "", LABEL_WIDTH), TextStyle.DIM),
            (words.fit(rest, side_width + 2), style),
            (words.fit(scim, side_width + 2), style),
            (line.word if first else "", TextStyle.WARN if line.differs else TextStyle.DIM),
        ]
        first = False


def _below(line: _Line, width: int) -> Iterator[StyledText]:
    """A fact in one line where both sides have the same text, else a line for each side."""
    sign, style = (DIFFERENT, TextStyle.WARN) if line.differs else (SAME, TextStyle.PLAIN)
    if line.rest == line.scim:
        yield from _labelled(line, sign, line.rest, style, width)
        return
    for side, text in (("REST  ", line.rest), ("SCIM  ", line.scim)):
        yield from _labelled(line, sign, text, style, width, side)
        line, sign = line._replace(label="", word=""), SAME


def _labelled(line: _Line, sign: str, text: str, style: TextStyle, width: int, side: str = "") -> Iterator[StyledText]:
    room = max(8, width - len(sign) - LABEL_WIDTH - len(side) - WORD_WIDTH)
    label, word = line.label, line.word
    for piece in words.wrap(text, room - 1):  # a blank before the word
        yield [
            (sign, TextStyle.WARN),
            (words.fit(label, LABEL_WIDTH), TextStyle.DIM),
            (side, TextStyle.DIM),
            (words.fit(piece, room), style),
            (word, TextStyle.WARN if line.differs else TextStyle.DIM),
        ]
        label, word, sign, side = "", "", SAME, " " * len(side)
