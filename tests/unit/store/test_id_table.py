"""The id table agrees with a dictionary before, between and after merges."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.store.mirror import id_table
from walkme_tui.store.mirror.id_table import IdTable, StoredId
from walkme_tui.store.mirror.layout import STATEMENTS
from walkme_tui.store.mirror.rows import stored_id, uuid_range

IDS = st.one_of(
    st.uuids().map(lambda uuid: uuid.bytes),
    st.integers(0, 300).map(lambda number: bytes.fromhex("0b8e1c4a") + number.to_bytes(12, "big")),
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=4),
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    with closing(made()) as connection:
        yield connection


def made(path: str = ":memory:") -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in STATEMENTS:
        connection.execute(statement)
    return connection


def stored(connection: sqlite3.Connection) -> tuple[int, int]:
    """The numbers of ids in the large and in the small table."""
    (merged,) = connection.execute("SELECT count(*) FROM ids").fetchone()
    (recent,) = connection.execute("SELECT count(*) FROM recent_ids").fetchone()
    return merged, recent


@given(
    batches=st.lists(st.lists(IDS, max_size=8, unique=True), max_size=8),
    removals=st.lists(st.sets(st.integers(0, 20)), min_size=8, max_size=8),
    merge_at=st.integers(1, 12),
    batch=st.integers(1, 4),
    begun=st.sets(st.integers(0, 7)),
    forgotten=st.sets(st.integers(0, 7)),
    bits=st.sampled_from((8, 256, 1 << 24)),
)
def test_ids_are_found_as_in_a_dictionary(
    batches: list[list[StoredId]],
    removals: list[set[int]],
    merge_at: int,
    batch: int,
    begun: set[int],
    forgotten: set[int],
    bits: int,
) -> None:
    model: dict[StoredId, int] = {}
    with closing(made()) as connection, pytest.MonkeyPatch.context() as patch:
        patch.setattr(id_table, "MERGE_AT", merge_at)
        patch.setattr(id_table, "BATCH", batch)
        patch.setattr(id_table, "SEEN_BITS", bits)
        table = IdTable(connection)
        row_id = 0
        seen: set[StoredId] = set()
        for number, (ids, removal) in enumerate(zip(batches, removals, strict=False)):
            if number in forgotten:
                table.clear_cache()
            if number in begun:
                table.begin()
            new = [(user_id, row_id + at) for at, user_id in enumerate(ids, start=1) if user_id not in model]
            row_id += len(ids)
            table.add(new)
            model.update(new)
            seen.update(ids)
            gone = [user_id for at, user_id in enumerate(model) if at in removal]
            table.remove(gone)
            for user_id in gone:
                del model[user_id]
            assert table.find([*seen, "never", b"\0" * 16]) == model
            assert sum(stored(connection)) == len(model)
            assert stored(connection)[1] < merge_at


def test_new_ids_are_merged_once_there_are_enough(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_table, "MERGE_AT", 10)
    table = IdTable(connection)
    table.add([(f"u{number}", number) for number in range(9)])
    assert stored(connection) == (0, 9)
    table.add([("last", 9)])
    assert stored(connection) == (10, 0)
    table.add([("new", 10)])
    table.remove(["u3", "new", "never"])
    assert stored(connection) == (9, 0)
    assert table.find(["u3", "u4", "new"]) == {"u4": 4}
    table.add([("u3", 11)])  # a new user with a deleted id
    assert table.find(["u3"]) == {"u3": 11}


def test_ids_with_a_common_beginning_are_found_in_both_tables(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_table, "MERGE_AT", 30)
    table = IdTable(connection)
    ids = [f"{number % 4:04x}beef-0000-4000-8000-{number:012x}" for number in range(50)]
    for number, user_id in enumerate(ids):
        table.add([(stored_id(user_id), number)])
    table.add([("0001beef is no UUID", 99)])
    assert stored(connection) == (30, 21)
    ends = uuid_range("0001beef-00")
    assert ends is not None
    assert table.between(*ends, limit=50) == list(range(1, 50, 4))
    assert set(table.between(*ends, limit=5)) < set(range(1, 50, 4))
    assert len(table.between(*ends, limit=5)) == 5


def test_new_ids_are_not_looked_up_while_an_empty_table_is_filled(connection: sqlite3.Connection) -> None:
    table = IdTable(connection)
    table.begin()
    table.add([("known", 1)])
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    assert table.find(["new", "newer"]) == {}
    assert statements == []
    assert table.find(["known", "new"]) == {"known": 1}
    table.clear_cache()
    statements.clear()
    assert table.find(["new"]) == {}
    assert statements


def test_ids_that_another_connection_added_are_found_from_its_next_transaction_on(tmp_path: Path) -> None:
    path = tmp_path / "ids.sqlite3"
    with closing(made(str(path))) as mine, closing(sqlite3.connect(path, isolation_level=None)) as other:
        table = IdTable(mine)
        table.begin()
        table.add([("mine", 1)])
        IdTable(other).add([("theirs", 2)])
        table.begin()
        assert table.find(["mine", "theirs", "nobody's"]) == {"mine": 1, "theirs": 2}
