"""A user's draft as lines of styled text: the notes at each field, and what a save would send."""

from collections.abc import Iterable, Iterator
from typing import Final

from walkme_tui.domain.plans import Consequence, Gravity
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.domain.validation import Severity
from walkme_tui.ui.user_draft import CHOSEN_FIELDS, EDITED_FIELDS, MAX_SHOWN, UserDraft
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped
from walkme_tui.ui.words import STATUS_SIGNS, fit

MAX_VALUE: Final = 200
MAX_REASON: Final = 400
LABEL_CELLS: Final = 14
HIDDEN: Final = "Hidden characters are shown as symbols."
LONG: Final = "Only the beginning is shown."
REPLACES: Final = "Typing replaces the whole value."
_MARKS: Final = {Gravity.WARNING: ("! ", TextStyle.WARN), Gravity.NOTE: ("· ", TextStyle.DIM)}


def value_text(attribute: str, value: object) -> str:
    """A value in a sentence: ``● active``, ``none``, ``?`` where it is unknown."""
    if value is UNKNOWN:
        return "?"
    if not isinstance(value, str) or not value:
        return "none"
    sign = STATUS_SIGNS.get(value, "") if attribute == "status" else ""
    return f"{sign} {clean(value, MAX_VALUE)}".strip()


def groups_text(draft: UserDraft) -> str:
    """The groups of a new user."""
    return ", ".join(clean(group.label, MAX_VALUE) for group in draft.joins) or "none"


def field_notes(draft: UserDraft, attribute: str, width: int) -> tuple[StyledText, ...]:
    """Everything to say about a field, all reasons at once."""
    return tuple(_field_notes(draft, attribute, width))


def _field_notes(draft: UserDraft, attribute: str, width: int) -> Iterator[StyledText]:
    if not draft.is_literal(attribute):
        text = LONG if len(draft.raw(attribute)) > MAX_SHOWN else HIDDEN
        yield from wrapped(text if attribute in CHOSEN_FIELDS else f"{text} {REPLACES}", width, TextStyle.DIM)
    for finding in draft.findings(attribute) if attribute in draft.texts else ():
        style = TextStyle.BAD if finding.severity is Severity.ERROR else TextStyle.WARN
        yield from wrapped(clean(finding.text, MAX_REASON), width, style, "! ")
    theirs = draft.by_others(attribute)
    if theirs is not UNKNOWN:
        text = f"Others set it to {value_text(attribute, theirs)} since the form was opened."
        yield from wrapped(text, width, TextStyle.WARN, "! ")
    reason = draft.refusals.get(attribute)
    if reason is not None:
        yield from wrapped(clean(reason, MAX_REASON), width, TextStyle.BAD, "! ")


def edit_lines(draft: UserDraft, consequences: Iterable[Consequence], width: int) -> list[StyledText]:
    """What a save would send, old -> new for each field, and the consequences."""
    lines: list[StyledText] = [()]
    for attribute, before, after in draft.edits:
        new = value_text(attribute, after)
        text = new if draft.base is None else f"{value_text(attribute, before)} -> {new}"
        lines += _labelled(EDITED_FIELDS[attribute], text, width)
    if draft.joins:
        lines += _labelled("Groups", f"+ {groups_text(draft)}", width)
    if not draft.is_changed:
        lines.append([("Nothing is entered yet." if draft.base is None else "Nothing is changed.", TextStyle.DIM)])
    for consequence in consequences:
        mark, style = _MARKS[consequence.gravity]
        lines += wrapped(clean(consequence.text, MAX_REASON), width, style, mark)
    return lines


def _labelled(label: str, text: str, width: int) -> Iterator[StyledText]:
    for line in wrapped(text, width - LABEL_CELLS):
        yield [(fit(label, LABEL_CELLS), TextStyle.DIM), *line]
        label = ""
