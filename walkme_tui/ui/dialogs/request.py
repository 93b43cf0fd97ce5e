"""One request of the log: what was sent and what came back, redacted."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import ClassVar

from textual.widget import Widget

from walkme_tui.domain.text import clean
from walkme_tui.domain.traffic import REDACTED, Headers, RequestRecord
from walkme_tui.ui import words
from walkme_tui.ui.dialogs.dialog import Dialog, footer_keys, movement_keys
from walkme_tui.ui.widgets.request_list import ending
from walkme_tui.ui.widgets.scrolling_text import ScrollingText
from walkme_tui.ui.widgets.text_style import StyledText, TextStyle


class RequestDialog(Dialog[None]):
    """Method, path, headers and bodies; ``copy`` sends the request to the clipboard as a curl command."""

    LARGE: ClassVar[bool] = True

    def __init__(self, record: RequestRecord, copy: Callable[[], None]) -> None:
        super().__init__(
            [("Request", TextStyle.STRONG)], footer_keys(("y", "copy as curl"), ("↑ ↓", "scroll"), ("Esc", "back"))
        )
        self._record = record
        self._copy = copy
        self._text = ScrollingText(id="request")

    def middle(self) -> Sequence[Widget]:
        """The text."""
        return [self._text]

    def keys(self) -> Mapping[str, Callable[[], object]]:
        """Copy and scroll."""
        return {"y": self._copy, "enter": lambda: self.dismiss(None), **movement_keys(self._text)}

    def fill(self) -> None:
        """Give the text the keys; it is written once its width is known."""
        self.set_focus(self._text)
        self.call_after_refresh(self._write)

    def on_resize(self) -> None:
        """Lines break elsewhere now."""
        self.call_after_refresh(self._write)

    def _write(self) -> None:
        self._text.set_lines(list(request_lines(self._record, max(20, self._text.size.width - 1))))


def request_lines(record: RequestRecord, width: int) -> Iterator[StyledText]:
    """The record in lines of at most ``width`` cells."""
    status, style = ending(record)
    yield from _wrapped(f"{record.method} {clean(record.path, 2_000)}", width, TextStyle.STRONG)
    yield [
        (status, style),
        (f"  after {words.number(record.duration_ms)} ms, attempt {record.attempt}, ", TextStyle.PLAIN),
        (words.clock_time(record.started_at_ms), TextStyle.PLAIN),
    ]
    if record.outcome and record.status is not None and record.outcome != "ok":
        yield from _wrapped(clean(record.outcome, 200), width, TextStyle.PLAIN)
    yield from _part("Sent", record.request_headers, record.request_body, width)
    if record.status is not None:
        yield from _part("Received", record.response_headers, record.response_body, width)
        if record.status < 400:
            yield from _wrapped("The bodies of successful answers are not kept.", width, TextStyle.DIM)
    yield ()
    yield from _wrapped(f"{REDACTED} stands for secrets and emails, which the log does not keep.", width, TextStyle.DIM)


def _part(title: str, headers: Headers, body: str, width: int) -> Iterator[StyledText]:
    yield ()
    yield [(title, TextStyle.STRONG)]
    for name, value in headers:
        yield from _wrapped(f"{clean(name, 80)}: {clean(value, 300)}", width, TextStyle.DIM)
    if body:
        yield ()
        for line in _indented(body).split("\n"):
            yield from [[(piece, TextStyle.PLAIN)] for piece in words.chop(clean(line, 4_000), width)]


def _indented(body: str) -> str:
    """JSON a value a line, anything else as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _wrapped(text: str, width: int, style: TextStyle) -> Iterator[StyledText]:
    return ([(line, style)] for line in words.wrap(text, width))
