"""@NAME on the command line: saved views, further terms, and unknown names."""

from types import SimpleNamespace

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory, person
from tests.support.lookups import rows
from walkme_tui.config.state import StateFile
from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.domain.views import BUILT_IN, SavedView, TableLayout, TableName, find_view
from walkme_tui.ui.browser_start import BrowserStart

NEWEST = Sort(SortKey.CREATED, reverse=True)
ODD = SavedView("Odd-ones", "person0000", NEWEST, hide_inactive=True, wide=True)
DEMO = "--demo"


@pytest.fixture
def state_file(cli: CommandLine) -> StateFile:
    state_file = StateFile(cli.paths.state_file)
    assert state_file.save_view(ODD) == ""
    return state_file


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[BrowserStart]:
    """The arguments of started browsers; standard input and output are a terminal."""
    handed: list[BrowserStart] = []

    def run_browser(start: BrowserStart) -> int:
        handed.append(start)
        return 0

    monkeypatch.setattr("walkme_tui.ui.start.run_browser", run_browser)
    terminal = SimpleNamespace(isatty=lambda: True)
    # Fakes, because pytest replaces the real streams between a fixture and its test.
    monkeypatch.setattr("walkme_tui.cli.commands.browse.sys", SimpleNamespace(stdin=terminal, stdout=terminal))
    return handed


# ---------------------------------------------------------------- the browser


@pytest.mark.parametrize("words", [("@odd-ones",), ("browse", "@Odd-ones"), ("--read-only", "@ODD-ONES")])
def test_the_browser_starts_with_the_view(
    cli: CommandLine, state_file: StateFile, started: list[BrowserStart], words: tuple[str, ...]
) -> None:
    assert cli(*words).code == 0
    assert (started[0].view, started[0].query) == (ODD, ODD.text)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("@odd-ones", "zoe", "-group:beta"), "person0000 zoe  -group:beta"),
        (("@odd-ones zoe celik",), "person0000 zoe celik"),
        (("@odd-ones", "--read-only", "zoe"), "person0000 zoe"),
        (("@recent", "zoe"), "created:<30d zoe"),
    ],
)
def test_further_terms_narrow_a_view(
    cli: CommandLine, state_file: StateFile, started: list[BrowserStart], words: tuple[str, ...], text: str
) -> None:
    assert cli(*words).code == 0
    start = started[0]
    assert start.view is not None
    assert start.view.text == start.query
    assert start.query.split() == text.split()


@pytest.mark.parametrize("words", [("zoe",), ("zoe", "@odd-ones"), ('"@odd-ones"',), ("stauts:x",), ()])
def test_a_query_without_the_sign_is_a_filter_even_if_invalid(
    cli: CommandLine, started: list[BrowserStart], words: tuple[str, ...]
) -> None:
    assert cli(*words).code == 0
    assert (started[0].view, started[0].query) == (None, " ".join(words))


def test_a_filter_may_start_with_a_negated_term(cli: CommandLine, started: list[BrowserStart]) -> None:
    assert cli("-group:beta", "-has:groups", "--no-color").code == 0
    assert started[0].query == "-group:beta -has:groups"
    assert started[0].no_color


def test_a_view_without_a_filter_shows_all_users_in_its_order(
    cli: CommandLine, state_file: StateFile, started: list[BrowserStart]
) -> None:
    state_file.save_view(SavedView("all", sort=NEWEST))
    assert cli("@all").code == cli("@all", "zoe").code == 0
    assert [start.query for start in started] == ["", "zoe"]
    assert started[1].view == SavedView("all", "zoe", NEWEST)


@pytest.mark.parametrize("terminal", [True, False])
def test_an_unknown_view_is_a_usage_error_that_lists_the_known_ones(
    cli: CommandLine, state_file: StateFile, request: pytest.FixtureRequest, terminal: bool
) -> None:
    started = request.getfixturevalue("started") if terminal else []
    answer = cli("@od-ones", "zoe")
    assert (answer.code, answer.out, started) == (2, "", [])
    assert "There is no saved view @od-ones.\n" in answer.err
    assert 'Did you mean "@Odd-ones"?' in answer.err
    assert f"There are @Odd-ones, {', '.join(f'@{view.name}' for view in BUILT_IN)}.\n" in answer.err
    assert "the text @od-ones itself, put it in double quotes" in answer.err


@pytest.mark.parametrize("word", ["@", "@\x1b[2J", "@" + "x" * 500])
def test_a_hostile_view_name_is_cleaned_in_the_message(cli: CommandLine, word: str) -> None:
    answer = cli(word)
    assert answer.code == 2
    assert "There is no saved view @" in answer.err
    assert "\x1b" not in answer.err
    assert max(map(len, answer.err.splitlines())) < 200


def test_with_very_many_views_only_some_are_listed(cli: CommandLine, state_file: StateFile) -> None:
    for number in range(40):
        state_file.save_view(SavedView(f"view{number}"))
    assert f"@view28 and {11 + len(BUILT_IN)} more." in cli("@nothing").err


def test_a_saved_view_replaces_a_built_in_one(
    cli: CommandLine, state_file: StateFile, started: list[BrowserStart]
) -> None:
    assert cli("@admins").code == 0
    own = SavedView("Admins", "role:admin status:active")
    state_file.save_view(own)
    assert cli("@admins").code == 0
    assert [start.view for start in started] == [find_view("admins", BUILT_IN), own]


# ---------------------------------------------------------------- preferences of the browser


def test_the_browser_receives_the_state_file_and_the_chosen_theme(
    cli: CommandLine, state_file: StateFile, started: list[BrowserStart]
) -> None:
    look = TableLayout(NEWEST, wide=True)
    cli()
    given = started[0].state_file
    assert given is not None
    assert (started[0].theme, given.table_layout("env", TableName.USERS)) == (None, TableLayout())
    assert given.save_theme("paper") == given.save_table_layout("env", TableName.USERS, look) == ""
    cli()
    again = started[1].state_file
    assert again is not None
    assert (started[1].theme, again.table_layout("env", TableName.USERS)) == ("paper", look)
    assert again.views()[0] == ODD


def test_the_theme_of_a_profile_overrides_the_chosen_one(
    cli: CommandLine, state_file: StateFile, started: list[BrowserStart]
) -> None:
    state_file.save_theme("paper")
    connection = '.rest]\nclient_id = "i"\nsecret_env = "S"\n'
    cli.configure(f'[profiles.acme]\ntheme = "dusk"\n[profiles.acme{connection}[profiles.other{connection}')
    cli("--profile", "acme")
    cli("--profile", "other")
    assert [start.theme for start in started] == ["dusk", "paper"]


def test_the_demo_does_not_use_the_state_file(
    cli: CommandLine, state_file: StateFile, started: list[BrowserStart]
) -> None:
    state_file.save_theme("paper")
    before = cli.paths.state_file.read_bytes()
    assert "There is no saved view @odd-ones." in cli(DEMO, "@odd-ones").err
    assert cli(DEMO, "@pending").code == 0
    given = started[0].state_file
    assert given is not None
    assert (started[0].theme, given.views()) == (None, BUILT_IN)
    assert given.save_view(SavedView("mine")) == given.save_theme("dusk") == ""
    assert given.views()[0] == SavedView("mine")
    assert cli.paths.state_file.read_bytes() == before


def test_a_damaged_state_file_is_reported(cli: CommandLine, started: list[BrowserStart]) -> None:
    cli.paths.state.mkdir()
    cli.paths.state_file.write_text("views = ")
    assert cli().code == 0
    given = started[0].state_file
    assert given is not None
    assert "state.toml.broken" in given.notice
    cli.paths.state_file.write_text("views = ")
    answer = cli("@odd-ones")
    assert answer.code == 2
    assert "state.toml.broken" in answer.err
    cli.paths.state_file.write_text("views = ")
    answer = cli("export", "--filter", "@admins")
    assert answer.code == 0
    assert "state.toml.broken" in answer.err


# ---------------------------------------------------------------- export


def test_export_of_a_view_has_its_users_in_its_order(
    cli: CommandLine, api: FakeDirectory, state_file: StateFile
) -> None:
    times = {1: 1000, 2: 5000, 4: 3000}
    api.users = [person(number)._replace(created_at_ms=at, status="active") for number, at in times.items()]
    api.users += [person(5)._replace(status="inactive"), person(6)._replace(email="zoe@example.com")]

    def emails(*words: str) -> list[str]:
        return [row["email"][6:11] for row in rows(cli("export", "--filter", *words).out)]

    assert emails("@odd-ones") == ["00002", "00004", "00001"]
    assert emails("@odd-ones person00004") == ["00004"]
    assert emails("@odd-ones", "--cached") == ["00002", "00004", "00001"]


def test_export_of_a_built_in_view_uses_its_filter(cli: CommandLine, api: FakeDirectory) -> None:
    api.users[2] = person(2)._replace(role="Admin")
    api.users[3] = person(3)._replace(role="Viewer")
    found = [row["role"] for row in rows(cli("export", "--filter", "@admins").out)]
    assert set(found) == {"Admin"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--filter", "stauts:x"), "The filter cannot be used. There is no field stauts:. Did you mean status:?"),
        (("--filter", "status:"), "The filter cannot be used. There is no value after status:."),
        (("--filter", "zoe -group:"), "There is no value after -group:."),
        (("--filter", "-stauts:x"), "There is no field stauts:"),
        (("--filter", "@bad"), "The filter of @bad, role:x stauts:y, cannot be used. There is no field stauts:"),
        (("--filter", "@admins has:x created:y"), "There is no has:x"),
        (("--filter", "@admins has:x created:y"), "y is not a date"),
        (("--filter", "@nothing"), "There is no saved view @nothing."),
    ],
)
def test_export_refuses_an_invalid_filter_before_any_request(
    cli: CommandLine, api: FakeDirectory, state_file: StateFile, words: tuple[str, ...], said: str
) -> None:
    state_file.save_view(SavedView("bad", "role:x stauts:y"))
    answer = cli("export", *words)
    assert (answer.code, answer.out, cli.opened) == (2, "", [])
    assert said in answer.err


def test_export_with_a_negated_term_excludes_users(cli: CommandLine) -> None:
    everybody = [row["email"] for row in rows(cli("export").out)]
    for words in (("--filter", "-status:inactive"), ("--filter=-status:inactive",)):
        found = rows(cli("export", *words).out)
        assert [row["email"] for row in found if row["status"] == "inactive"] == []
        assert 0 < len(found) < len(everybody)
