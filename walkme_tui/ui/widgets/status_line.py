"""The line above the key hints: a status message at the left, network figures at the right."""

from typing import Final, NamedTuple

from rich.cells import cell_len

from walkme_tui.domain.traffic import TrafficStatus
from walkme_tui.ui import words
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

TEXT_MARGIN: Final = 4
"""Cells around a text: blanks and the sign of a warning."""

FIGURES_WIDTH: Final = 24
"""The usual width of the network figures."""


class StatusMessage(NamedTuple):
    """A clean sentence for the status line, with its style."""

    text: str
    style: TextStyle = TextStyle.PLAIN


class StatusLine(TextBar):
    """Shows the last problem, the current activity, or a countdown; latency and requests in flight."""

    def __init__(self) -> None:
        super().__init__(id="status")

    def has_room_for(self, text: str) -> bool:
        """True if this clean text fits beside the network figures."""
        return cell_len(text) + TEXT_MARGIN + FIGURES_WIDTH <= self.size.width

    def report(self, message: StatusMessage | None, traffic: TrafficStatus) -> None:
        """Show the message; without one, the countdown of a pause that the server requested."""
        if message is None and traffic.waiting_seconds > 0:
            message = StatusMessage(
                f"The server requested a pause: resuming in {words.seconds(traffic.waiting_seconds)}.", TextStyle.WARN
            )
        left: StyledText = ()
        if message is not None:
            mark = "! " if message.style in {TextStyle.WARN, TextStyle.BAD} else ""
            left = [(f" {mark}{message.text}", message.style)]
        self.write(left, _network_figures(traffic))


def _network_figures(traffic: TrafficStatus) -> StyledText:
    parts = []
    if traffic.latency_ms is not None:
        parts.append(f"API {words.number(traffic.latency_ms)} ms")
    if traffic.in_flight:
        parts.append(f"{traffic.in_flight} in flight")
    return [(" · ".join(parts) + " ", TextStyle.DIM)] if parts else ()
