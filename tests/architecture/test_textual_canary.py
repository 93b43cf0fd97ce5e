"""Which surfaces of the installed Textual parse markup, and which pass control characters.

``ui/safe.py`` and the rules in ``tests/support/surfaces.py`` rest on this. A test that fails here after an update of
Textual shows that a surface behaves differently: check every use of it.
"""

from collections.abc import Callable

import pytest
from rich.text import Text
from textual.app import App, ComposeResult
from textual.content import Content
from textual.widget import Widget
from textual.widgets import (
    Button,
    Checkbox,
    Collapsible,
    DataTable,
    Input,
    Label,
    ListItem,
    ListView,
    Log,
    OptionList,
    RadioButton,
    Select,
    SelectionList,
    Static,
    Tab,
    Tabs,
    TextArea,
    Tree,
)
from textual.widgets.option_list import Option

MARKED_UP = "[b]word[/b]"
ESCAPE = "\x1b]52;c;QUJD\x07"

Maker = Callable[[str | Content], Widget]


class OneWidget(App[None]):
    """One widget on a screen."""

    def __init__(self, make: Callable[[], Widget]) -> None:
        super().__init__()
        self._make = make

    def compose(self) -> ComposeResult:
        yield self._make()


async def shown(app: App[None], pause: float = 0.0) -> str:
    async with app.run_test(size=(60, 12), notifications=True, tooltips=True) as pilot:
        await pilot.pause(pause)
        return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def framed(title: str | Content) -> Widget:
    widget = Static("inside")
    widget.styles.border = ("solid", "white")
    widget.border_title = title
    return widget


def listed(text: str | Content) -> Widget:
    return ListView(ListItem(Label(text)))


def table_cell(text: str | Text) -> Widget:
    table: DataTable[str | Text] = DataTable()
    table.add_column("column", width=30)
    table.add_row(text)
    return table


def table_header(text: str | Text) -> Widget:
    table: DataTable[str] = DataTable()
    table.add_column(text, width=30)
    return table


def tree_leaf(text: str | Text) -> Widget:
    tree: Tree[None] = Tree("root")
    tree.root.expand()
    tree.root.add_leaf(text)
    return tree


def log_line(text: str) -> Widget:
    log = Log()
    log.write_line(text)
    return log


PARSED: dict[str, Maker] = {
    "Static": Static,
    "Label": Label,
    "ListItem": listed,
    "Button": Button,
    "Checkbox": Checkbox,
    "RadioButton": RadioButton,
    "Collapsible": lambda text: Collapsible(title=text),  # type: ignore[arg-type]  # it takes content all the same
    "Tab": lambda text: Tabs(Tab(text)),
    "border_title": framed,
    "OptionList": OptionList,
    "Option": lambda text: OptionList(Option(text)),
    "SelectionList": lambda text: SelectionList((text, 1)),
    "Select": lambda text: Select([(text, 1)], value=1, allow_blank=False),
    "TextArea placeholder": lambda text: TextArea(placeholder=text),
}


@pytest.mark.parametrize("surface", PARSED)
async def test_a_plain_str_is_parsed_here_and_content_is_not(surface: str) -> None:
    make = PARSED[surface]
    screen = await shown(OneWidget(lambda: make(MARKED_UP)))
    assert "word" in screen
    assert MARKED_UP not in screen
    assert MARKED_UP in await shown(OneWidget(lambda: make(Content(MARKED_UP))))


@pytest.mark.parametrize("make", [table_cell, table_header, tree_leaf])
async def test_a_plain_str_is_parsed_here_and_rich_text_is_not(make: Callable[[str | Text], Widget]) -> None:
    assert MARKED_UP not in await shown(OneWidget(lambda: make(MARKED_UP)))
    assert MARKED_UP in await shown(OneWidget(lambda: make(Text(MARKED_UP))))


LITERAL: dict[str, Callable[[str], Widget]] = {
    "Input value": Input,
    "Input placeholder": lambda text: Input(placeholder=text),
    "TextArea text": TextArea,
    "Log": log_line,
}


@pytest.mark.parametrize("surface", LITERAL)
async def test_a_plain_str_is_literal_here(surface: str) -> None:
    make = LITERAL[surface]
    assert MARKED_UP in await shown(OneWidget(lambda: make(MARKED_UP)))


async def test_a_notification_parses_its_message_but_not_its_title() -> None:
    class Notifying(App[None]):
        markup = True

        def on_mount(self) -> None:
            self.notify(MARKED_UP, title="[i]title[/i]", markup=self.markup)

    class Literally(Notifying):
        markup = False

    screen = await shown(Notifying(), 0.2)
    assert "word" in screen
    assert MARKED_UP not in screen
    assert "[i]title[/i]" in screen
    assert MARKED_UP in await shown(Literally(), 0.2)


async def test_markup_can_run_an_action_and_crash_the_program() -> None:
    assert "[@click" not in await shown(OneWidget(lambda: Static("[@click=app.quit]x[/]")))
    with pytest.raises(Exception, match="closing tag"):
        await shown(OneWidget(lambda: Static("[/x]")))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: Static(Text(ESCAPE)), id="Rich text"),
        pytest.param(lambda: Input(ESCAPE), id="Input"),
        pytest.param(lambda: Static(Content(ESCAPE, strip_control_codes=False)), id="Content"),
        pytest.param(lambda: Static(Content(ESCAPE)), id="Content that strips"),
    ],
)
async def test_escape_sequences_pass_so_a_filter_is_needed(make: Callable[[], Widget]) -> None:
    assert "\x1b" in await shown(OneWidget(make))
