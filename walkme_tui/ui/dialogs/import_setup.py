"""The dialog that shows what an import would do, row by row, and in which its settings are changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, Final

from textual import events, on
from textual.widget import Widget

from walkme_tui.domain.accounts import Account
from walkme_tui.domain.capabilities import capabilities
from walkme_tui.domain.errors import ConfigurationError, EncodingUnknown, NoEmailColumn, WalkmeError
from walkme_tui.domain.groups import GroupSize
from walkme_tui.domain.imports.columns import ColumnMapping
from walkme_tui.domain.imports.csv_format import DELIMITERS
from walkme_tui.domain.imports.source import OnConflict, RowOutcome
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.change_words import MAX_SENTENCE
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog, SearchDialog
from walkme_tui.ui.dialogs.confirmation import LARGE_FRAME, SHORT_SCREEN, account_mark, inner_width
from walkme_tui.ui.dialogs.dialog import Dialog, movement_keys
from walkme_tui.ui.dialogs.group_picker import GroupPicker
from walkme_tui.ui.dialogs.import_columns import ColumnsDialog
from walkme_tui.ui.dialogs.import_encodings import encoding_choices
from walkme_tui.ui.group_choice import GroupChoice
from walkme_tui.ui.import_reading import ImportReading
from walkme_tui.ui.widgets.import_list import ImportList, RowFilter
from walkme_tui.ui.widgets.import_settings import POLICIES, counts_text, settings_lines
from walkme_tui.ui.widgets.row_list import RowList
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle, wrapped
from walkme_tui.ui.workers import WorkerGroup, start_worker

MAX_LOOK_UPS_UNASKED: Final = 200
"""So many emails are looked up without a key: reading changes nothing, but a thousand take minutes."""
HIGH_SCREEN: Final = 30
COVERAGE_SECONDS: Final = 2.0
NO_CONFLICT: Final = (
    "There is nothing to choose: no user has this email, or one who has all the values, or the row fails anyway."
)
NOTHING_TO_SEND: Final = "There is nothing to send: no row creates or changes a user."


class ImportDialog(Dialog[Plan]):
    """Returns the plan once every row is checked and the person wants to review it; ``reading`` keeps the draft.

    A plan without steps is returned where rows fail, which can be written to a file.

    ``read_groups`` returns the groups of the account. ``look_up_cost`` says how long so many look-ups take, as the end
    of a phrase, and ``is_loaded`` whether every user is loaded, so that none is needed.
    """

    SIZE_CLASS: ClassVar[str] = "large"

    def __init__(
        self,
        reading: ImportReading,
        account: Account,
        *,
        read_groups: Callable[[], Awaitable[Sequence[GroupSize]]],
        look_up_cost: Callable[[int], str],
        is_loaded: Callable[[], bool],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        title = f"Import {clean(reading.draft.path.name, MAX_SENTENCE)}"
        super().__init__([(title, TextStyle.STRONG)], (), account_mark(account))
        self._reading = reading
        self._account = account
        self._read_groups = read_groups
        self._look_up_cost = look_up_cost
        self._is_loaded = is_loaded
        self._monotonic = monotonic
        self._settings = [TextBar(id=f"import-settings-{number}") for number in range(3)]
        self._list = ImportList(reading)
        self._detail = ScrollingText(id="import-detail", can_focus=False)
        self._counts = TextBar(id="import-counts")
        self._doing = ""
        self._problem = ""
        self._can_try_again = False
        self._looking_up: asyncio.Task[None] | None = None
        self._is_stale = False
        self._look_up_all = False
        self._asked_encoding = False

    def body(self) -> Sequence[Widget]:
        """The settings, the rows, the row under the cursor in full, and how many rows become what."""
        return [*self._settings, self._list, self._detail, self._counts]

    def fill(self) -> None:
        """Show what is known, and read the rest."""
        self.set_focus(self._list)
        self._show()
        self._read_again()
        self.set_interval(COVERAGE_SECONDS, self._read_once_loaded)

    @on(events.Resize)
    def fit_again(self) -> None:
        """Leave the blank lines and the row in full out on a small screen."""
        self.query("#frame").set_class(self.app.size.height < SHORT_SCREEN, "short")
        self._show()

    # ------------------------------------------------------------ reading

    def _read_again(self) -> None:
        """Read and plan again, after what is under way: threads cannot be cancelled."""
        self._is_stale = True
        if self._looking_up is not None:
            self._looking_up.cancel()
        if not self._doing:
            self._doing = "reading…"
            start_worker(self, WorkerGroup.IMPORT, self._read_while_stale, name="Reading the file")

    def _change(self, **changes: object) -> None:
        """Change settings, which is shown at once, and plan again."""
        self._reading.draft = replace(self._reading.draft, **changes)  # type: ignore[arg-type]  # fields of a draft
        self._read_again()
        self._write()

    async def _read_while_stale(self) -> None:
        try:
            while self._is_stale:
                self._is_stale, self._problem, self._can_try_again = False, "", False
                try:
                    await self._read()
                except WalkmeError as error:
                    self._show_problem(error)
        finally:
            self._doing = ""
        self._show()

    async def _read(self) -> None:
        reading = self._reading
        self._say("reading…")
        await reading.read()
        self._list.fill(self._list.row_filter)
        self._say("checking the rows…")
        await reading.make_plan(look_up=False)
        self._show()
        look_up_all, self._look_up_all = self._look_up_all, False
        if not self._is_stale and reading.unanswered and (look_up_all or reading.unanswered <= MAX_LOOK_UPS_UNASKED):
            await self._look_up()

    async def _look_up(self) -> None:
        """Look up the emails that are not loaded; what was found stays known where it is stopped."""
        total = self._reading.unanswered

        def note(done: int) -> None:
            self._say(f"looked up {words.number(done)} of {words.number(total)}, Esc stops")

        note(0)
        self._looking_up = asyncio.create_task(self._reading.make_plan(note, look_up=True))
        try:
            await asyncio.wait([self._looking_up])
            if not self._looking_up.cancelled():
                self._looking_up.result()
            elif not self._is_stale:
                await self._reading.make_plan(look_up=False)
        finally:
            self._looking_up.cancel()
            self._looking_up = None

    def _show_problem(self, error: WalkmeError) -> None:
        self._can_try_again = not isinstance(error, ConfigurationError)
        if not self._can_try_again:
            self._reading.drop_plan()
        self._problem = clean(str(error), MAX_SENTENCE)
        if isinstance(error, NoEmailColumn):
            self._problem += " c chooses the columns."
        if isinstance(error, EncodingUnknown) and not self._asked_encoding:
            self._asked_encoding = True
            self._ask_encoding()

    def _read_once_loaded(self) -> None:
        """Plan again once the whole account is loaded: no look-up is needed any more."""
        if self._reading.unanswered and not self._doing and self._is_loaded():
            self._read_again()

    # ------------------------------------------------------------ writing

    def _say(self, doing: str) -> None:
        self._doing = doing
        if self.is_attached:
            self._write()

    def _show(self) -> None:
        """Show the rows and everything about them."""
        if self.is_attached:
            self._list.set_empty_text(
                "" if self._problem else self._doing or f"There are no {self._list.row_filter.value}."
            )
            self._list.fill(self._list.row_filter)
            self._write()

    def _write(self) -> None:
        """Write everything but the rows."""
        width = inner_width(self.app.size.width, LARGE_FRAME)
        for bar, line in zip(self._settings, settings_lines(self._reading, width), strict=True):
            bar.write(line)
        self._counts.write(counts_text(self._reading), [(self._doing, TextStyle.ACCENT)] if self._doing else ())
        self._write_detail()
        pieces: list[StyledSpan] = []
        for key, word in self._hints():
            pieces += [(key, TextStyle.ACCENT), (f" {word}   ", TextStyle.DIM)]
        self.fill_footer(pieces)

    def _hints(self) -> Sequence[tuple[str, str]]:
        """The keys that are useful now."""
        keys: list[tuple[str, str]] = []
        plan, unanswered = self._reading.plan, self._reading.unanswered
        if self._doing:
            pass
        elif unanswered:
            emails = words.count(unanswered, "email", "emails")
            keys.append(("Enter", f"look up {emails}{self._look_up_cost(unanswered)}"))
        elif self._can_try_again:
            keys.append(("Enter", "try again"))
        elif plan is not None and plan.steps:
            keys.append(("Enter", "review the plan"))
        elif plan is not None and self._reading.counts[RowOutcome.FAILED]:
            keys.append(("Enter", "write failing rows"))
        keys.append(("Esc", "stop" if self._looking_up is not None else "back"))
        if self._reading.plan is not None:
            keys += [("Space", "this row"), ("f", self._list.row_filter.following.value)]
        return keys

    @on(RowList.Moved)
    def _write_detail(self) -> None:
        """Write what is wrong with the file in full, else the row under the cursor."""
        width = inner_width(self.app.size.width, LARGE_FRAME) - 1
        height = self.app.size.height
        lines: list[StyledText] = []
        if self._problem:
            lines = [*wrapped(self._problem, width, TextStyle.BAD)]
            room = len(lines)
        else:
            room = 0 if height < SHORT_SCREEN else 2 if height < HIGH_SCREEN else 3
            row = self._list.current
            if row is not None:
                lines = [*wrapped(self._row_text(row), width)]
        self._detail.display = room > 0
        self._detail.styles.height = room
        self._detail.set_lines(lines[:room])

    def _row_text(self, row: int) -> str:
        word, _ = self._list.result(row)
        policy = self._reading.draft.row_conflicts.get(self._reading.line(row))
        chosen = f"(this row only: {POLICIES[policy]})  " if policy is not None else ""
        return (
            f"{clean(self._reading.email(row), MAX_SENTENCE)}  {word}  {chosen}{self._list.detail(row)}" if word else ""
        )

    # ------------------------------------------------------------ keys

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Move, change a setting, and go on."""
        return {
            **movement_keys(self._list),
            "e": self._ask_encoding,
            "d": self._ask_delimiter,
            "h": self._toggle_header,
            "c": self._ask_columns,
            "u": self._next_policy,
            "a": self._ask_groups,
            "space": self._next_row_policy,
            "f": partial(self._filter, None),
            "enter": self._go_on,
            "f2": self._go_on,
        }

    def leave(self) -> None:
        """Stop the look-up, else show all rows, else go back; the draft is kept."""
        if not self.is_current:
            return
        if self._looking_up is not None:
            self._looking_up.cancel()
        elif self._list.row_filter is not RowFilter.ALL:
            self._filter(RowFilter.ALL)
        else:
            self.dismiss(None)

    def _go_on(self) -> None:
        """Look up what is not known yet, try again after a failure, or return the plan."""
        reading = self._reading
        if self._doing or not self.is_current:
            return
        if reading.unanswered or self._can_try_again:
            self._look_up_all = bool(reading.unanswered)
            self._read_again()
        elif reading.plan is None:
            return
        elif not reading.plan.steps and not reading.counts[RowOutcome.FAILED]:
            self.app.notify(NOTHING_TO_SEND, markup=False, timeout=6)
        else:
            self.dismiss(reading.plan)

    @on(RowList.Opened)
    def _open_row(self) -> None:
        """A double click on a row changes nothing."""

    def _filter(self, row_filter: RowFilter | None) -> None:
        if self._reading.plan is not None:
            self._list.fill(row_filter or self._list.row_filter.following)
            self._show()

    # ------------------------------------------------------------ settings

    def _ask_encoding(self) -> None:
        current = self._reading.table.format.encoding if self._reading.table is not None else None
        dialog = SearchDialog("Encoding of the file", encoding_choices(self._reading.draft.data), current)
        self.app.push_screen(dialog, lambda chosen: None if chosen is None else self._change(encoding=chosen))

    def _ask_delimiter(self) -> None:
        choices = [Choice(sign, name) for name, sign in DELIMITERS.items()]
        current = self._reading.table.format.delimiter if self._reading.table is not None else None

        def use(chosen: str | None) -> None:
            if chosen is not None and chosen != current:
                self._change(delimiter=chosen, mapping=None)

        self.app.push_screen(ChoiceDialog("Delimiter between the cells", choices, current), use)

    def _toggle_header(self) -> None:
        table, chosen = self._reading.table, self._reading.draft.header
        has_header = chosen is not False if table is None else table.format.has_header
        self._change(header=not has_header, mapping=None)

    def _ask_columns(self) -> None:
        table, mapping = self._reading.table, self._reading.mapping
        if table is None or mapping is None:
            return

        def use(chosen: ColumnMapping | None) -> None:
            if chosen is not None and chosen != mapping:
                self._change(mapping=chosen)

        self.app.push_screen(ColumnsDialog(table, mapping, capabilities(self._account.surface)), use)

    def _ask_groups(self) -> None:
        start_worker(self, WorkerGroup.GROUPS, self._pick_groups, exclusive=True, name="Reading the groups")

    async def _pick_groups(self) -> None:
        groups = await self._read_groups()
        choice = GroupChoice.of(groups, ()).with_joins(self._reading.draft.groups)
        picker = GroupPicker(
            "Groups that everyone in the file joins",
            choice,
            self._account,
            judge=lambda _: (),
            exact=False,
            save_word="use them",
            monotonic=self._monotonic,
        )
        if self.is_current:
            chosen = await self.app.push_screen_wait(picker)
            if chosen is not None and chosen.joins != self._reading.draft.groups:
                self._change(groups=chosen.joins)

    def _next_policy(self) -> None:
        self._change(on_conflict=_following(self._reading.draft.on_conflict))

    def _next_row_policy(self) -> None:
        """Choose something else for the row under the cursor; the choice for all rows needs no exception."""
        reading, index = self._reading, self._list.current
        row = reading.row(index) if index is not None else None
        if index is None or row is None:
            return
        if not reading.has_conflict(index):
            self.app.notify(NO_CONFLICT, markup=False, timeout=4)
            return
        others = {line: policy for line, policy in reading.draft.row_conflicts.items() if line != row.line}
        policy = _following(reading.draft.row_conflicts.get(row.line, reading.draft.on_conflict))
        if policy is not reading.draft.on_conflict:
            others[row.line] = policy
        self._change(row_conflicts=others)


def _following(policy: OnConflict) -> OnConflict:
    policies = list(OnConflict)
    return policies[(policies.index(policy) + 1) % len(policies)]
