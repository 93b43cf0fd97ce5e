"""One request of the log, redacted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from textual.widget import Widget

from walkme_tui.domain.json_text import dumps, loads
from walkme_tui.domain.text import clean
from walkme_tui.domain.traffic import REDACTED, Headers, RequestRecord
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys, movement_keys
from walkme_tui.ui.widgets.request_list import ending
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle, wrapped


class RequestDialog(Dialog[None]):
    """Shows method, path, headers and bodies; ``copy`` sends the request to the clipboard as a curl command."""

    SIZE_CLASS: ClassVar[str] = "large"

    def __init__(self, record: RequestRecord, copy: Callable[[], None]) -> None:
        super().__init__(
            [("Request", TextStyle.STRONG)], footer_keys(("y", "copy as curl"), ("↑ ↓", "scroll"), ("Esc", "back"))
        )
        self._record = record
        self._copy = copy
        self._text = ScrollingText(id="request")

    def body(self) -> Sequence[Widget]:
        """The text."""
        return [self._text]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Copy and scroll."""
        return {"y": self._copy, "enter": lambda: self.dismiss(None), **movement_keys(self._text)}

    def fill(self) -> None:
        """Focus the text and write it when its width is known."""
        self.set_focus(self._text)
        self.call_after_refresh(self._write)

    def on_resize(self) -> None:
        """Wrap the text again."""
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        self._text.set_lines(list(request_lines(self._record, max(20, self._text.size.width - 1))))


def request_lines(record: RequestRecord, width: int) -> Iterator[StyledText]:
    """The record in lines of at most ``width`` cells."""
    status, style = ending(record)
    yield from wrapped(f"{record.method} {clean(record.path, 2_000)}", width, TextStyle.STRONG)
    yield [
        (status, style),
        (f"  after {words.number(record.duration_ms)} ms, attempt {record.attempt}, ", TextStyle.PLAIN),
        (words.clock_time(record.started_at_ms), TextStyle.PLAIN),
    ]
    if record.outcome and record.status is not None and record.outcome != "ok":
        yield from wrapped(clean(record.outcome, 200), width, TextStyle.PLAIN)
    yield from _part("Sent", record.request_headers, record.request_body, width)
    if record.status is not None:
        yield from _part("Received", record.response_headers, record.response_body, width)
        if record.status < 400:
            yield from wrapped("The bodies of successful responses are not kept.", width, TextStyle.DIM)
    yield ()
    yield from wrapped(f"{REDACTED} stands for secrets and emails, which the log does not keep.", width, TextStyle.DIM)


def _part(title: str, headers: Headers, body: str, width: int) -> Iterator[StyledText]:
    yield ()
    yield [(title, TextStyle.STRONG)]
    for name, value in headers:
        yield from wrapped(f"{clean(name, 80)}: {clean(value, 300)}", width, TextStyle.DIM)
    if body:
        yield ()
        for line in _indented(body).split("\n"):
            yield from [[(piece, TextStyle.PLAIN)] for piece in words.chop(clean(line, 4_000), width)]


def _indented(body: str) -> str:
    """JSON indented, anything else unchanged."""
    try:
        return dumps(loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
