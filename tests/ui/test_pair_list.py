"""The list of pairs when it is shown again: what is repainted, and the marks and the cursor on the pairs of now."""

from collections.abc import Sequence

from textual.app import App, ComposeResult

from walkme_tui.config.themes import read_theme, shipped_folder
from walkme_tui.domain.reconcile.classes import PairClass
from walkme_tui.domain.reconcile.matching import Pair
from walkme_tui.domain.reconcile.records import NO_GROUPS, ComparedUser
from walkme_tui.ui.theming.textual_theme import textual_theme
from walkme_tui.ui.widgets.pair_list import PairList, pair_key, with_keys

LINES = 10


class RecordingPairList(PairList):
    """Records the rows that are repainted."""

    def __init__(self) -> None:
        super().__init__(id="pairs-list")
        self.repainted: list[int] = []

    def refresh_line(self, y: int) -> None:
        """Record the row."""
        self.repainted.append(y)
        super().refresh_line(y)


class ListApp(App[None]):
    """An app with only the list."""

    def __init__(self) -> None:
        super().__init__()
        self.pairs = RecordingPairList()
        theme, _ = read_theme(shipped_folder() / "dusk.toml")
        assert theme is not None
        self.register_theme(textual_theme(theme))
        self.theme = theme.name

    def compose(self) -> ComposeResult:
        yield self.pairs


def pairs_of(name: str) -> Sequence[Pair]:
    """Every second pair has only a SCIM record, with the id of the REST record before."""
    records = [ComparedUser(number, f"id{number // 2}", first_name=name) for number in range(100)]
    return [
        Pair(None, record, (PairClass.ONLY_SCIM,)) if record.row_id % 2 else Pair(record, None, (PairClass.ONLY_REST,))
        for record in records
    ]


async def test_only_visible_rows_are_compared_and_repainted() -> None:
    app = ListApp()
    async with app.run_test(size=(40, LINES)) as pilot:
        app.pairs.show_pairs(pairs_of("before"), NO_GROUPS, None)
        await pilot.pause()
        app.pairs.move_to(99)
        await pilot.pause()
        app.pairs.repainted.clear()
        app.pairs.show_pairs(pairs_of("now"), NO_GROUPS, None)
        assert sorted(app.pairs.repainted) == list(range(100 - LINES + 1, 100))


async def test_the_cursor_and_the_marks_stay_on_their_pairs_and_have_the_records_of_now() -> None:
    app = ListApp()
    async with app.run_test(size=(40, LINES)) as pilot:
        app.pairs.show_pairs(pairs_of("before"), NO_GROUPS, None)
        for index in (7, 4, 5):
            app.pairs.move_to(index)
            app.pairs.toggle_mark()
        keys, now = app.pairs.marked_keys, pairs_of("now")
        found = with_keys([*now[:4], *now[5:]], keys)
        app.pairs.move_to(20)
        app.pairs.toggle_mark()  # meanwhile
        app.pairs.move_to(5)
        app.pairs.keep_marks(keys, found)
        app.pairs.show_pairs(now[3:], NO_GROUPS, None)
        await pilot.pause()
        assert app.pairs.current == now[5]
        assert [pair_key(each) for each in app.pairs.marked] == [pair_key(now[index]) for index in (7, 5, 20)]
        assert [each in now for each in app.pairs.marked] == [True, True, False]
        app.pairs.keep_marks(app.pairs.marked_keys, with_keys(now, app.pairs.marked_keys))
        assert [each in now for each in app.pairs.marked] == [True, True, True]


async def test_the_cursor_is_on_the_first_pair_until_it_is_moved() -> None:
    app = ListApp()
    async with app.run_test(size=(40, LINES)) as pilot:
        app.pairs.show_pairs(pairs_of("now")[4:], NO_GROUPS, None)
        app.pairs.show_pairs(pairs_of("now")[2:], NO_GROUPS, None)
        assert app.pairs.cursor == 0
        app.pairs.action_cursor_down()
        app.pairs.show_pairs(pairs_of("now"), NO_GROUPS, None)
        await pilot.pause()
        assert app.pairs.cursor == 3
