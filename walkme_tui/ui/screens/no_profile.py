"""The screen without an open account: it explains the three ways to open one."""

from collections.abc import Callable, Iterator, Sequence

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from walkme_tui.domain.text import clean
from walkme_tui.ui import words
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

LABEL_WIDTH = 14


class NoProfileScreen(Screen[None], inherit_bindings=False):
    """Explains the environment, the file and the demo; ``d`` calls ``start_demo``."""

    def __init__(self, problem: str, profiles: Sequence[str], start_demo: Callable[[], None]) -> None:
        super().__init__()
        self._start_demo = start_demo
        self._problem = problem
        self._profiles = profiles

    def compose(self) -> ComposeResult:
        """The text and the keys."""
        yield TextBar(id="account")
        yield ScrollingText(id="ways")
        yield TextBar(id="hints")

    def on_mount(self) -> None:
        """Write the bars and focus the text."""
        self.query_one("#account", TextBar).write([(" walkme-tui ", TextStyle.STRONG)])
        keys = [("d", "start the demo"), ("q", "quit"), ("?", "help")]
        if self._profiles:
            keys.insert(1, ("C", "choose a profile"))
        hints: list[tuple[str, TextStyle]] = [(" ", TextStyle.PLAIN)]
        for key, word in keys:
            hints += [(key, TextStyle.ACCENT), (f" {word}   ", TextStyle.DIM)]
        self.query_one("#hints", TextBar).write(hints)
        self.query_one(ScrollingText).focus()

    def on_resize(self) -> None:
        """Wrap the text again."""
        width = max(20, min(self.size.width, 100) - 4)
        self.query_one(ScrollingText).set_lines(list(_lines(self._problem, self._profiles, width)))

    def process_key(self, event: events.Key) -> bool:
        """Start the demo by ``d``."""
        if event.key != "d":
            return False
        self._start_demo()
        return True

    def run_command(self, command_id: str) -> None:
        """Scroll by the movement commands; the screen has no others."""
        movable = self.query_one(ScrollingText)
        if command_id.startswith("cursor."):
            name = command_id.removeprefix("cursor.")
            getattr(movable, f"action_cursor_{name}" if name in {"down", "up"} else f"action_{name}")()


def _lines(problem: str, profiles: Sequence[str], width: int) -> Iterator[StyledText]:
    yield ()
    yield from _text("No account is open.", width, TextStyle.STRONG)
    if problem:
        yield from _text(clean(problem, 1000), width, TextStyle.WARN)
    yield ()
    yield from _text("There are three ways to start:", width)
    yield ()
    yield from _way("Environment", width, "Set three variables and start again:")
    for variable, meaning in (
        ("WALKME_BASE_URL", "https://api.walkme.com, or your region's"),
        ("WALKME_CLIENT_ID", "from the Console: Settings > Integrations > API"),
        ("WALKME_CLIENT_SECRET", "shown there once"),
    ):
        yield [
            ("  ", TextStyle.PLAIN),
            (words.fit(variable, 22), TextStyle.ACCENT),
            (words.cut(meaning, width - 24), TextStyle.DIM),
        ]
    yield from _text("For SCIM, beside these or alone: WALKME_SCIM_BASE_URL and WALKME_SCIM_TOKEN", width)
    yield ()
    yield from _way(
        "File", width, "walkme-tui config init writes a config.toml to fill in; walkme-tui config path prints its path."
    )
    if profiles:
        yield from _way("", width, f"It has: {clean(', '.join(profiles), 300)}. C opens one of them.")
    yield ()
    yield from _way(
        "Demo", width, "d opens an account of 25 000 people that do not exist. Nothing leaves this machine."
    )


def _text(text: str, width: int, style: TextStyle = TextStyle.PLAIN) -> Iterator[StyledText]:
    for line in words.wrap(text, width):
        yield [("  ", TextStyle.PLAIN), (line, style)]


def _way(name: str, width: int, text: str) -> Iterator[StyledText]:
    for line in words.wrap(text, width - LABEL_WIDTH - 2):
        yield [("  ", TextStyle.PLAIN), (words.fit(name, LABEL_WIDTH), TextStyle.STRONG), (line, TextStyle.PLAIN)]
        name = ""
