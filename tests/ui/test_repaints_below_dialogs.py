"""What changes below a dialog is repainted alone: the whole screen would be 10 kB and 10 ms at every change."""

from typing import Any

import pytest
from textual._compositor import ChopsUpdate, CompositorUpdate

from tests.support.browser import Setting, open_browser
from tests.support.fake_directory import FakeDirectory, people


async def test_a_change_below_a_dialog_repaints_only_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[CompositorUpdate] = []
    async with open_browser(Setting(api=FakeDirectory(people(50)))) as browser:
        await browser.loaded()
        await browser.press("question_mark")
        display = browser.app._display

        def displayed(screen: Any, update: Any) -> None:
            painted.append(update)
            display(screen, update)

        monkeypatch.setattr(browser.app, "_display", displayed)
        for text in ("first message", "second message", "third message"):
            painted.clear()
            browser.browser.show_waiting(text)
            await browser.settled(lambda: painted)
            for update in painted:
                assert isinstance(update, ChopsUpdate)
                assert [y for y, *_ in update.spans] == [browser.app.size.height - 2]
            assert text in painted[-1].render_segments(browser.app.console)
