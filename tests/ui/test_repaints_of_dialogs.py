"""What a dialog paints: what changed below it alone, and the answer to a key at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from textual._compositor import ChopsUpdate
from textual._context import visible_screen_stack
from textual.events import Key
from textual.geometry import Region
from textual.strip import Strip

from tests.support.browser import Browser, Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people
from walkme_tui.domain.groups import Group
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.dialogs.group_picker import GroupPicker
from walkme_tui.ui.widgets.immediate_paint import paint_now
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import TextStyle


@contextmanager
def painted(browser: Browser) -> Iterator[list[Any]]:
    """The updates of the terminal meanwhile."""
    updates: list[Any] = []
    app: Any = browser.app
    display = app._display

    def displayed(screen: Any, update: Any) -> None:
        updates.append(update)
        display(screen, update)

    app._display = displayed
    yield updates
    app._display = display


def written(browser: Browser, update: Any) -> str:
    return "".join(update.render_segments(browser.app.console))


def is_written(browser: Browser, updates: list[Any], text: str) -> bool:
    return any(text in written(browser, update) for update in updates)


async def test_a_change_below_a_dialog_does_not_repaint_the_whole_screen() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(50)))) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        for text in ("first message", "second message", "third message"):
            with painted(browser) as updates:
                browser.browser.show_waiting(text)
                await browser.settled(partial(is_written, browser, updates, text))
            assert all(isinstance(update, ChopsUpdate) for update in updates)


async def test_the_lines_below_a_dialog_are_rendered_one_by_one_as_all_at_once() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(50)))) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        dialog = browser.app.screen

        def rendered(*regions: Region) -> list[Strip]:
            visible_screen_stack.set(list[Any]([browser.browser]))
            dialog._set_dirty(*regions)
            dialog._render_content()
            return list(dialog._render_cache.lines)

        width, height = dialog.size
        browser.browser.query_one("#status", TextBar).write([("another status", TextStyle.STRONG)])
        one_by_one = rendered(*(Region(0, y, width, 1) for y in range(height)))
        assert "another status" in one_by_one[height - 2].text
        assert one_by_one == rendered()


async def test_a_change_below_two_dialogs_is_painted() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(50)))) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        below = browser.app.screen
        await browser.app.push_screen(ChoiceDialog("Above", [Choice("a", "one")]))
        await browser.pause()
        browser.browser.query_one("#status", TextBar).write([("another status", TextStyle.STRONG)])
        await browser.settled(lambda: browser.says("another status"))
        with painted(browser) as updates:
            below.query_one("#title", TextBar).write([("another title", TextStyle.STRONG)])
            await browser.settled(partial(is_written, browser, updates, "another title"))
        assert all(isinstance(update, ChopsUpdate) for update in updates)


async def test_a_change_below_a_dialog_drops_no_change_of_the_dialog() -> None:
    async with open_browser(Setting(api=FakeDirectory(people(5)))) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        dialog, status = browser.app.screen, browser.browser.query_one("#status", TextBar)
        title = dialog.query_one("#title", TextBar)
        with painted(browser) as updates:
            title.write([("another title", TextStyle.STRONG)])
            status.write([("another status", TextStyle.STRONG)])
            dialog._dirty_widgets.add(title)  # what Textual does before its next frame
            paint_now(status)
            dialog._on_timer_update()
        text = "".join(written(browser, update) for update in updates)
        assert "another title" in text
        assert "another status" in text


async def test_the_group_picker_shows_a_key_and_what_it_finds_in_one_frame_at_once() -> None:
    groups = [Group(f"g{number}", f"Team {number}") for number in range(20)] + [Group("s", "Support")]
    async with open_browser(Setting(api=FakeDirectory(people(5), groups=groups))) as browser:
        await browser.loaded()
        await browser.press("a")
        await browser.settled(lambda: "Groups of" in browser.dialog)
        picker = browser.app.screen
        assert isinstance(picker, GroupPicker)
        with painted(browser) as updates:
            picker.process_key(Key("p", "p"))
        (update,) = updates
        above, _, rows = written(browser, update).partition("GROUP")
        assert "p" in above
        assert "Support" in rows
        assert "Team" not in rows
