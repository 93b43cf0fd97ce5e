"""What filters ask of users, as pieces of SQL over ``users`` and ``texts``, and where users who fit are listed.

A condition is true, false, or NULL where the field that it is about is not known.
"""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from walkme_tui.domain import filters
from walkme_tui.store.mirror.rows import BITS
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import GLOB_SEPARATORS, comparable, is_short_word

# So many statuses or roles are enough for who looks at them; as a limit, EVERY is none.
SOME: Final = 200
EVERY: Final = -1

STATUS: Final = "nullif(users.status, '')"
ROLE: Final = "nullif(users.role, '')"
TIMES: Final = {"created": "created_at_ms", "updated": "updated_at_ms"}
_FILLED: Final = {
    "externalId": (BITS["external_id"], "coalesce(users.external_id, '') <> ''"),
    "email": (BITS["email"], "coalesce(users.email, '') <> ''"),
    "role": (BITS["role"], "coalesce(users.role, '') <> ''"),
    "groups": (BITS["groups"], "coalesce(users.group_count, 0) > 0"),
    "name": (
        BITS["first_name"] | BITS["last_name"],
        "(coalesce(users.first_name, '') <> '' OR coalesce(users.last_name, '') <> '')",
    ),
}


class Sql(NamedTuple):
    """A piece of SQL and the values for its question marks."""

    text: str
    values: tuple[Any, ...] = ()


class Source(NamedTuple):
    """Rows of ``table`` that tell of users, which are there in ascending order of row ids."""

    table: str
    condition: Sql
    row_id: str = "row_id"

    def row_ids(self, after: int = 0) -> Sql:
        """Their row ids above ``after``, as a statement."""
        text = f"SELECT {self.row_id} AS row_id FROM {self.table} WHERE {self.condition.text}"  # noqa: S608 - constants
        values = self.condition.values
        return Sql(f"{text} AND {self.row_id} > ?", (*values, after)) if after else Sql(text, values)


NOBODY: Final = Sql("0")
EVERYBODY: Final = Source("users", Sql("1"))


# ------------------------------------------------------------ conditions


def has_word(word: str, text: str = "texts.text") -> Sql:
    """The text has the word: anywhere, or where a word begins if it is a short one."""
    if is_short_word(word):
        return Sql(f"(' ' || {text}) GLOB ?", (f"*[{GLOB_SEPARATORS}]{word}*",))
    return Sql(f"instr({text}, ?) > 0", (comparable(word),))


def has_whole_word(word: str) -> Sql:
    """The text has the word, which is a run of letters and digits, as a whole one, and not at its end.

    The index by text can tell the end of a word only by what follows it.
    """
    return Sql("has_run(texts.text, ?)", (word,))


def value_has_word(column: str, word: str) -> Sql:
    """The status or the role, folded, has the word."""
    return has_word(word, f"coalesce(folded({column}), '')")


def is_one_of(column: str, values: tuple[str, ...]) -> Sql:
    """The status or the role is one of these."""
    return Sql(f"coalesce({column} IN ({','.join('?' * len(values))}), 0)", values)


def begins_with(column: str, whole: Collection[str], parts: Collection[str]) -> Sql:
    """The status or the role, folded, is one of ``whole`` or begins with one of ``parts``."""
    tests = [*[f"folded({column}) = ?" for _ in whole], *[f"instr(folded({column}), ?) = 1" for _ in parts]]
    return Sql(f"coalesce({' OR '.join(tests)}, 0)", tuple(map(comparable, (*whole, *parts))))


def is_member(gids: Collection[int]) -> Sql:
    """In one of these groups."""
    marks = ",".join(map(str, gids))
    return Sql(f"EXISTS (SELECT 1 FROM memberships WHERE gid IN ({marks}) AND row_id = users.row_id)")  # noqa: S608


def between(test: filters.Between) -> Sql:
    """The time lies in between; NULL where there is none."""
    column = TIMES[test.field]
    ends = [(">=", test.first_ms), ("<", test.end_ms)]
    parts = [f"users.{column} {operator} ?" for operator, end in ends if end is not None]
    return Sql(" AND ".join(parts) or f"users.{column} IS NOT NULL", tuple(end for _, end in ends if end is not None))


def filled(field: filters.HasField) -> Sql:
    """One of the columns is not empty; NULL where none is, and one is not known."""
    bits, condition = _FILLED[field]
    return Sql(f"CASE WHEN {condition} THEN 1 WHEN users.known & {bits} = {bits} THEN 0 END")


def if_known(field: str, condition: Sql) -> Sql:
    """The condition, NULL where no answer carried the field that it is about."""
    return Sql(f"CASE WHEN users.known & {BITS[field]} THEN {condition.text} END", condition.values)


def bits_of(fields: Collection[str]) -> int:
    """The bits of ``users.known`` for these fields of a user."""
    return sum(BITS[name] for name in fields)


def decided(test: filters.Test, condition: Sql) -> Sql:
    """The condition of a test, NULL where it is not true and a field that the test asks for is not known."""
    bits = bits_of(filters.asked_fields(test))
    text = f"CASE WHEN {condition.text} THEN 1 WHEN users.known & {bits} = {bits} THEN 0 END"
    return Sql(text, condition.values)


def negated(condition: Sql) -> Sql:
    """The condition is known to be false."""
    return Sql(f"NOT ({condition.text})", condition.values)


def any_of(conditions: Collection[Sql]) -> Sql:
    """One of the conditions is true."""
    values = tuple(value for condition in conditions for value in condition.values)
    return Sql(f"({' OR '.join(condition.text for condition in conditions)})", values)


# ------------------------------------------------------------ sources


def in_index(found: str) -> Source:
    """Users whose texts the index finds by a full-text expression."""
    return Source("find", Sql("find MATCH ?", (found,)), "rowid")


def with_value(column: str, value: str) -> Source:
    """Users with this status or role."""
    return Source("users", Sql(f"{column} = ?", (value,)))


def members(gid: int) -> Source:
    """Users in this group."""
    return Source("memberships", Sql("gid = ?", (gid,)))


def members_of_any(gids: Collection[int]) -> Source:
    """Users in any of these groups; all of them are put in order before the first is there."""
    marks = ",".join(map(str, gids))
    return Source("users", Sql(f"row_id IN (SELECT row_id FROM memberships WHERE gid IN ({marks}))"))  # noqa: S608


def named(row_ids: Collection[int]) -> Source:
    """These users."""
    return Source("users", Sql(f"row_id IN ({','.join(map(str, row_ids))})"))


# ------------------------------------------------------------ what is there


def counted(tables: Tables, sources: Collection[Source], most: int) -> int:
    """How many rows the sources have, counted up to ``most``."""
    parts = [source.row_ids() for source in sources]
    values = tuple(value for part in parts for value in part.values)
    text = " UNION ALL ".join(part.text for part in parts)
    select = f"SELECT count(*) FROM ({text} LIMIT ?)"  # noqa: S608 - see above
    return int(tables.connection.execute(select, (*values, most)).fetchone()[0])


def distinct(tables: Tables, column: str, most: int = SOME) -> list[str]:
    """The first ``most`` values of ``status`` or ``role`` in the mirror, in order; each costs a look into an index."""
    value = f"nullif({column}, '')"
    least = f"SELECT {value} FROM users WHERE {value} > {{}} ORDER BY {value} LIMIT 1"  # noqa: S608 - constants
    select = (
        f"WITH RECURSIVE found (value) AS (SELECT ({least.format(chr(39) * 2)}) "  # noqa: S608 - constants
        f"UNION ALL SELECT ({least.format('found.value')}) FROM found WHERE found.value IS NOT NULL) "
        "SELECT value FROM found WHERE value IS NOT NULL LIMIT ?"
    )
    return [found for (found,) in tables.connection.execute(select, (most,)).fetchall()]


def few_between(tables: Tables, test: filters.Between, most: int) -> list[int] | None:
    """Row ids of those whose time lies in between; None if there are more than ``most``, or no index to find them."""
    column, index = TIMES[test.field], f"sorted_by_{test.field}"
    if not tables.has_index(index):
        return None
    condition = between(test)
    select = f"SELECT row_id FROM users INDEXED BY {index} WHERE {column} IS NOT NULL AND {condition.text} LIMIT ?"  # noqa: S608
    found = [row_id for (row_id,) in tables.connection.execute(select, (*condition.values, most + 1)).fetchall()]
    return found if len(found) <= most else None
