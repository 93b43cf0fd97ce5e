"""A user as lines of text."""

import json

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.support.fake_directory import person
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.users import User
from walkme_tui.ui.widgets.detail.record import raw_lines, record_lines
from walkme_tui.ui.widgets.text_style import StyledText

NOW = 1_800_000_000_000
NAMES = {"g1": "Sales"}


def lines(user: User, width: int = 40, fetched_at_ms: int = NOW, detailed_at_ms: int | None = NOW) -> list[str]:
    mirrored = MirroredUser(1, user, 0, fetched_at_ms, detailed_at_ms)
    return [plain(line) for line in record_lines(mirrored, Surface.REST, NAMES, NOW, width)]


def plain(line: StyledText) -> str:
    return "".join(text for text, _ in line)


def text(user: User) -> str:
    return " ".join(" ".join(lines(user)).split())


def test_groups_are_shown_by_name_or_else_by_id() -> None:
    assert "Groups Sales g9 " in text(User(id="u", groups=("g1", "g9")))


def test_absent_fields_are_shown_as_unknown_and_empty_ones_as_none() -> None:
    assert "Role ? unknown Groups ? unknown" in text(User(id="u"))
    assert "Role none Groups none" in text(User(id="u", role=None, groups=()))


def test_a_record_of_an_identity_provider_has_a_warning() -> None:
    assert "owned by an identity provider (okta)" in text(person(1))
    assert "identity provider" not in text(User(id="u", external_id="004211"))


def test_unknown_fields_are_shown_under_other() -> None:
    user = User(id="u", extra={"department": "North", "aVeryLongFieldName": ["x", {"y": None}], "flag": True})
    shown = text(user)
    assert "Other department North" in shown
    assert '["x", {"y": null}]' in shown
    assert "flag true" in shown


def test_a_parsed_time_is_not_shown_twice() -> None:
    user = User(id="u", created_at_ms=NOW, extra={"createdAt": "2027-01-15T08:00:00+00:00"})
    assert "Other" not in text(user)
    assert "Other createdAt yesterday" in text(User(id="u", extra={"createdAt": "yesterday"}))


def test_a_record_shows_when_and_from_where_it_was_read() -> None:
    assert lines(person(1), detailed_at_ms=NOW - 3_000, fetched_at_ms=NOW - 3_000)[-1] == "read 3 s ago"
    assert lines(person(1), detailed_at_ms=None, fetched_at_ms=NOW - 60_000)[-1] == "read 1 min ago, from the list"


@given(
    width=st.integers(min_value=12, max_value=100),
    email=st.text(max_size=80),
    extra=st.dictionaries(st.text(max_size=30), st.text(max_size=30) | st.none() | st.integers(), max_size=4),
)
def test_no_line_is_wider_than_the_pane(width: int, email: str, extra: dict[str, str | int | None]) -> None:
    user = User(id="u", email=email, first_name=email, role=email, groups=(email or "g",), extra=dict(extra))
    assert all(cell_len(line) <= width for line in lines(user, width))


def test_the_raw_record_is_the_servers_json() -> None:
    mirrored = MirroredUser(1, person(1), 0, NOW, NOW)
    raw = json.loads("\n".join(plain(line) for line in raw_lines(mirrored, Surface.REST, 500)))
    assert raw["lastName"] == "O'Brien"
    assert raw["groups"] == []


def test_the_raw_record_escapes_control_characters() -> None:
    hostile = "ศิริ Žaneta 漢 \x1b]52;c;x\x07 \u202eabc \u3164 a" + "\u0301" * 9
    user = person(1)._replace(first_name=hostile)
    raw = "\n".join(plain(line) for line in raw_lines(MirroredUser(1, user, 0, NOW, NOW), Surface.REST, 500))
    assert "ศิริ Žaneta 漢" in raw
    assert "\\u202e" in raw
    assert "\\u3164" in raw
    assert raw.count("\u0301") == 2
    assert all(character.isprintable() or character == "\n" for character in raw)
    assert json.loads(raw)["firstName"] == hostile
