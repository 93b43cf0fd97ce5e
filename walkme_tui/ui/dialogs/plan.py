"""The dialog that shows a plan and asks for confirmation before anything is sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from string import digits
from typing import ClassVar, Final

from textual import events, on
from textual.containers import Horizontal
from textual.widget import Widget

from walkme_tui.domain.accounts import Account, Environment
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.plans import Plan, PlanKind
from walkme_tui.domain.text import clean
from walkme_tui.ui.change_words import MAX_SENTENCE, plan_title, subject_count
from walkme_tui.ui.dialogs.confirmation import ConfirmationDialog, account_mark, available_lines, inner_width
from walkme_tui.ui.dialogs.dialog import movement_keys
from walkme_tui.ui.plan_draft import PlanDraft
from walkme_tui.ui.widgets.plan_list import PlanList
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_input import TextInput
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle
from walkme_tui.ui.words import count, number

NARROW: Final = 80
TICKET_LINES: Final = 2
MAX_USERS_WITHOUT_NUMBER: Final = 10
"""A plan about more users in production is executed only after their number was typed, as is every deletion."""
SAVE_ONLY: Final = "Can only be saved (p): "
NUMBER_CHARACTERS: Final = frozenset(f"{digits} ")
NUMBER_REQUEST: Final = "type the number of people in this plan, then press y"


class PlanChoice(StrEnum):
    """What to do with a plan."""

    RUN = "run"
    SAVE = "save"


@dataclass(frozen=True, slots=True)
class PlanAnswer:
    """The choice and the draft at that time."""

    choice: PlanChoice
    draft: PlanDraft


class PlanDialog(ConfirmationDialog[PlanAnswer]):
    """Shows a draft and returns what to do with it, None if it was cancelled.

    ``extent`` is a phrase if the users are a whole set (``the whole account``), else empty.
    ``require`` raises ``ConfigurationError`` for a plan without a ticket that the configuration requires. ``refusal``
    is why the plan cannot be run, as a phrase, empty if it can: then it can still be saved.
    ``clock`` gives milliseconds since the Unix epoch.
    """

    SIZE_CLASS: ClassVar[str] = "wide"

    def __init__(
        self,
        draft: PlanDraft,
        account: Account,
        *,
        extent: str = "",
        refusal: str = "",
        require: Callable[[Plan], None],
        clock: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        title: StyledText = [
            (plan_title(draft.planned), TextStyle.STRONG),
            *([(f": {extent}", TextStyle.WARN)] if extent else []),
        ]
        super().__init__(title, account_mark(account), monotonic)
        self._refusal = refusal
        self._set_draft(draft)
        self._can_keep = any(map(draft.can_keep, draft.planned.steps))
        self._require = require
        self._clock = clock
        prompt = "required by the configuration" if self._missing(draft.planned.with_ticket("")) else "none"
        self._list = PlanList()
        self._ticket = TextInput(prompt=prompt, id="ticket")
        self._user_count = subject_count(draft.planned)
        many = account.environment is Environment.PRODUCTION and self._user_count > MAX_USERS_WITHOUT_NUMBER
        needs_number = not refusal and (many or draft.planned.kind is PlanKind.DELETE)
        self._number = TextInput(id="number") if needs_number else None

    def body(self) -> Sequence[Widget]:
        """The plan, the ticket, and the number of users where it is required."""
        lines: list[Widget] = [self._list, Horizontal(TextBar(id="ticket-label"), self._ticket, id="ticket-line")]
        if self._number is not None:
            parts = (TextBar(id="number-label"), self._number, TextBar(id="number-note"))
            lines.append(Horizontal(*parts, id="number-line"))
        if self._refusal:
            lines.append(TextBar(id="refusal"))
        return lines

    def fill(self) -> None:
        """Write the plan, and again every second: it shows ages."""
        self.query_one("#ticket-label", TextBar).write([("Ticket", TextStyle.DIM)])
        if self._number is not None:
            self.query_one("#number-label", TextBar).write([("People", TextStyle.DIM)])
            self._number.on_edit = lambda _: self._ask_for_number()
            self._ask_for_number()
        if self._refusal:
            self.query_one("#refusal", TextBar).write([(f"{SAVE_ONLY}{self._refusal}.", TextStyle.WARN)])
        self._ticket.set_text(self._draft.ticket)
        self._ticket.on_edit = self._keep_ticket
        self._write()
        self.set_interval(1.0, self._write)
        super().fill()

    def on_resize(self, event: events.Resize) -> None:
        """Give the plan the remaining lines."""
        self._list.styles.max_height = available_lines(event.size.height, TICKET_LINES + self._more_lines)
        self._write()

    def _write(self) -> None:
        self._list.fill(self._draft, self._clock(), inner_width(self.app.size.width) - 2)
        self.write_footer()

    def hints(self) -> Sequence[tuple[str, str]]:
        """The keys that are useful with the current focus."""
        if self.focused is self._ticket:
            return [("Enter", "done")]
        keys: list[tuple[str, str]] = []
        if self._sendable:
            some = "" if self._sendable == self._step_count else f"{number(self._sendable)} of "
            keys.append(("y", f"run {some}{count(self._step_count, 'step', 'steps')}"))
        keep = [("k", "keep group")] if self._can_keep else []
        if not self._draft.planned.steps:
            return keys
        if self.focused is self._number is not None:
            return [*keys, ("p", "save plan")]
        if self.app.size.width < NARROW:  # the keys that decide must be on the screen
            return [*keys, ("p", "save plan"), *keep, ("t", "ticket")]
        return [*keys, *keep, ("p", "save plan"), ("t", "ticket")]

    @on(events.DescendantFocus)
    @on(events.DescendantBlur)
    def update_keys(self) -> None:
        """Show the keys for the new focus."""
        self._write()

    @property
    def ticket(self) -> str:
        """What was typed for the ticket."""
        return self._draft.ticket

    @property
    def _more_lines(self) -> int:
        return (self._number is not None) + bool(self._refusal)

    @property
    def _fields(self) -> list[TextInput]:
        return [self._ticket] if self._number is None else [self._ticket, self._number]

    def _missing(self, plan: Plan) -> str:
        try:
            self._require(plan)
        except ConfigurationError as error:
            return clean(error.message, MAX_SENTENCE)
        return ""

    # ------------------------------------------------------------ keys

    def process_key(self, event: events.Key) -> bool:
        """Esc and Enter in an input return to the button, Tab goes to the next input; a number has only digits."""
        if event.key in {"escape", "enter", "tab"} and self.focused in self._fields:
            to_number = event.key == "tab" and self.focused is self._ticket and self._number is not None
            self.set_focus(self._number if to_number else self._button)
            self.disarm()
            return True
        if self.focused is self._number is not None and event.is_printable and event.character not in NUMBER_CHARACTERS:
            if event.key in map(self._replacement_key, self.decision_keys()):
                self.keys()[event.key]()
            if self.is_current:
                self.disarm()
            return True
        return super().process_key(event)

    def other_keys(self) -> Mapping[str, Callable[[], object]]:
        """Move, keep a group, edit the ticket."""
        ticket = partial(self.set_focus, self._ticket)
        return {
            **movement_keys(self._list),
            "k": partial(self.run_once_armed, self._keep),
            "t": partial(self.run_once_armed, ticket),
            "tab": ticket,
            **({} if self._number is None else {digit: partial(self._begin_number, digit) for digit in digits}),
        }

    def _ask_for_number(self) -> None:
        self.query_one("#number-note", TextBar).write([(NUMBER_REQUEST, TextStyle.DIM)])

    def _begin_number(self, digit: str) -> None:
        """Type the number of users, as the prompt asks for, without going to its input first."""
        if self._number is not None:
            self.set_focus(self._number)
            self._number.edit(digit, 1)

    def decision_keys(self) -> Mapping[str, Callable[[], object]]:
        """Execute the plan or save it."""
        return {"y": self._run, "p": self._save}

    def _keep(self) -> None:
        """Keep the group under the cursor; a second time, leave it after all."""
        row = self._list.current
        if row is not None and row.step is not None:
            self._set_draft(self._draft.toggled(row.step))
            self._write()

    def _set_draft(self, draft: PlanDraft) -> None:
        self._draft, plan = draft, draft.plan
        self._step_count = len(plan.steps)
        self._sendable = 0 if self._refusal else self._step_count - len(plan.refused)

    def _keep_ticket(self, text: str) -> None:
        self._draft = replace(self._draft, ticket=text)

    def _run(self) -> None:
        """Execute the plan unless the ticket or the number is missing."""
        plan = self._draft.plan
        if not self._sendable:
            return
        missing = self._missing(plan)
        if missing:
            self.app.notify(missing, title="A ticket is missing", severity="warning", markup=False)
            self.set_focus(self._ticket)
            return
        wrong = self._wrong_number()
        if wrong:
            self.query_one("#number-note", TextBar).write([(wrong, TextStyle.WARN)])
            self.set_focus(self._number)
            return
        self.dismiss(PlanAnswer(PlanChoice.RUN, self._draft))

    def _wrong_number(self) -> str:
        """What is wrong with the number that was typed; empty if nothing is or none is required."""
        if self._number is None:
            return ""
        typed = self._number.text.replace(" ", "")
        if not typed:
            return "nothing was sent: type the number of people first"
        if typed == str(self._user_count):
            return ""
        return f"nothing was sent: the plan is about {number(self._user_count)} people"

    def _save(self) -> None:
        """Save the plan to a file."""
        if self._step_count:
            self.dismiss(PlanAnswer(PlanChoice.SAVE, self._draft))
