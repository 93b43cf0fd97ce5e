"""state.toml: what comes back, and what a broken one costs."""

import stat
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.config.state import State, load_state, save_state

WIDTHS = st.dictionaries(st.text(max_size=10), st.integers(1, 500), max_size=5)
NAMES = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
STATES = st.builds(
    State,
    tab=NAMES,
    theme=NAMES,
    profile=NAMES,
    detail_open=st.none() | st.booleans(),
    hide_inactive=st.booleans(),
    pane_widths=WIDTHS,
)


@given(STATES)
def test_what_is_saved_comes_back(tmp_path_factory: pytest.TempPathFactory, state: State) -> None:
    file = tmp_path_factory.mktemp("s") / "state" / "state.toml"
    save_state(file, state)
    assert load_state(file) == (state, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_every_entry_can_be_remembered(tmp_path: Path) -> None:
    state = State("groups", "paper", "acme", detail_open=True, hide_inactive=True, pane_widths={"detail": 40})
    assert all(getattr(state, entry.name) != getattr(State(), entry.name) for entry in fields(State))
    save_state(tmp_path / "state.toml", state)
    assert load_state(tmp_path / "state.toml")[0] == state


def test_no_file_is_a_fresh_state(tmp_path: Path) -> None:
    assert load_state(tmp_path / "state.toml") == (State(), "")


@pytest.mark.parametrize("content", [b"tab = ", b"\xff\xfe", b"tab = 1\ntab = 2"])
def test_a_broken_file_is_moved_aside_and_said_so(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "state.toml"
    file.write_bytes(content)
    state, notice = load_state(file)
    assert state == State()
    assert str(tmp_path / "state.toml.broken") in notice
    assert [file.name for file in tmp_path.iterdir()] == ["state.toml.broken"]
    assert (tmp_path / "state.toml.broken").read_bytes() == content
    assert load_state(file) == (State(), "")


def test_entries_of_another_type_or_program_count_as_not_there(tmp_path: Path) -> None:
    file = tmp_path / "state.toml"
    file.write_text('tab = 3\ntheme = "paper"\nhide_inactive = "yes"\nfuture = 1\n[pane_widths]\ndetail = true\n')
    assert load_state(file) == (State(theme="paper"), "")


def test_a_folder_in_its_place_costs_the_memory_only(tmp_path: Path) -> None:
    (tmp_path / "state.toml").mkdir()
    state, notice = load_state(tmp_path / "state.toml")
    assert state == State()
    assert notice
