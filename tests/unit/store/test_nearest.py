"""The nearest name for a word that no user has."""

import pytest

from tests.support.odd_mirror import OddMirror, result
from tests.support.odd_people import GROUPS
from walkme_tui.domain.users import User
from walkme_tui.store.mirror import file as mirror_file
from walkme_tui.store.mirror.nearest import nearest

NAMES = ("Y\u0131lmaz", "Hannah", "MacDonald", "Zo\u00eb", "O'Brien")


def near(mirror: OddMirror, *words: str) -> dict[str, str]:
    return mirror.file.read(lambda tables: result(nearest(tables, words)))


def mirror_of(*last_names: str) -> OddMirror:
    mirror = OddMirror()
    mirror.save_groups(GROUPS)
    users = [
        User(f"u-{number}", f"somebody{number}@example.com", "Bo", name, role="Viewer")
        for number, name in enumerate(last_names)
    ]
    mirror.save_page(1, users, None)
    return mirror


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("yilmas", "Y\u0131lmaz"),
        ("zilmaz", "Y\u0131lmaz"),
        ("ylimaz", "Y\u0131lmaz"),
        ("yilmazz", "Y\u0131lmaz"),
        ("hanah", "Hannah"),
        ("obrian", "O'Brien"),
        ("macdonld", "MacDonald"),
        ("sombody3", "somebody3"),
    ],
)
def test_a_word_with_one_typo_finds_the_name_as_it_is_spelled(typed: str, name: str) -> None:
    assert near(mirror_of(*NAMES), typed) == {typed: name}


def test_a_known_word_and_a_word_near_to_no_name_have_no_nearest_name() -> None:
    mirror = mirror_of(*NAMES)
    for word in ("yilmaz", "hanna", "viewer", "qqqqqq", "zoi", "a@b.example", "brien zoe"):
        assert near(mirror, word) == {}
    assert near(mirror, "yilmas", "hannah", "macdonld") == {"yilmas": "Y\u0131lmaz", "macdonld": "MacDonald"}


def test_a_name_with_hidden_characters_is_returned_folded() -> None:
    assert near(mirror_of("Yil\u200bmaz"), "yilmas") == {"yilmas": "yilmaz"}
    assert near(mirror_of("Ye\u0308lmaz"), "yelmas") == {"yelmas": "Y\u00eblmaz"}
    assert near(mirror_of("Annika-Yilmaz"), "yilmas") == {"yilmas": "yilmaz"}


def test_without_an_index_there_is_no_nearest_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirror_file, "has_trigrams", lambda _: False)
    assert near(mirror_of(*NAMES), "yilmas") == {}
