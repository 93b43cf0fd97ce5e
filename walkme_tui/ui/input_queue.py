"""Keeps input in order: a command that needs a view waits until it is painted, and all input behind it waits too."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from textual import events
from textual.errors import NoWidget

from walkme_tui.config.key_names import shown_key
from walkme_tui.domain.commands import Command
from walkme_tui.ui import keys, words
from walkme_tui.ui.workers import WorkerGroup

if TYPE_CHECKING:
    from textual.app import App
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.timer import Timer

NOTE_SECONDS: Final = 0.3
LIMIT_SECONDS: Final = 5.0
CHECK_SECONDS: Final = 1 / 60
MESSAGES_SECONDS: Final = 1.0
OPENS_TEXT: Final = frozenset({"view.filter", "app.palette"})
"""Behind one of these a letter is text, also the one that quits elsewhere."""

Input: TypeAlias = events.Event | str
"""A key, a mouse event or a paste; or the id of a command that was chosen in the palette."""


class InputQueue:
    """Passes each input to ``perform`` in order, once what it waits for is there.

    After ``LIMIT_SECONDS``, or when a dialog opens meanwhile, the waiting input is dropped with a notification.
    """

    def __init__(
        self,
        app: "App[Any]",
        commands: Mapping[str, Command],
        by_key: Mapping[str, str],
        perform: Callable[[Input], Awaitable[None]],
        monotonic: Callable[[], float],
    ) -> None:
        self._app = app
        self._commands = commands
        self._by_key = by_key
        self._perform = perform
        self._monotonic = monotonic
        self._held: deque[Input] = deque()
        self._held_on: Screen[Any] | None = None
        self._waiting_since = 0.0
        self._note = ""
        self._note_on: keys.ShowsView | None = None
        self._timer: Timer | None = None
        self._last_screen: Screen[Any] | None = None
        self._flushes: set[asyncio.Task[None]] = set()

    async def put(self, item: Input) -> None:
        """Perform an input now, or after those that wait."""
        if not self._app.is_running:
            return  # the program is ending
        self._drop_if_covered()
        if not self._held:
            self._note_screen()
            if not self._pending(item):
                await self._perform(item)
                return
            self._begin_to_wait()
        self._held.append(item)
        await self._let_pass()
        self._watch()

    def put_first(self, command_id: str) -> None:
        """Perform a command soon, before the waiting input, which was typed after it was chosen."""
        self._held.appendleft(command_id)
        self._begin_to_wait()
        self._watch()
        self._app.call_next(self.advance)

    def await_messages(self, *nodes: "DOMNode") -> None:
        """Hold commands back until these nodes and their ancestors have handled what is in their message queues."""

        async def flush() -> None:
            for node in nodes:
                for each in node.ancestors_with_self:
                    for _ in range(2):  # a message may be answered with another one to the same node
                        handled = asyncio.Event()
                        if each.call_later(handled.set):
                            with suppress(TimeoutError):
                                await asyncio.wait_for(handled.wait(), MESSAGES_SECONDS)

        def done(task: asyncio.Task[None]) -> None:
            self._flushes.discard(task)
            if self._held and not task.cancelled():
                self._app.call_later(self.advance)

        task = asyncio.create_task(flush())
        self._flushes.add(task)
        task.add_done_callback(done)

    async def advance(self) -> None:
        """Perform what no longer waits; drop the rest if it waited for too long."""
        if not self._app.is_running:
            return
        self._drop_if_covered()
        while self._held:
            self._note_screen()
            waits_for = self._pending(self._held[0])
            if waits_for:
                await self._let_pass()
                self._wait_on(waits_for)
                break
            item = self._held.popleft()
            await self._perform(item)
            self._begin_to_wait()
        if not self._held:
            self._end()

    # ------------------------------------------------------------ inside

    def _note_screen(self) -> None:
        """After a dialog was closed, its answer is handled before the next input."""
        screen = self._app.screen
        if screen is not self._last_screen:
            self._last_screen = screen
            if isinstance(screen, keys.ShowsView):
                self.await_messages(self._app, screen)

    def _command_of(self, item: Input) -> str | None:
        if isinstance(item, str):
            return item
        if isinstance(item, events.Key):
            return self._by_key.get(item.key)
        return keys.MOUSE if isinstance(item, events.MouseEvent) and not isinstance(item, events.MouseMove) else None

    def _pending(self, item: Input) -> str:
        """What an input waits for; empty if nothing."""
        screen, command_id = self._app.screen, self._command_of(item)
        if not screen.is_mounted:
            return "the screen"
        if isinstance(item, events.MouseEvent) and _is_over_removed_widget(screen, item):
            return "the new layout"
        if command_id is None or not isinstance(screen, keys.ShowsView):
            return ""
        if isinstance(item, events.Key) and screen.types(item):
            return ""
        if self._flushes:
            return "the command before"
        command = self._commands.get(command_id)
        if command is not None and command.needs_view and self._changes_session():
            return "the other account"
        if self._app._resize_event is not None:  # noqa: SLF001 - Textual passes it on some milliseconds later
            return "the new layout"
        return screen.pending(command_id)

    def _changes_session(self) -> bool:
        return any(each.group == WorkerGroup.SESSION and not each.is_finished for each in self._app.workers)

    async def _let_pass(self) -> None:
        """Esc drops what waits before it, and a quitting key ends the program; neither waits for a view."""
        screen, is_text, in_filter = self._app.screen, False, False
        if self._flushes or not isinstance(screen, keys.ShowsView):
            return
        for item in tuple(self._held):
            command_id = self._command_of(item)
            opens_text = command_id in OPENS_TEXT
            # Enter leaves the filter box; what it chooses in the palette may open a text again.
            is_text = opens_text or (is_text and not (in_filter and command_id == "row.open"))
            in_filter = is_text and (command_id == "view.filter" if opens_text else in_filter)
            if item is self._held[0] or not isinstance(item, events.Key):
                continue
            if item.key == "escape" or command_id == "view.back":
                while self._held.popleft() is not item:
                    pass
                self._begin_to_wait()
                is_text = False
            elif command_id == "app.quit" and not is_text and not screen.types(item):
                self._held.clear()
                await self._perform(item)
                return

    def _begin_to_wait(self) -> None:
        self._waiting_since, self._held_on = self._monotonic(), self._app.screen

    def _wait_on(self, waits_for: str) -> None:
        if not self._held:
            return
        waited = self._monotonic() - self._waiting_since
        if waited >= LIMIT_SECONDS:
            self._drop(f"{waits_for} was not ready within {LIMIT_SECONDS:.0f} s")
        elif waited >= NOTE_SECONDS:
            self._show(f"{self._label(self._held[0])} waits for {waits_for}. Esc drops it.")

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = self._app.set_interval(CHECK_SECONDS, self.advance)

    def _end(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._show("")

    def _show(self, note: str) -> None:
        """Show the note on the view, or remove it from there, also below a dialog that opened meanwhile."""
        if note and isinstance(self._app.screen, keys.ShowsView):
            self._note_on = self._app.screen
        if note != self._note and self._note_on is not None:
            self._note = note
            self._note_on.show_waiting(note)

    def _drop_if_covered(self) -> None:
        """Drop input that was typed for a screen before a dialog opened over it."""
        screen = self._app.screen
        if self._held and screen is not self._held_on and not isinstance(screen, keys.ShowsView):
            self._drop("a dialog opened before")

    def _drop(self, reason: str) -> None:
        commands = [item for item in self._held if self._command_of(item) is not None]
        self._held.clear()
        self._end()
        if commands:
            more = len(commands) - 1
            behind = f" Dropped with it: {words.count(more, 'key', 'keys')}." if more else ""
            message = f"{self._label(commands[0])} was not executed: {reason}.{behind}"
            self._app.notify(message, severity="warning", markup=False, timeout=8)

    def _label(self, item: Input) -> str:
        if isinstance(item, str):
            return self._commands[item].title
        return shown_key(item.key) if isinstance(item, events.Key) else "The mouse"


def _is_over_removed_widget(screen: "Screen[Any]", event: events.MouseEvent) -> bool:
    """True while a screen finds a removed widget below the mouse, as it does until the next layout.

    Textual asks such a widget for its parent's region, and it has no parent any more.
    """
    try:
        widget, _ = screen.get_widget_at(event.x, event.y)
    except NoWidget:
        return False
    return widget is not screen and not widget.is_attached
