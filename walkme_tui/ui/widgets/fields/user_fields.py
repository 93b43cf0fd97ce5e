"""The fields of a user in a form, with what a save would send, and the fields that cannot be edited."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from textual.containers import VerticalScroll
from textual.widget import Widget

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.plans import Consequence
from walkme_tui.domain.user_json import TEXT_FIELDS
from walkme_tui.domain.users import ROLES, UNKNOWN, Status
from walkme_tui.ui.user_draft import CHOSEN_FIELDS, EDITED_FIELDS, UserDraft
from walkme_tui.ui.widgets.detail.record import other_lines
from walkme_tui.ui.widgets.fields.draft_lines import edit_lines, field_notes, groups_text, value_text
from walkme_tui.ui.widgets.fields.field_input import FieldInput
from walkme_tui.ui.widgets.fields.field_row import LABEL_CELLS, FieldRow
from walkme_tui.ui.widgets.fields.field_select import FieldOption, FieldSelect
from walkme_tui.ui.widgets.fields.picker_field import PickerField
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import TextStyle, wrapped
from walkme_tui.ui.words import count

ANOTHER_ROLE: Final = "\ud800"
"""Half a character: no record holds one."""
UNREADABLE: Final = "not readable as text, shown below"
UNKNOWN_VALUE: Final = "? unknown"

Judge = Callable[[UserDraft], Sequence[Consequence]]


class UserFields(VerticalScroll):
    """Shows the ``draft`` in fields of ``text_width`` cells; the form changes the draft and has it written again.

    ``judge`` returns the consequences of a draft, ``roles`` are those of the account with their numbers of users.
    """

    def __init__(self) -> None:
        self._rows = {name: FieldRow(label, _control(name)) for name, label in EDITED_FIELDS.items()}
        self.groups = PickerField(id="field-groups")
        self._groups_row = FieldRow("Groups", self.groups)
        self._edits, self._other = (
            ScrollingText(id="edits", can_focus=False),
            ScrollingText(id="other", can_focus=False),
        )
        super().__init__(*self._rows.values(), self._groups_row, self._edits, self._other, id="fields", can_focus=False)
        self.draft = UserDraft()
        self.judge: Judge = lambda _: ()
        self.surface = Surface.REST
        self.roles: Mapping[str, int] = {}
        self.text_width = 0
        self._statuses: Sequence[str] = ()

    def show_draft(self, typed: Callable[[str, str], None], chosen: Callable[[str, str], None]) -> None:
        """Show the fields that the draft has, from the top; the functions are called with a field and its new value."""
        for name, row in self._rows.items():
            row.display = name in self.draft.fields
            row.control.disabled = bool(self._refusal(name))
            if isinstance(row.control, FieldInput):
                row.control.on_edit = partial(typed, name)
            elif isinstance(row.control, FieldSelect):
                row.control.chosen = partial(chosen, name)
        self._groups_row.display = self.draft.base is None
        self.write_all()
        self.scroll_to(y=0, animate=False)

    def offer(self, roles: Mapping[str, int], statuses: Sequence[str]) -> None:
        """Offer the roles of the account, each with the number of its users, and its statuses."""
        self.roles, self._statuses = roles, statuses

    # ------------------------------------------------------------ writing

    def write_all(self) -> None:
        """Write the values with their notes, what a save would send, and the other fields."""
        self.write_values()
        known = self.draft.base
        lines = other_lines(known, self.text_width, "Other, read-only") if known is not None else ()
        self._other.set_lines(list(lines))

    def write_values(self) -> None:
        """Write the values with their notes, and what a save would send."""
        for name in self.draft.fields:
            self.write_field(name)
        joins = self.draft.joins
        self.groups.write([(groups_text(self.draft), TextStyle.PLAIN if joins else TextStyle.DIM)])
        self._groups_row.note((), edited=bool(joins))
        self.write_edits()

    def write_field(self, name: str) -> None:
        """Write one value with its notes."""
        row, draft, width = self._rows[name], self.draft, self.text_width - LABEL_CELLS
        if isinstance(row.control, FieldSelect):
            options = self._role_options() if name == "role" else self._status_options()
            row.control.put(options, draft.raw(name))
        elif isinstance(row.control, FieldInput):
            row.control.put(draft.shown(name), literal=draft.is_literal(name), placeholder=_placeholder(draft, name))
        notes = field_notes(draft, name, width)
        if refusal := self._refusal(name):
            notes = (*wrapped(f"{refusal[:1].upper()}{refusal[1:]}.", width, TextStyle.DIM), *notes)
        row.note(notes, edited=draft.is_edited(name))

    def write_edits(self) -> None:
        """Write what a save would send."""
        self._edits.set_lines(edit_lines(self.draft, self.judge(self.draft), self.text_width))

    def _refusal(self, name: str) -> str:
        """Why a field has no value on this surface; empty where it has."""
        return capabilities(self.surface).roles if name == "role" else ""

    def _role_options(self) -> list[FieldOption]:
        if self._refusal("role"):
            return [FieldOption(self.draft.raw("role"), "cannot be set")]
        empty = "none: the server chooses" if self.draft.base is None else _empty_label(self.draft, "role")
        names = sorted(self.roles, key=lambda role: (-self.roles[role], role))
        own = (self.draft.raw("role"), self.draft.before("role"))
        listed = dict.fromkeys(role for role in (*names, *ROLES, *own) if isinstance(role, str) and role)
        roles = [FieldOption(role, value_text("role", role), _users(self.roles.get(role))) for role in listed]
        return [FieldOption("", empty), *roles, FieldOption(ANOTHER_ROLE, "another role…")]

    def _status_options(self) -> list[FieldOption]:
        own = (self.draft.raw("status"), self.draft.before("status"))
        offered = (*Status, *self._statuses, *own)
        listed = dict.fromkeys(status for status in offered if isinstance(status, str) and self._can_be(status))
        options = [FieldOption(str(status), value_text("status", status)) for status in listed if status]
        empty = [FieldOption("", _empty_label(self.draft, "status"))]
        return options if all(isinstance(each, str) and each for each in own) else [*empty, *options]

    def _can_be(self, status: str) -> bool:
        """True for a status that the surface has, and for that of the user."""
        return status == self.draft.before("status") or not capabilities(self.surface).refusal("status", status)

    # ------------------------------------------------------------ focus

    @property
    def stops(self) -> list[Widget]:
        """What can have the focus, in order."""
        fields = [self._rows[name].control for name in self.draft.fields if not self._refusal(name)]
        return [*fields, self.groups] if self.draft.base is None else fields

    @property
    def field_name(self) -> str:
        """The field that has the keys, empty if none; its list may have the focus in its place."""
        focused = self.screen.focused if self.is_attached else None  # the program may be ending
        return next((name for name, row in self._rows.items() if focused is not None and row in focused.ancestors), "")

    @property
    def field(self) -> Widget | None:
        """The widget of the field that has the keys."""
        return self.control(self.field_name) if self.field_name else None

    def control(self, name: str) -> Widget:
        """The widget of a field."""
        return self._rows[name].control

    def scroll_to_field(self, widget: Widget) -> None:
        """Show a field with its notes; for another widget, a button, what a save would send."""
        row = widget.parent if isinstance(widget.parent, FieldRow) else self._edits
        self.scroll_to_widget(row, animate=False)

    @property
    def edits_seen(self) -> bool:
        """True if the end of what a save sends is on the screen."""
        region = self._edits.region
        return region.height == self._edits.virtual_size.height and region.bottom <= self.region.bottom


def _control(name: str) -> Widget:
    field_id = f"field-{name.replace('_', '-')}"
    return FieldSelect(id=field_id) if name in CHOSEN_FIELDS else FieldInput(id=field_id)


def _users(number: int | None) -> str:
    return "" if number is None else count(number, "user", "users")


def _empty_label(draft: UserDraft, name: str) -> str:
    return UNKNOWN_VALUE if draft.before(name) is UNKNOWN else "none"


def _placeholder(draft: UserDraft, name: str) -> str:
    if draft.before(name) is not UNKNOWN:
        return ""
    unread = {attribute for json_name, attribute in TEXT_FIELDS.items() if draft.base and json_name in draft.base.extra}
    return UNREADABLE if name in unread else UNKNOWN_VALUE
