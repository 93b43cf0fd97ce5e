"""The text input: editing, the caret, and the visible part of a long text."""

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import Key, Paste
from textual.strip import Strip

from walkme_tui.config.themes import read_theme, shipped_folder
from walkme_tui.ui.theming.textual_theme import textual_theme
from walkme_tui.ui.widgets.text_input import MAX_LENGTH, TextInput


class InputApp(App[None]):
    """An app with an input of 12 cells."""

    CSS = "TextInput { width: 12; }"

    def __init__(self) -> None:
        super().__init__()
        theme, _ = read_theme(shipped_folder() / "dusk.toml")
        assert theme is not None
        self.register_theme(textual_theme(theme))
        self.theme = theme.name
        self.line = TextInput(prompt="type here")
        self.edits: list[str] = []
        self.line.on_edit = self.edits.append

    def compose(self) -> ComposeResult:
        yield self.line

    def type(self, *keys: str) -> None:
        for key in keys:
            assert self.line.process_key(Key(key, key if len(key) == 1 else None))

    @property
    def shown(self) -> str:
        return self.line.render_line(0).text


async def test_typing_and_editing() -> None:
    app = InputApp()
    async with app.run_test(size=(20, 3)):
        app.type("a", "b", " ", "c", "d", "left", "left", "X", "home", "delete", "end", "backspace")
        assert app.line.text == "b Xc"
        app.type("ctrl+a", "right", "ctrl+k", "e", "f", "ctrl+w")
        assert app.line.text == ""
        assert app.edits[:3] == ["a", "ab", "ab "]
        app.type("a", "b", "left", "ctrl+u")
        assert app.line.text == "b"


@pytest.mark.parametrize("key", ["enter", "escape", "tab", "up", "f1", "ctrl+p", "ctrl+q", "ctrl+c", "pageup"])
async def test_other_keys_are_not_handled(key: str) -> None:
    app = InputApp()
    async with app.run_test(size=(20, 3)):
        assert not app.line.process_key(Key(key, None))


async def test_moving_the_caret_does_not_report_a_change() -> None:
    app = InputApp()
    async with app.run_test(size=(20, 3)):
        app.type("a", "left", "right", "home", "end", "ctrl+k")
        assert app.edits == ["a"]


async def test_an_empty_input_shows_its_prompt() -> None:
    app = InputApp()
    async with app.run_test(size=(20, 3)) as pilot:
        assert app.shown.strip() == "type here"
        app.screen.set_focus(app.line)
        await pilot.pause()
        assert app.shown.strip() == "type here"
        app.type("z")
        assert app.shown.strip() == "z"
        app.line.set_text("other", "prompt")
        assert (app.shown.strip(), app.edits) == ("other", ["z"])


@pytest.mark.parametrize("text", ["x" * 40, "東京都渋谷区神宮前", "a\u0301" * 30, "[red]markup[/]", "\x1b[31mred"])
async def test_any_text_fits_and_its_end_stays_in_view(text: str) -> None:
    app = InputApp()
    async with app.run_test(size=(20, 3)) as pilot:
        app.screen.set_focus(app.line)
        app.line.set_text(text)
        await pilot.pause()
        assert cell_len(app.shown) == 12
        assert app.shown.replace("\n", "").isprintable()
        app.type("!", "left")
        assert "!" in app.shown


async def test_a_paste_inserts_its_first_line_without_control_characters() -> None:
    app = InputApp()
    async with app.run_test(size=(20, 3)) as pilot:
        app.screen.set_focus(app.line)
        app.post_message(Paste("one\x1b[2J\ntwo"))
        await pilot.pause()
        assert app.line.text == "one[2J"
        app.post_message(Paste("y" * 5000))
        await pilot.pause()
        assert len(app.line.text) == MAX_LENGTH


async def test_a_deferred_repaint_happens_on_request_or_after_the_delay() -> None:
    app = InputApp()
    painted: list[str] = []
    async with app.run_test(size=(20, 3)) as pilot:
        render = app.line.render_line

        def noted(y: int) -> Strip:
            painted.append(app.line.text)
            return render(y)

        app.line.render_line = noted  # type: ignore[method-assign]  # to see when it is painted
        app.line.defer_repaint(60)
        app.type("a")
        await pilot.pause(0.05)
        assert painted == []
        app.line.repaint_now()
        await pilot.pause(0.05)
        assert painted == ["a"]
        app.line.defer_repaint(0.01)
        app.type("b")
        await pilot.pause(0.1)
        assert painted == ["a", "ab"]
