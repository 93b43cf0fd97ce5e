"""Text from the directory is shown literally, never interpreted, and shifts no column."""

import re

import pytest
from rich.cells import cell_len

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, person
from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import User

HOSTILE = {
    "markup": "[@click=app.quit]press me[/]",
    "closing": "[/x] [/] [bold",
    "escape": "\x1b[31mred\x1b[0m\x1b]52;c;ZXZpbA==\x07",
    "c1": "\x9b31mred\x9d52;c;ZXZpbA==\x9c",
    "lines": "one\ntwo\r\nthree\ttab",
    "bidi": "\u202edlrow\u202c \u2066x\u2069",
    "arabic": "ياسمين الخطيب",
    "combining": "Z\u0351\u0363\u0363\u0359\u033ca\u0330\u0321\u031fl\u0334g\u0321o",
    "emoji": "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪",
    "wide": "東京都渋谷区神宮前一丁目",
    "zero width": "a\u200bb\u200dc\ufeff",
    "long": "x" * 4000,
    "surrogate": "half \ufffd",
    "rich": "[red]x[/red] :smile: {curly} %s",
}
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff]")


def hostile_user(text: str) -> User:
    return User(
        id="u1",
        email=text,
        first_name=text,
        last_name=text,
        role=text,
        status=text,
        external_id=f"{text}|{text}",
        groups=("g1", text),
        extra={text: text, "department": [text, {text: text}]},
    )


def assert_harmless(browser: Browser) -> None:
    width = browser.app.size.width
    for strip in browser.strips:
        line = "".join(segment.text for segment in strip)
        assert not CONTROL.search(line), ascii(line)
        assert cell_len(line) == width, ascii(line)


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_text_is_shown_on_every_screen_without_being_interpreted(name: str) -> None:
    text = HOSTILE[name]
    api = FakeDirectory([hostile_user(text), person(1)], groups=[Group("g1", text)])
    async with open_browser(Setting(api=api, profile=text[:50]), (120, 40)) as browser:
        await browser.loaded()
        assert_harmless(browser)
        for keys in (
            ["enter"],
            ["J"],
            ["escape"],
            ["escape"],
            ["m"],
            ["enter"],
            ["m"],
            ["1"],
            ["y"],
            ["escape"],
            ["Y"],
        ):
            await browser.press(*keys)
            assert_harmless(browser)
            assert browser.running
        await browser.resize(80, 24)
        for keys in (["1"], ["enter"], ["J"], ["2"], ["m"]):
            await browser.press(*keys)
            assert_harmless(browser)
        await browser.press("colon", "escape", "question_mark", "escape", "5")
        assert browser.running


async def test_markup_is_literal_in_table_details_groups_and_toasts() -> None:
    text = "[b]x[/b][/y]"
    api = FakeDirectory(
        [User(id="u1", email="a@example.com", first_name=text, groups=("g1",))], groups=[Group("g1", text)]
    )
    async with open_browser(Setting(api=api), (120, 40)) as browser:
        await browser.loaded()
        await browser.settled(lambda: browser.detail.count(text) >= 2)
        await browser.press("2")
        await browser.settled(lambda: any(text in line for line in browser.groups))


async def test_markup_typed_into_the_filter_is_literal() -> None:
    async with open_browser(Setting(api=FakeDirectory([person(1)])), (80, 24)) as browser:
        await browser.loaded()
        await browser.filter("[/x][@click=app.quit]")
        await browser.settled(lambda: browser.says("fits “[/x][@click=app.quit]”."))
