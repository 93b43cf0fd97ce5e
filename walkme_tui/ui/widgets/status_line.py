"""The line above the hints: what went wrong or is under way at the left, how the line does at the right."""

from typing import Final, NamedTuple

from rich.cells import cell_len

from walkme_tui.domain.traffic import TrafficStatus
from walkme_tui.ui import words
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle

TEXT_MARGIN: Final = 4
"""Cells around a text: blanks, and the sign of a warning."""

FIGURES_WIDTH: Final = 24
"""Cells that the traffic's figures usually take."""


class StatusMessage(NamedTuple):
    """One sentence for the status line, clean, and how loud it is."""

    text: str
    style: TextStyle = TextStyle.PLAIN


class StatusLine(TextBar):
    """The last trouble, the countdown, or what the program is doing; latency and requests in flight."""

    def __init__(self) -> None:
        super().__init__(id="status")

    def has_room_for(self, text: str) -> bool:
        """True if the line can show this clean text whole beside the figures of the traffic."""
        return cell_len(text) + TEXT_MARGIN + FIGURES_WIDTH <= self.size.width

    def report(self, saying: StatusMessage | None, traffic: TrafficStatus) -> None:
        """Say it; a countdown that the server imposed speaks where there is nothing worse."""
        if saying is None and traffic.waiting_seconds > 0:
            saying = StatusMessage(
                f"The server asks for a pause: going on in {words.seconds(traffic.waiting_seconds)}.", TextStyle.WARN
            )
        left: StyledText = ()
        if saying is not None:
            mark = "! " if saying.style in {TextStyle.WARN, TextStyle.BAD} else ""
            left = [(f" {mark}{saying.text}", saying.style)]
        self.write(left, _line_figures(traffic))


def _line_figures(traffic: TrafficStatus) -> StyledText:
    parts = []
    if traffic.latency_ms is not None:
        parts.append(f"API {words.number(traffic.latency_ms)} ms")
    if traffic.in_flight:
        parts.append(f"{traffic.in_flight} in flight")
    return [(" · ".join(parts) + " ", TextStyle.DIM)] if parts else ()
