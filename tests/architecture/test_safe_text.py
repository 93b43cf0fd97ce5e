"""No text of the directory reaches a surface on which Textual reads markup."""

from pathlib import Path

import pytest

import walkme_tui.ui
from tests.support.surfaces import findings

UI = Path(walkme_tui.ui.__file__).parent
SOURCES = {path.relative_to(UI).as_posix(): path.read_text(encoding="utf-8") for path in sorted(UI.rglob("*.py"))}
MAKES_CONTENT = "safe.py"


@pytest.mark.parametrize("name", SOURCES)
def test_only_literals_and_content_reach_surfaces_that_parse_markup(name: str) -> None:
    found = findings(SOURCES[name], tuple(SOURCES.values()), makes_content=name == MAKES_CONTENT)
    assert not [f"{name}:{finding.line}: {finding.why}" for finding in found]


@pytest.mark.parametrize(
    "unsafe",
    [
        "Static(user.email)",
        "Static(f'{name} is here')",
        "Label(name.upper())",
        "Button(label=name)",
        "Option(group.name, id=group.id)",
        "OptionList(*[group.name for group in groups])",
        "OptionList(*names)",
        "Select([(name, 1)])",
        "select.set_options((name, content(name)) for name in names)",
        "Collapsible(title=name)",
        "table.add_row(user.email, 'active')",
        "options.add_options([name])",
        "static.update(f'{name}')",
        "static.update('Hello ' + name)",
        "static.update(clean(name))",
        "self.notify(f'{name} was read again')",
        "self.app.notify(str(error), title='Failed')",
        "self.app.notify(message, markup=True)",
        "self.border_title = name",
        "pane.tooltip = f'{name}'",
        "Content(name)",
        "Text(name)",
        "Content.from_markup(text)",
        "Text.from_markup(f'[b]{name}')",
        "from textual.widgets import DataTable",
        "from textual.widgets import Static, Markdown",
        "def show(name: str) -> None:\n    Static(name)",
        "def show(name: 'str | Content') -> None:\n    Static(name)",
    ],
)
def test_text_that_could_be_parsed_is_found(unsafe: str) -> None:
    assert findings(unsafe)


@pytest.mark.parametrize(
    "safe",
    [
        "Static('[b]Users[/b]', id=name, classes=kind)",
        "Static(safe.content(user.email))",
        "Static(joined(('Nobody', 'bold'), name))",
        "Label(Content('Users'))",
        "Button('Cancel', id='cancel')",
        "Option(content(group.name), id=group.id)",
        "OptionList(*[content(name) for name in names])",
        "select.set_options((content(name), name) for name in names)",
        "Static('yes' if known else 'no')",
        "self.notify('Reading the list again.', timeout=2)",
        "self.notify(f'{name} was read again', markup=False)",
        "known.update(names)",
        "known.update({name: 1})",
        "self.border_title = 'Details'",
        "self.border_title = content(name)",
        "self.border_title = None",
        "def heading(name: str) -> Content: ...\nStatic(heading(name))",
        "def show(name: Content | None) -> None:\n    Static(name)",
        "class Pane:\n    text: Content\n    def show(self) -> None:\n        Static(self.text)",
    ],
)
def test_literals_and_content_are_not_reported(safe: str) -> None:
    assert not findings(safe)
