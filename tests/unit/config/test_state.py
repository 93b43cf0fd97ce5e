"""state.toml: what is restored, what is lost with a damaged file, and failures to write it."""

import errno
import os
import stat
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.config.file_lock import file_lock
from walkme_tui.config.state import StateFile
from walkme_tui.config.state_entries import MAX_MAPPINGS
from walkme_tui.domain.queries import Sort, SortKey
from walkme_tui.domain.views import BUILT_IN, MAX_FILTER, SavedView, TableLayout, TableName, same_name, why_name_refused

LEAVERS = SavedView("leavers", "status:inactive has:groups", Sort(SortKey.UPDATED, reverse=True), wide=True)
BY_EMAIL = TableLayout(Sort(SortKey.EMAIL), wide=True)

LINES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=60)
NAMES = st.from_regex(r"[^\W_][\w.-]{0,39}", fullmatch=True).filter(lambda name: not why_name_refused(name))
SORTS = st.none() | st.builds(Sort, st.sampled_from(SortKey), st.booleans())
VIEWS = st.builds(SavedView, NAMES, LINES, SORTS, st.booleans(), st.booleans())
LAYOUTS = st.dictionaries(
    st.tuples(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.sampled_from(TableName)),
    st.builds(TableLayout, SORTS, st.booleans()),
    max_size=5,
)


def saved(state_file: StateFile) -> tuple[SavedView, ...]:
    return tuple(view for view in state_file.views() if view not in BUILT_IN)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.toml"


@pytest.fixture
def state_file(file: Path) -> StateFile:
    return StateFile(file)


@pytest.fixture
def written(state_file: StateFile, file: Path) -> Path:
    """A file with a view in it."""
    assert state_file.save_view(LEAVERS) == ""
    return file


# ---------------------------------------------------------------- what is restored


@given(
    st.lists(VIEWS, max_size=6, unique_by=lambda view: view.name.casefold()),
    LAYOUTS,
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20),
    st.booleans(),
)
def test_saved_state_is_restored_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    views: list[SavedView],
    looks: dict[tuple[str, TableName], TableLayout],
    theme: str | None,
    on_disk: bool,
) -> None:
    file = tmp_path_factory.mktemp("s") / "state" / "state.toml"
    first = StateFile(file if on_disk else None)
    wanted: list[SavedView] = []
    for view in views:
        at = next((at for at, other in enumerate(wanted) if same_name(other.name, view.name)), None)
        wanted[len(wanted) if at is None else at : None if at is None else at + 1] = [view]
        assert first.save_view(view) == ""
    for (profile, table), look in looks.items():
        assert first.save_table_layout(profile, table, look) == ""
    if theme is not None:
        assert first.save_theme(theme) == ""
    second = StateFile(file) if on_disk else first
    assert list(second.views()[: len(wanted)]) == wanted
    assert second.theme() == theme
    assert {place: second.table_layout(*place) for place in looks} == looks
    assert second.notice == ""
    assert on_disk or not file.parent.exists()


def test_the_file_is_readable_toml_and_private(state_file: StateFile, written: Path) -> None:
    state_file.save_table_layout("acme", TableName.USERS, BY_EMAIL)
    state_file.save_theme("paper")
    text = written.read_text()
    assert text.startswith("# Saved preferences of walkme-tui")
    assert text.partition("\n\n")[2] == (
        'theme = "paper"\n\n'
        '[views.leavers]\nfilter = "status:inactive has:groups"\nsort = "updated"\nreverse = true\nwide = true\n\n'
        '[profiles.acme.users]\nsort = "email"\nwide = true\n'
    )
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(written.parent.stat().st_mode) == 0o700


def test_a_file_readable_by_others_becomes_private(state_file: StateFile, written: Path) -> None:
    written.chmod(0o644)
    state_file.save_theme("paper")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600


def test_a_missing_file_gives_the_defaults_and_reading_makes_none(state_file: StateFile, file: Path) -> None:
    assert state_file.views() == BUILT_IN
    assert (state_file.theme(), state_file.table_layout("acme", TableName.USERS), state_file.notice) == (
        None,
        TableLayout(),
        "",
    )
    assert not file.parent.exists()


def test_a_saved_view_replaces_one_of_the_same_name(state_file: StateFile, written: Path) -> None:
    state_file.save_view(SavedView("other"))
    state_file.save_view(SavedView("Leavers", "role:admin"))
    assert saved(state_file) == (SavedView("Leavers", "role:admin"), SavedView("other"))


def test_saving_removes_duplicates_of_a_view(state_file: StateFile, file: Path) -> None:
    file.parent.mkdir()
    file.write_text('[views.a]\nfilter = "1"\n[views.b]\n[views.A]\nfilter = "2"\n')
    assert saved(state_file) == (SavedView("a", "1"), SavedView("b"))
    state_file.save_view(SavedView("a", "3"))
    assert list(tomllib.loads(file.read_text())["views"]) == ["a", "b"]
    assert saved(state_file) == (SavedView("a", "3"), SavedView("b"))


def test_a_view_is_deleted_by_any_spelling_of_its_name(state_file: StateFile, written: Path) -> None:
    assert state_file.delete_view("LEAVERS") == ""
    assert state_file.views() == BUILT_IN
    assert "views" not in written.read_text().partition("\n\n")[2]
    assert state_file.delete_view("leavers") == "There is no view leavers."


def test_deleting_a_saved_view_restores_the_built_in_view_of_its_name(state_file: StateFile) -> None:
    assert state_file.delete_view("admins") == "The view admins is built in and cannot be deleted."
    own = SavedView("admins", "role:admin status:active")
    state_file.save_view(own)
    assert state_file.views()[0] == own
    assert len(state_file.views()) == len(BUILT_IN)
    assert state_file.delete_view("admins") == ""
    assert state_file.views() == BUILT_IN


def test_a_default_layout_is_not_stored(state_file: StateFile, written: Path) -> None:
    before = written.read_bytes()
    state_file.save_table_layout("acme", TableName.MEMBERS, BY_EMAIL)
    assert state_file.table_layout("acme", TableName.MEMBERS) == BY_EMAIL
    assert (
        state_file.table_layout("acme", TableName.USERS)
        == state_file.table_layout("other", TableName.MEMBERS)
        == TableLayout()
    )
    state_file.save_table_layout("acme", TableName.MEMBERS, TableLayout())
    assert written.read_bytes() == before


def test_saving_an_unchanged_value_does_not_write(state_file: StateFile, written: Path) -> None:
    before = written.stat()
    assert state_file.save_view(LEAVERS) == ""
    assert (written.stat().st_ino, written.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("text", ["a\nb", "a\x1bb", "a\x85b", "a\u2028b", "a\udc80b"])
def test_a_filter_is_stored_and_restored_as_one_line(state_file: StateFile, file: Path, text: str) -> None:
    assert state_file.save_view(SavedView("odd", text)) == ""
    assert saved(state_file) == (SavedView("odd", "a b"),)
    if text != "a\udc80b":
        file.write_text(tomli_w.dumps({"views": {"odd": {"filter": text}}}))
        assert saved(state_file) == (SavedView("odd", "a b"),)


def test_an_invalid_view_is_refused_with_the_reason(state_file: StateFile, file: Path) -> None:
    assert "at most 1000" in state_file.save_view(SavedView("long", "x" * (MAX_FILTER + 1)))
    assert state_file.save_view(SavedView("no good")) == why_name_refused("no good") != ""
    assert not file.exists()


# ---------------------------------------------------------------- imports


def test_the_folder_and_the_columns_of_imports_are_restored(state_file: StateFile, file: Path) -> None:
    assert (state_file.import_folder(), state_file.import_columns("a1")) == ("", None)
    assert state_file.save_import_folder(Path("/home/ada/lists")) == ""
    assert state_file.save_import_columns("a1", {"email": 3, "firstName": 0}) == ""
    assert state_file.save_import_columns("b2", {"email": 1}) == ""
    other = StateFile(file)
    assert other.import_folder() == "/home/ada/lists"
    assert other.import_columns("a1") == {"email": 3, "firstName": 0}
    assert other.save_import_columns("a1", {"email": 2}) == ""
    assert state_file.import_columns("a1") == {"email": 2}


def test_the_oldest_columns_of_imports_are_dropped(state_file: StateFile) -> None:
    for number in range(MAX_MAPPINGS):
        state_file.save_import_columns(f"s{number}", {"email": number})
    state_file.save_import_columns("s0", {"email": 7})
    state_file.save_import_columns("new", {"email": 8})
    assert state_file.import_columns("s0") == {"email": 7}
    assert state_file.import_columns("new") == {"email": 8}
    assert state_file.import_columns("s1") is None


def test_a_folder_that_the_file_cannot_hold_is_not_saved(state_file: StateFile, file: Path) -> None:
    assert state_file.save_import_folder(Path("/home/\udcff")) == ""
    assert state_file.import_folder() == ""
    assert not file.exists()


def test_odd_entries_of_imports_are_ignored(state_file: StateFile, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("[imports]\nfolder = 3\n[imports.columns]\na = 1\n[imports.columns.b]\nemail = -1\nrole = true\n")
    assert state_file.import_folder() == ""
    assert state_file.import_columns("a") is None
    assert state_file.import_columns("b") == {}


# ---------------------------------------------------------------- files of other versions, damaged files


def test_unknown_entries_are_kept(state_file: StateFile, file: Path) -> None:
    document: dict[str, Any] = {
        "tabs": ["users", 3],
        "views": {
            "leavers": {"filter": "x", "sort": "department", "columns": ["email"]},
            "_odd": {"filter": "y"},
            "number": 3,
        },
        "profiles": {"acme": {"users": {"sort": "email", "frozen": 2}, "jobs": {"wide": True}}, "odd": "text"},
    }
    file.parent.mkdir()
    file.write_text(tomli_w.dumps(document))
    assert saved(state_file) == (SavedView("leavers", "x"),)
    state_file.save_view(SavedView("Leavers", "z"))
    state_file.save_table_layout("acme", TableName.USERS, TableLayout())
    state_file.save_theme("paper")
    document["views"] = {"Leavers": {"filter": "z", "columns": ["email"]}, "_odd": {"filter": "y"}, "number": 3}
    document["profiles"]["acme"]["users"] = {"frozen": 2}
    assert tomllib.loads(file.read_text()) == {**document, "theme": "paper"}


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["", "email", "x" * 101]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["filter", "sort", "reverse", "wide", "users", "members", "a", "A", "_"]), inner
        )
    ),
    max_leaves=8,
).filter(lambda value: value is not None)


def without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_none(inner) for key, inner in value.items() if inner is not None}
    return [without_none(inner) for inner in value if inner is not None] if isinstance(value, list) else value


@given(st.dictionaries(st.sampled_from(["theme", "views", "profiles", "other"]), JUNK))
def test_entries_of_a_wrong_type_are_ignored(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    file = tmp_path_factory.mktemp("s") / "state.toml"
    file.write_text(tomli_w.dumps(without_none(document)))
    state_file = StateFile(file)
    assert all(not why_name_refused(view.name) and isinstance(view.text, str) for view in state_file.views())
    state_file.theme()
    assert state_file.save_view(LEAVERS) == state_file.save_table_layout("a", TableName.USERS, BY_EMAIL) == ""
    assert LEAVERS in state_file.views()
    assert state_file.table_layout("a", TableName.USERS) == BY_EMAIL
    assert state_file.notice == ""
    assert ("other" in document) == ("other" in tomllib.loads(file.read_text()))


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ("", SavedView("x")),
        ('sort = "nonsense"\nreverse = true', SavedView("x")),
        ('filter = "a"\nsort = "name"\nreverse = 1', SavedView("x", "a", Sort(SortKey.NAME))),
        ('wide = "yes"\nhide_inactive = true', SavedView("x", hide_inactive=True)),
        ("filter = 3", None),
        (f'filter = "{"x" * (MAX_FILTER + 1)}"', None),
    ],
)
def test_invalid_parts_of_a_view_are_ignored_but_its_filter_is_required(
    state_file: StateFile, file: Path, entry: str, found: SavedView | None
) -> None:
    file.parent.mkdir()
    file.write_text(f"[views.x]\n{entry}\n[views.X]\n")
    assert saved(state_file) == (found or SavedView("X"),)


@pytest.mark.parametrize("content", [b"theme = ", b"\xff\xfe", b"theme = 1\ntheme = 2", b"#" * 1024 * 1024 + b"#"])
@pytest.mark.parametrize("first", ["read", "write"])
def test_a_damaged_file_is_moved_aside_and_reported(
    state_file: StateFile, file: Path, content: bytes, first: str
) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    assert (state_file.views() == BUILT_IN) if first == "read" else (state_file.save_theme("paper") == "")
    aside = file.with_name("state.toml.broken")
    assert f"It was moved to {aside}, and a new one is used." in state_file.notice
    assert aside.read_bytes() == content
    assert file.exists() == (first == "write")
    assert StateFile(file).notice == ""


def test_every_damaged_file_is_kept(state_file: StateFile, file: Path) -> None:
    file.parent.mkdir()
    names = ["state.toml.broken", "state.toml.broken-2", "state.toml.broken-3"]
    for number, name in enumerate(names):
        file.write_text(f"broken {number}")
        assert state_file.views() == BUILT_IN
        assert f"It was moved to {file.with_name(name)}, " in state_file.notice
    assert [file.with_name(name).read_text() for name in names] == ["broken 0", "broken 1", "broken 2"]


def test_a_folder_in_place_of_the_file_gives_the_defaults(state_file: StateFile, file: Path) -> None:
    file.mkdir(parents=True)
    assert state_file.views() == BUILT_IN
    assert state_file.notice


# ---------------------------------------------------------------- concurrent writers


WRITER = """
import sys
from pathlib import Path
from walkme_tui.config import state
from walkme_tui.domain.views import SavedView
state.LOCK_TIMEOUT_SECONDS = 60
state_file = state.StateFile(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for number in range(15):
    said = state_file.save_view(SavedView(f"{sys.argv[2]}{number}", "x"))
    assert said == "", said
"""


def test_concurrent_processes_and_threads_keep_each_others_changes(
    state_file: StateFile, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walkme_tui.config.state.LOCK_TIMEOUT_SECONDS", 60)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in "ab"
    ]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
    with ThreadPoolExecutor(2) as threads:
        said = list(threads.map(lambda number: state_file.save_view(SavedView(f"t{number}", "x")), range(10)))
    for writer in writers:
        writer.communicate(timeout=60)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert set(said) == {""}
    names = {f"{writer}{number}" for writer in "ab" for number in range(15)} | {f"t{number}" for number in range(10)}
    assert {view.name for view in saved(state_file)} == names
    assert sorted(found.name for found in file.parent.iterdir()) == [".state.toml.lock", "state.toml"]


def test_changes_of_another_process_are_read_immediately(state_file: StateFile, written: Path) -> None:
    StateFile(written).save_view(SavedView("theirs"))
    assert [view.name for view in saved(state_file)] == ["leavers", "theirs"]


def test_a_hanging_writer_does_not_block_the_others(
    state_file: StateFile, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("walkme_tui.config.state.LOCK_TIMEOUT_SECONDS", 0.02)
    before = written.read_bytes()
    with file_lock(written.parent / ".state.toml.lock", 1):
        assert "another process is writing it" in state_file.save_theme("paper")
        assert state_file.views()[0] == LEAVERS
        assert written.read_bytes() == before
    assert state_file.save_theme("paper") == ""


def test_a_file_system_without_locks_is_still_written(state_file: StateFile, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(handle: int, kind: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("walkme_tui.config.file_lock.fcntl.flock", no_locks)
    assert state_file.save_theme("paper") == ""
    assert state_file.theme() == "paper"


# ---------------------------------------------------------------- failures to write


def test_a_folder_that_cannot_be_made_is_reported(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file")
    state_file = StateFile(tmp_path / "state" / "state.toml")
    assert "cannot be created" in state_file.save_theme("paper")
    assert state_file.views() == BUILT_IN
    assert "cannot be read" in state_file.notice


def test_a_folder_without_write_permission_is_reported(state_file: StateFile, written: Path) -> None:
    lock = written.parent / ".state.toml.lock"
    lock.unlink()
    lock.symlink_to("elsewhere")
    assert state_file.save_theme("paper").startswith(f"{written} cannot be written")
    assert not (written.parent / "elsewhere").exists()
    written.write_text("theme = ")
    assert state_file.theme() is None
    assert state_file.notice.startswith(f"{written} cannot be read")
    assert written.read_text() == "theme = "


def test_a_full_disk_is_reported_and_keeps_the_old_file(
    state_file: StateFile, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("walkme_tui.config.private_files.os.fsync", full)
    said = state_file.save_view(SavedView("more"))
    assert said == f"{written} cannot be written (No space left on device), so this was not saved."
    assert saved(state_file) == (LEAVERS,)
    assert sorted(found.name for found in written.parent.iterdir()) == [".state.toml.lock", "state.toml"]


def test_a_file_is_never_written_larger_than_the_read_limit(state_file: StateFile, file: Path) -> None:
    file.parent.mkdir()
    file.write_text(f'filler = "{"x" * (1024 * 1024 - 600)}"\n')
    said = [state_file.save_view(SavedView(f"v{number}", "y" * 200)) for number in range(5)]
    assert said[0] == ""
    assert "is full" in said[-1]
    assert state_file.views()[0].name == "v0"
    assert state_file.notice == ""


def test_a_file_nested_too_deeply_is_reported(state_file: StateFile, file: Path) -> None:
    file.parent.mkdir()
    file.write_text("x" + ".a" * 5000 + " = 1\n")
    assert state_file.views() == BUILT_IN
    assert "nested too deeply" in state_file.save_theme("paper")
