"""The Textual app: sessions, themes, input, messages and crashes."""

import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual import events
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.css.query import NoMatches
from textual.errors import NoWidget
from textual.filter import LineFilter, Monochrome, NoColor
from textual.notifications import SeverityLevel
from textual.screen import Screen
from textual.worker import WorkerFailed

from walkme_tui.config.themes import ThemeSpec
from walkme_tui.domain.commands import Command, offered
from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.ports import Session
from walkme_tui.ui import keys
from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.browser.screen import BrowserScreen
from walkme_tui.ui.browser_start import BrowserStart
from walkme_tui.ui.flows.job_tasks import JobTasks, job_tasks_of
from walkme_tui.ui.input_queue import Input, InputQueue
from walkme_tui.ui.preload import Preload
from walkme_tui.ui.terminal.control_characters import ControlCharacterFilter
from walkme_tui.ui.terminal.driver import BrowserDriver, repaint
from walkme_tui.ui.theming.textual_theme import is_colorless, textual_theme
from walkme_tui.ui.theming.without_colors import WITHOUT_COLORS
from walkme_tui.ui.widgets.text_field import TextField
from walkme_tui.ui.widgets.text_style import TextStyle
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.ui.plan_preload import PlanPreload

DIALOGS_CSS: Final = Path(__file__).parent / "styles" / "dialogs.tcss"
NOTE_INKS: Final[Mapping[SeverityLevel, TextStyle]] = {
    "information": TextStyle.PLAIN,
    "warning": TextStyle.WARN,
    "error": TextStyle.BAD,
}
# These work in dialogs and text inputs too.
TERMINAL_COMMANDS: Final = frozenset({"app.redraw", "app.suspend"})


class WalkmeApp(App[int]):
    """Shows one session at a time; the code that opened the app closes the last one."""

    CSS_PATH: ClassVar[Path] = Path(__file__).parent / "styles" / "browser.tcss"
    TITLE = "walkme-tui"
    ENABLE_COMMAND_PALETTE = False
    _has_theme = False

    def __init__(
        self,
        start: BrowserStart,
        session: Session | None,
        theme: ThemeSpec,
        *,
        problem: str = "",
        preload: Preload | None = None,
        plan: "PlanPreload | None" = None,
        first: tuple[UserQuery, bool] | None = None,
        signs: LineFilter | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        # With a plan to review, a dialog follows at once: reading its style sheet later would parse this one again.
        dialogs = [DIALOGS_CSS] if start.task is not None else []
        super().__init__(driver_class=BrowserDriver, css_path=[self.CSS_PATH, *dialogs])
        self.session = session
        self.job_tasks: JobTasks | None = None
        self.broken_by: BaseException | None = None
        self.start = start
        self._problem = problem or start.problem
        self._preload, self._plan, self._first = preload, plan, first
        self._monotonic = monotonic
        self._commands = keys.bound(start.keymap)
        self._last_filters = (ControlCharacterFilter(), *((signs,) if signs is not None else ()))
        self.register_theme(textual_theme(theme))
        self.set_reactive(App.theme, theme.name)
        # Textual made its filters for its own theme: greys for NO_COLOR, even if that is empty, and no native colours.
        self._filters = [each for each in self._filters if not isinstance(each, (Monochrome, NoColor))]
        self._refresh_truecolor_filter(self.ansi_theme)
        self._has_theme = True
        self.stylesheet.set_variables(self.get_css_variables())
        self._by_key = {key: command.id for key, command in keys.pairs(self._commands)}
        by_id = {command.id: command for command in self._commands}
        self._input = InputQueue(self, by_id, self._by_key, self._perform, monotonic)

    def get_css_variables(self) -> dict[str, str]:
        """The variables of the theme; none before ours is registered, because computing them takes time."""
        return super().get_css_variables() if self._has_theme else {}

    def get_default_screen(self) -> Screen[None]:
        """The browser, or why there is none."""
        screen = self._first_screen()
        # switch_screen removes the callback that a pushed screen has; the first screen was never pushed.
        screen._push_result_callback(self, None)  # noqa: SLF001 - what push_screen does
        return screen

    def _first_screen(self) -> Screen[None]:
        if self.session is not None:
            return self._browser(self.session, self._first or self.start.first_query(self.session.account))
        from walkme_tui.ui.screens.no_profile import NoProfileScreen

        names = dict.fromkeys(choice.name for choice in self.start.profiles)
        return NoProfileScreen(self._problem, list(names), self.start_demo)

    @property
    def _offered(self) -> Sequence[Command]:
        """The commands of the surface that is open."""
        return self._commands if self.session is None else offered(self._commands, self.session.capabilities)

    def _browser(self, session: Session, first: tuple[UserQuery, bool]) -> BrowserScreen:
        preload, plan = self._preload, self._plan
        query, wide = first
        self._preload = self._plan = None
        self.job_tasks = job_tasks_of(session, self.start, plan, self._monotonic)
        return BrowserScreen(
            session,
            self._commands,
            self.job_tasks,
            query=query,
            wide=wide,
            state_file=self.start.state_file if self.start.demo or not session.account.demo else None,
            preload=preload,
            plan=plan,
            monotonic=self._monotonic,
        )

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The last of the three layers against hostile text, then the signs and colours of this terminal."""
        if self.start.no_color or is_colorless(self.current_theme):
            return (*self._last_filters, WITHOUT_COLORS)
        return (*self._last_filters, *super().get_line_filters())

    def copy_to_clipboard(self, text: str) -> None:
        """Send text that was selected with the mouse to the terminal, within the limits of its clipboard sequence."""
        from walkme_tui.ui.terminal.clipboard import send_to_clipboard

        send_to_clipboard(self, text)

    def on_resize(self) -> None:
        """Forget what the terminal shows: each moves the text in its own way."""
        if isinstance(self._driver, BrowserDriver):
            self._driver.shown.forget()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        if isinstance(self._driver, BrowserDriver) and isinstance(renderable, CompositorUpdate):
            renderable = self._driver.shown.changes(renderable)
        super()._display(screen, renderable)

    # ------------------------------------------------------------ input

    async def on_event(self, event: events.Event) -> None:
        """Handle input in order, and keys at once.

        Textual forwards a key to the focused widget and looks for its binding when the key comes back. Keys that were
        typed ahead were forwarded to the same widget by then, although the first key may have moved the focus.
        """
        if not isinstance(event, (events.InputEvent, events.Paste)) or event.is_forwarded:
            await super().on_event(event)
            return
        if isinstance(event, events.Key):
            self.app_focus = True
        await self._input.put(event)

    async def _perform(self, item: Input) -> None:
        if isinstance(item, str):
            self._run(item)
        elif isinstance(item, events.Key):
            if not self._take_key(item):
                await super().on_event(item)
        elif isinstance(item, events.Paste) and isinstance(self.focused, TextField):
            self.focused.on_paste(item)
        else:
            await super().on_event(item)
            if isinstance(item, events.MouseEvent) and not isinstance(item, events.MouseMove):
                self._await_mouse(item)

    def _await_mouse(self, event: events.MouseEvent) -> None:
        with suppress(NoWidget):
            widget, _ = self.screen.get_widget_at(event.x, event.y)
            self._input.await_messages(widget)

    def _take_key(self, event: events.Key) -> bool:
        screen = self.screen
        command_id = self._by_key.get(event.key)
        taken = isinstance(screen, keys.ProcessesKeys) and screen.process_key(event)
        if command_id in TERMINAL_COMMANDS and not event.is_printable:
            self.run_command(command_id)
            return True
        if taken:
            return True
        if command_id is None or not isinstance(screen, keys.RunsCommands):
            return False
        self._run(command_id)
        if command_id == "row.open" and self.focused is not None:
            self._input.await_messages(self.focused)
        return True

    def run_command(self, command_id: str) -> None:
        """Run a command that was chosen in the palette before the keys that were typed since."""
        self._input.put_first(command_id)

    def _run(self, command_id: str) -> None:
        verbs: dict[str, Callable[[], None]] = {
            "app.help": self.show_help,
            "app.palette": self.show_palette,
            "app.profile": self.choose_profile,
            "app.quit": self.leave,
            "app.redraw": partial(repaint, self),
            "app.suspend": self.suspend_process,
        }
        if command_id in verbs:
            verbs[command_id]()
        elif isinstance(self.screen, keys.RunsCommands):
            self.screen.run_command(command_id)

    def suspend_process(self) -> None:
        """Stop until the shell continues the program."""
        if isinstance(self._driver, BrowserDriver):
            self._driver.suspend()

    def action_help_quit(self) -> None:
        """Show how to quit: ctrl+c copies."""
        self.notify("q quits; ctrl+q quits everywhere.", markup=False, timeout=4)

    # ------------------------------------------------------------ sessions and colours

    async def action_quit(self) -> None:
        """Quit by ctrl+q, in dialogs too."""
        self.leave()

    def leave(self) -> None:
        """Quit; while a job runs, ask what to do with it."""
        if self.job_tasks is None or not self.job_tasks.running:
            self.exit(0)
        else:
            from walkme_tui.ui.flows.quit import ask_to_quit

            ask_to_quit(self, self.job_tasks)

    def choose_profile(self) -> None:
        """Choose a profile and open it; where there is none, the screen offers the demo already."""
        from walkme_tui.ui.flows.origin import Origin
        from walkme_tui.ui.flows.profile_switch import choose_profile

        if self.session is not None or self.start.profiles:
            origin = Origin(self.screen) if isinstance(self.screen, BrowserScreen) else None
            self._switch_profile(partial(choose_profile, self, origin))

    def start_demo(self) -> None:
        """Open the demo account."""
        from walkme_tui.ui.flows.profile_switch import open_demo

        self._switch_profile(partial(open_demo, self))

    def _switch_profile(self, switch: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start a switch of profiles, unless one is under way: a second one must not replace its choice."""
        if any(worker.group == WorkerGroup.SESSION and not worker.is_finished for worker in self.workers):
            self.notify("A profile is already being opened. Wait until that is done.", markup=False, timeout=4)
        else:
            start_worker(self, WorkerGroup.SESSION, switch, name="Opening the profile")

    def show_session(self, session: Session, first: tuple[UserQuery, bool]) -> AwaitComplete:
        """Replace the screen with a browser over this session; the caller closes the session before.

        ``first`` is the query of the users and whether their columns are wide; the filter and the tab stay on the other
        surface of a profile. Messages about the session before are removed.
        """
        self.clear_notifications()
        screen, tab = self.screen, Tab.USERS
        if isinstance(screen, BrowserScreen) and screen.session.account.profile == session.account.profile:
            first = first[0]._replace(text=screen.filtering.query().text), first[1]
            tab = screen.area.arrangement.tab
        self.session, self.job_tasks = session, None
        browser = self._browser(session, first)
        browser.call_after_refresh(browser.navigation.show_tab, tab)
        return self.switch_screen(browser)

    def apply_theme(self, spec: ThemeSpec) -> None:
        """Change the colours."""
        self.register_theme(textual_theme(spec))
        self.theme = spec.name

    # ------------------------------------------------------------ help and palette

    def show_help(self) -> None:
        """All keys."""
        from walkme_tui.ui.dialogs.help import HelpDialog

        self.push_screen(HelpDialog(self._offered, self._why_not))

    def show_palette(self) -> None:
        """All commands, views, orders and themes."""
        from walkme_tui.ui.palette import show_palette

        browser = self.screen if isinstance(self.screen, BrowserScreen) else None
        commands = [each for each in self._offered if browser is None or browser.has_command(each.id)]
        ordering = browser.ordering if browser is not None else None
        show_palette(self, commands, self.start, self._why_not, self.run_command, ordering)

    def _why_not(self, command: Command) -> str:
        return self.job_tasks.why_not(command) if self.job_tasks is not None else ""

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,  # noqa: ARG002 - never read: a message may hold text of the directory
    ) -> None:
        """Show a message in the status line where it fits, else as a toast away from the cursor's row."""
        screen = self.screen
        if isinstance(screen, BrowserScreen):
            seconds = timeout if timeout is not None else self.NOTIFICATION_TIMEOUT
            text = f"{title}: {message}" if title else message
            if screen.chrome.note(text, NOTE_INKS[severity], seconds):
                return
            screen.keep_toasts_off_the_cursor()
        super().notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    # ------------------------------------------------------------ the end

    def exit(self, *arguments: Any, **named: Any) -> None:
        """Quit; what ends from now on opens no dialog."""
        if self.job_tasks is not None:
            self.job_tasks.leave("the program ends")
        super().exit(*arguments, **named)

    def _handle_exception(self, error: Exception) -> None:
        """End at once after a bug, without Textual's report: its local variables hold people and secrets."""
        cause = error.error if isinstance(error, WorkerFailed) else error
        if isinstance(cause, NoMatches) and (self._exit or not self.is_running):
            return  # the program ends, and widgets were removed before others were mounted
        if self.broken_by is None:
            self.broken_by = cause
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()
