"""The form of a user: edits a known one, or describes a new one."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import events, on
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.text import clean
from walkme_tui.ui.change_words import MAX_SENTENCE, name_of
from walkme_tui.ui.dialogs.confirmation import SHORT_SCREEN, account_mark, available_lines, inner_width
from walkme_tui.ui.dialogs.dialog import QUIT
from walkme_tui.ui.dialogs.editor import EditorDialog
from walkme_tui.ui.dialogs.role import RoleDialog
from walkme_tui.ui.user_draft import EDITED_FIELDS, UserDraft
from walkme_tui.ui.widgets.fields.field_select import FieldSelect
from walkme_tui.ui.widgets.fields.picker_field import PickerField
from walkme_tui.ui.widgets.fields.user_fields import ANOTHER_ROLE, Judge, UserFields
from walkme_tui.ui.widgets.immediate_paint import paint_screen_now
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped
from walkme_tui.ui.words import count

MESSAGE_LINES: Final = 3
SAVE_KEYS: Final = (("F2", "save"), ("F3", "plan"))


class UserForm(EditorDialog[None]):
    """Asks for the fields of a user.

    It stays open while what it returned is saved: ``answer`` returns the draft each time the person saves it, and None
    when they leave. ``load`` fills it for another user, so that one form, mounted once, opens without a delay.
    """

    SIZE_CLASS: ClassVar[str] = "wide"

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(monotonic=monotonic)
        self._answers: asyncio.Queue[UserDraft | None] = asyncio.Queue()
        self._opening = 0
        self._saving = ""
        self._message: StyledText = ()
        self._styled_for = ""
        self._unwritten: set[str] = set()
        self._is_filled = False
        self.pick_groups: Callable[[], object] = lambda: None
        """Called to pick the groups of a new user; the draft that has them is given to ``show_draft``."""
        self._fields = UserFields()
        self._message_lines = ScrollingText(id="form-message", can_focus=False)

    # ------------------------------------------------------------ for the flow

    @property
    def draft(self) -> UserDraft:
        """What the person entered so far."""
        return self._fields.draft

    def load(self, draft: UserDraft, account: Account, judge: Judge) -> int:
        """Fill the form before it is shown; returns the number of this opening.

        ``judge`` returns the consequences of a draft, from what is known here.
        """
        fields = self._fields
        fields.draft, fields.judge, fields.surface = draft, judge, account.surface
        self.account = account
        self._title = [("New user" if draft.base is None else f"Edit {name_of(draft.base)}", TextStyle.STRONG)]
        self._right = account_mark(account)
        self._answers = asyncio.Queue()
        self._opening += 1
        self._saving, self._message, self._unwritten = "", (), set()
        if self._is_filled:
            self.fill()
        return self._opening

    def shows(self, opening: int) -> bool:
        """True until the person left the form that was opened with this number."""
        return self.is_attached and self._opening == opening and self in self.app.screen_stack

    async def answer(self) -> UserDraft | None:
        """Return the draft once the person saves it, None once they left."""
        return await self._answers.get()

    def offer(self, roles: Mapping[str, int], statuses: Sequence[str]) -> None:
        """Offer the roles of the account, each with the number of its users, and its statuses; judge the draft."""
        self._fields.offer(roles, statuses)
        if self._is_filled:
            self._fields.write_values()

    @property
    def saving(self) -> bool:
        """True while what the form returned is being saved."""
        return bool(self._saving)

    def show_message(self, text: str, style: TextStyle) -> None:
        """Show a sentence above the buttons until the next edit."""
        if self._is_filled:
            self._say(text, style)
        else:
            self._message = [(clean(text, MAX_SENTENCE), style)]

    def show_draft(self, draft: UserDraft) -> None:
        """Show this draft, and judge it again."""
        self._fields.draft = draft
        if self._is_filled:
            self._fields.write_all()

    def show_saving(self, status: str) -> None:
        """Show how far the save is; until ``show_problem`` only Esc does something."""
        self._saving = status
        self._message = ()
        self._write_message()
        self._write_footer()

    def show_problem(self, text: str, draft: UserDraft) -> None:
        """Return to the draft, with a message; the focus goes to the first field that was refused."""
        self._saving = ""
        self._fields.draft = draft
        self._fields.write_values()
        self._say(text, TextStyle.BAD)
        refused = next((name for name in draft.fields if name in draft.refusals), None)
        if refused is not None:
            self._focus(self._fields.control(refused))
        self._write_footer()

    # ------------------------------------------------------------ widgets

    def body(self) -> Sequence[Widget]:
        """The fields, what a save would send, and the fields that cannot be edited."""
        return [self._fields, self._message_lines]

    def fill(self) -> None:
        """Write everything and give the first field the focus."""
        self._is_filled = True
        self.query_one("#title", TextBar).write(self._title, self._right)
        self._fields.text_width = self._width
        self._fields.show_draft(self._typed, self._chosen)
        self._write_message()
        self._focus(self._stops[0])
        self._write_footer()

    @on(events.ScreenResume)
    def show_at_once(self, event: events.ScreenResume) -> None:
        """Paint without waiting for a frame, and without computing all styles again, unless the theme is another."""
        event.refresh_styles = self.app.theme != self._styled_for
        self._styled_for = self.app.theme
        self.call_next(paint_screen_now, self)

    @on(events.Resize)
    def fit_again(self) -> None:
        """Fit the form into the screen and wrap its texts again."""
        if not self._is_filled:
            return  # it is written when it is filled
        self._write_message()
        self._fields.text_width = self._width
        self._fields.write_all()

    @on(events.DescendantFocus)
    def update_keys(self) -> None:
        """Show the keys for the new focus."""
        self._write_footer()

    # ------------------------------------------------------------ writing

    @property
    def _width(self) -> int:
        return inner_width(self.app.size.width) - 1

    def _fit(self) -> None:
        height = self.app.size.height
        short = height < SHORT_SCREEN
        self.query("#frame").set_class(short, "short")
        lines = self._message_lines.virtual_size.height if self._message else 0
        self._fields.styles.max_height = available_lines(height, lines - (2 if short else 0))

    def _say(self, text: str, style: TextStyle) -> None:
        self._message = [(clean(text, MAX_SENTENCE), style)] if text else ()
        self._write_message()

    def _write_message(self) -> None:
        lines = [line for text, style in self._message for line in wrapped(text, self._width, style)]
        self._message_lines.set_lines(lines[:MESSAGE_LINES])
        self._message_lines.display = bool(lines)
        self._fit()

    def _write_footer(self) -> None:
        if self._saving:
            pairs = [("Esc", "save in the background")]
        elif isinstance(self._fields.field, FieldSelect) or self.focused is self._fields.groups:
            pairs = [("Space", "choose"), *SAVE_KEYS, ("Esc", "leave")]
        elif self._fields.field_name and self.draft.is_edited(self._fields.field_name):
            pairs = [("F5", "restore"), *SAVE_KEYS, ("Esc", "leave")]
        elif self.focused is self.save_button:
            pairs = [("Enter", "save"), ("F3", "plan"), ("Esc", "leave")]
        elif self.focused is self.cancel_button:
            pairs = [("Enter", "leave"), *SAVE_KEYS]
        else:
            pairs = [("Enter", "next"), *SAVE_KEYS, ("Esc", "leave")]
        self.write_keys(pairs, self._saving)

    # ------------------------------------------------------------ focus

    @property
    def _stops(self) -> list[Widget]:
        return [*self._fields.stops, self.save_button, self.cancel_button]

    def _focus(self, widget: Widget) -> None:
        field = self._fields.field
        if isinstance(field, FieldSelect):
            field.expanded = False
        self.set_focus(widget, scroll_visible=False)
        self._fields.scroll_to_field(widget)

    def _move(self, by: int, *, around: bool = False) -> None:
        stops = self._stops
        current = self._fields.field or self.focused
        place = (stops.index(current) if current in stops else 0) + by
        self._focus(stops[place % len(stops) if around else max(0, min(place, len(stops) - 1))])

    # ------------------------------------------------------------ keys

    def process_key(self, event: events.Key) -> bool:
        """Edit the field that has the focus, or move between the fields."""
        if self._saving and event.key not in {QUIT, "escape"}:
            return True
        field = self._fields.field
        taken = isinstance(field, FieldSelect) and self._pending_keys is None and field.process_key(event)
        return taken or super().process_key(event)

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Move, save, restore; the buttons."""
        return {
            "tab": partial(self._move, 1, around=True),
            "shift+tab": partial(self._move, -1, around=True),
            "down": partial(self._move, 1),
            "up": partial(self._move, -1),
            "pagedown": partial(self._fields.scroll_page_down, animate=False),
            "pageup": partial(self._fields.scroll_page_up, animate=False),
            "enter": self.press,
            "space": self._press_space,
            "f2": self.save_now,
            "f3": self.save_for_review,
            "f5": self._restore,
        }

    @on(PickerField.Pressed)
    def _pick_groups(self) -> None:
        if not self._saving:
            self.pick_groups()

    def _press_space(self) -> None:
        if self.focused is self._fields.groups:
            self._pick_groups()
        else:
            self.press()

    def go_to_next(self) -> None:
        """Go to the next field, from the last to the button that saves."""
        self._move(1)

    def _typed(self, name: str, text: str) -> None:
        self._edited(name, self.draft.with_text(name, text))

    def _chosen(self, name: str, value: str) -> None:
        if value == ANOTHER_ROLE:
            self.app.push_screen(RoleDialog(self._fields.roles, monotonic=self.monotonic), self._choose_role)
        else:
            self._edited(name, self.draft.with_value(name, value))

    def _choose_role(self, role: str | None) -> None:
        if role is not None:
            self._edited("role", self.draft.with_value("role", role))
        else:
            self._fields.write_field("role")

    def _restore(self) -> None:
        name = self._fields.field_name
        if name:
            self._edited(name, self.draft.restored(name))

    def _edited(self, name: str, draft: UserDraft) -> None:
        self._fields.draft = draft
        if not self._unwritten:
            self.call_after_refresh(self._write_edited)  # the letter is painted before
        self._unwritten.add(name)

    def _write_edited(self) -> None:
        """Write what the edits since the last frame changed in the rest of the form."""
        edited, self._unwritten = self._unwritten, set()
        if not edited:
            return
        for name in edited:
            self._fields.write_field(name)
        self._fields.write_edits()
        if self._message:
            self._say("", TextStyle.PLAIN)
        self._write_footer()

    # ------------------------------------------------------------ the end

    @property
    def is_changed(self) -> bool:
        """True if something was entered that is not being saved."""
        return self.draft.is_changed and not self._saving

    def save(self) -> None:
        """Return the draft, once the person saw what it sends."""
        if self._saving:
            return
        self._write_edited()
        if not self.draft.is_changed:
            self._say("Nothing was changed: there is nothing to send.", TextStyle.WARN)
            return
        error = self.draft.error
        if error is not None:
            name, reason = error
            self._say(f"{EDITED_FIELDS[name]}: {reason}", TextStyle.BAD)
            self._focus(self._fields.control(name))
            return
        if not self._fields.edits_seen:
            again = "F3 again shows the plan." if self.for_review else "F2 again, or Enter, saves it."
            self._say(f"This will be {'planned' if self.for_review else 'sent'}. {again}", TextStyle.WARN)
            # Enter on the other button would send what was to be planned.
            self.call_after_refresh(self._focus, self.cancel_button if self.for_review else self.save_button)
            return
        self.show_saving("planning…" if self.for_review else "saving…")
        self._answers.put_nowait(self.draft)

    def leave(self) -> None:
        """Leave the form; ask before what was entered is discarded."""
        if not self.is_current:
            return
        if not self.is_changed:
            self.discard()
            return
        edited = [EDITED_FIELDS[edit.attribute] for edit in self.draft.edits] + ["Groups"] * bool(self.draft.joins)
        fields = f"{count(len(edited), 'field was', 'fields were')} edited: {', '.join(edited)}."
        self.ask_before_discarding(fields, "Leaving discards this.", answer="discard the edits")

    def discard(self) -> None:
        """End ``answer``, and close the form."""
        self._answers.put_nowait(None)
        self.close()

    def close(self) -> None:
        """Close the form."""
        if self.is_current:
            self.dismiss(None)
