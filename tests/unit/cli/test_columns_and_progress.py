"""Aligned columns, the progress line, and the shapes of JSON and Markdown."""

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.sessions import until
from walkme_tui.cli.output.columns import aligned, cut, width
from walkme_tui.cli.output.progress import SweepProgressLine, sweep_progress_text
from walkme_tui.domain.text import printable_json, spaced
from walkme_tui.domain.user_tables import markdown_row
from walkme_tui.services.sync.list_pass import SweepProgress

ANY_TEXT = st.text(st.characters(), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=6,
)


class Terminal(io.StringIO):
    """A stream whose ``isatty`` is true."""

    def isatty(self) -> bool:
        return True


@given(st.lists(st.tuples(ANY_TEXT, ANY_TEXT), min_size=1, max_size=5))
def test_second_columns_are_aligned(rows: list[tuple[str, str]]) -> None:
    lines = aligned([(first, f"|{second}") for first, second in rows])
    assert len(lines) == len(rows)
    starts = {width(line[: line.index("|", len(cut(first, 60)))]) for line, (first, _) in zip(lines, rows, strict=True)}
    assert len(starts) == 1
    assert all(character.isprintable() for line in lines for character in line)


@given(ANY_TEXT, st.integers(1, 30))
def test_truncated_text_fits(text: str, columns: int) -> None:
    assert width(cut(text, columns)) <= columns


def test_wide_and_combining_characters_have_their_width_in_terminals() -> None:
    assert width("日本") == 4
    assert width("e\u0301") == 1
    assert width("Zoë") == 3
    assert cut("日本語", 5) == "日本…"


@given(JSON)
def test_json_output_is_printable_and_can_be_parsed(value: object) -> None:
    text = printable_json(value)
    assert json.loads(text) == value
    assert all(character.isprintable() for character in text)
    text.encode()


def test_json_does_not_escape_letters() -> None:
    assert printable_json({"name": "Zoë 日本 🎉"}) == '{"name": "Zoë 日本 🎉"}'
    assert printable_json("\x9b\u202e\U000e0041\ud800") == '"\\u009b\\u202e\\udb40\\udc41\\ud800"'


@given(st.lists(ANY_TEXT, min_size=1, max_size=4))
def test_any_values_make_one_markdown_row_with_all_cells(cells: list[str]) -> None:
    row = markdown_row(cells)
    unescaped = row.replace("\\\\", "").replace("\\|", "")
    assert unescaped.count("|") == len(cells) + 1
    assert "\n" not in row
    assert unicodedata.is_normalized("NFC", row) or "\u25cc" in row


def test_progress_shows_what_is_known() -> None:
    assert sweep_progress_text(SweepProgress(1200, 4000, 1), bar=False) == "reading users  1 200 of 4 000  30 %"
    assert sweep_progress_text(SweepProgress(1200, None, 1), bar=True) == "reading users  1 200"
    changed = SweepProgress(5, 4, 2, after_drift=True)
    assert sweep_progress_text(changed, bar=False) == "reading users again, the list changed  5 of 4  100 %"
    longest = SweepProgress(1_000_000, 1_000_000, 2, after_drift=True)
    assert len(sweep_progress_text(longest, bar=True)) < 80
    unproven = SweepProgress(2, 4, 2)
    assert sweep_progress_text(unproven, bar=False) == "reading users again, to be sure  2 of 4  50 %"
    assert "[############............]" in sweep_progress_text(SweepProgress(2, 4, 1), bar=True)
    assert spaced(1_234_567) == "1 234 567"


def test_on_a_terminal_the_progress_line_is_updated_and_removed() -> None:
    stream = Terminal()
    line = SweepProgressLine(stream)
    line(SweepProgress(1000, 2000, 1))
    line(SweepProgress(1001, 2000, 1))  # too soon after the first to be shown
    line.close()
    shown = stream.getvalue()
    assert shown.count("reading users") == 1
    assert "\n" not in shown
    assert shown.endswith("\r" + " " * len(sweep_progress_text(SweepProgress(1000, 2000, 1), bar=True)) + "\r")


async def test_on_a_terminal_the_latest_progress_is_shown_although_nothing_follows() -> None:
    stream = Terminal()
    line = SweepProgressLine(stream)
    for loaded in (1000, 1001, 1002):
        line(SweepProgress(loaded, 2000, 1))
    await until(lambda: "1 002 of" in stream.getvalue())
    line(SweepProgress(1003, 2000, 1))
    line.close()
    assert stream.getvalue().endswith(" \r")


def test_without_a_terminal_a_short_sweep_prints_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("walkme_tui.cli.output.progress.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    line = SweepProgressLine(stream)
    line(SweepProgress(1000, 2000, 1))
    assert stream.getvalue() == ""
    for _ in range(3):
        now[0] += 4
        line(SweepProgress(1500, 2000, 1))
    line.close()
    assert stream.getvalue() == "reading users  1 500 of 2 000  75 %\n"


def test_a_closed_standard_error_does_not_stop_the_sweep() -> None:
    stream = Terminal()
    line = SweepProgressLine(stream)
    stream.close()
    line(SweepProgress(1, 2, 1))
    line.close()
