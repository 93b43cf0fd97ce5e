"""The text of a cell is the cleaned text of the directory, by the fast and the general path."""

from hypothesis import example, given
from hypothesis import strategies as st

from walkme_tui.domain.text import clean
from walkme_tui.domain.users import User
from walkme_tui.ui.widgets.user_table.cells import MAX_CHARACTERS, cell
from walkme_tui.ui.widgets.user_table.columns import Field

# The ranges that need no cleaning, their neighbours, and combining characters.
NEAR = st.sampled_from(
    [*map(chr, range(0x20, 0x530)), *"\u3040\u3041\u3096\u3097\u3099\u30a1\u30fb\uff9e\u4e00\u9fff\ua000\uac00"]
)


@given(st.text() | st.text(NEAR))
@example("e\u0301")
@example("か\u3099")
@example("a\u00adb")
@example("a\u00a0b")
@example("\u0483")
@example("x" * (MAX_CHARACTERS + 1))
@example("é" * MAX_CHARACTERS)
@example("é" * (MAX_CHARACTERS + 1))
@example("plain\n")
def test_cell_texts_are_clean(text: str) -> None:
    assert cell(User("1", email=text), Field.EMAIL, 0) == clean(text, MAX_CHARACTERS)
    assert cell(User("1", first_name=text), Field.FIRST, 0) == clean(text, MAX_CHARACTERS)
