"""Parts of SQL statements over ``users`` and ``texts``: conditions of filters, and sources of candidate users.

A condition is true, false, or NULL where its field is unknown.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from walkme_tui.store.mirror.rows import BITS
from walkme_tui.store.mirror.tables import Tables
from walkme_tui.store.mirror.text_table import GLOB_SEPARATORS, comparable, is_short_word

if TYPE_CHECKING:
    from walkme_tui.domain.filters import Between, HasField

# How many statuses or roles are listed for people; as a limit in SQL, -1 means none.
MOST_LISTED: Final = 200
NO_LIMIT: Final = -1

STATUS: Final = "nullif(users.status, '')"
ROLE: Final = "nullif(users.role, '')"
TIMES: Final = {"created": "created_at_ms", "updated": "updated_at_ms"}
# Also where only some groups of the user are known, which ``group_count`` does not count.
IN_GROUPS: Final = "coalesce(users.groups, '') <> ''"
_FILLED: Final = {
    "externalId": (BITS["external_id"], "coalesce(users.external_id, '') <> ''"),
    "email": (BITS["email"], "coalesce(users.email, '') <> ''"),
    "role": (BITS["role"], "coalesce(users.role, '') <> ''"),
    "groups": (BITS["groups"], IN_GROUPS),
    "name": (
        BITS["first_name"] | BITS["last_name"],
        "(coalesce(users.first_name, '') <> '' OR coalesce(users.last_name, '') <> '')",
    ),
}


class Sql(NamedTuple):
    """A part of a statement and the values for its question marks."""

    text: str
    values: tuple[Any, ...] = ()


class Source(NamedTuple):
    """Rows of ``table`` that refer to users, read in ascending order of row ids."""

    table: str
    condition: Sql
    row_id: str = "row_id"

    def row_ids(self, after: int = 0) -> Sql:
        """A statement for the row ids above ``after``."""
        text = f"SELECT {self.row_id} AS row_id FROM {self.table} WHERE {self.condition.text}"  # noqa: S608 - constants
        values = self.condition.values
        return Sql(f"{text} AND {self.row_id} > ?", (*values, after)) if after else Sql(text, values)


NO_USER: Final = Sql("0")
ALL_USERS: Final = Source("users", Sql("1"))


# ------------------------------------------------------------ conditions


def has_word(word: str, text: str = "texts.text") -> Sql:
    """The text contains the word: anywhere, or at the start of a word if it is short."""
    if is_short_word(word):
        return Sql(f"(' ' || {text}) GLOB ?", (f"*[{GLOB_SEPARATORS}]{word}*",))
    return Sql(f"instr({text}, ?) > 0", (comparable(word),))


def has_whole_word(word: str) -> Sql:
    """The text contains this run of letters and digits as a whole word that is not its last.

    The index recognizes the end of a word only by the blank behind it.
    """
    return Sql("has_run(texts.text, ?)", (word,))


def value_has_word(column: str, word: str) -> Sql:
    """The folded status or role contains the word."""
    return has_word(word, f"coalesce(folded({column}), '')")


def is_one_of(column: str, values: tuple[str, ...]) -> Sql:
    """The status or role is one of these."""
    return Sql(f"coalesce({column} IN ({','.join('?' * len(values))}), 0)", values)


def begins_with(column: str, whole: Collection[str], parts: Collection[str]) -> Sql:
    """The folded status or role is one of ``whole`` or begins with one of ``parts``."""
    tests = [*[f"folded({column}) = ?" for _ in whole], *[f"instr(folded({column}), ?) = 1" for _ in parts]]
    return Sql(f"coalesce({' OR '.join(tests)}, 0)", tuple(map(comparable, (*whole, *parts))))


def in_no_group() -> Sql:
    """The user is in no group; NULL where no group is known, and there may be some."""
    return Sql(f"CASE WHEN {IN_GROUPS} THEN 0 WHEN users.known & {BITS['groups']} THEN 1 END")


def is_member(gids: Collection[int]) -> Sql:
    """The user is in one of these groups."""
    marks = ",".join(map(str, gids))
    return Sql(f"EXISTS (SELECT 1 FROM memberships WHERE gid IN ({marks}) AND row_id = users.row_id)")  # noqa: S608


def is_member_if_known(gids: Collection[int]) -> Sql:
    """The same, NULL where not all groups of the user are known, and none of these is."""
    member = is_member(gids).text
    return Sql(f"CASE WHEN users.known & {BITS['groups']} THEN {member} WHEN {member} THEN 1 END")


def between(test: "Between") -> Sql:
    """The time lies in the range; NULL where there is none."""
    column = TIMES[test.field]
    ends = [(">=", test.first_ms), ("<", test.end_ms)]
    parts = [f"users.{column} {operator} ?" for operator, end in ends if end is not None]
    return Sql(" AND ".join(parts) or f"users.{column} IS NOT NULL", tuple(end for _, end in ends if end is not None))


def filled(field: "HasField") -> Sql:
    """One of the field's columns is not empty; NULL where all are empty and one is unknown."""
    bits, condition = _FILLED[field]
    return Sql(f"CASE WHEN {condition} THEN 1 WHEN users.known & {bits} = {bits} THEN 0 END")


def if_known(field: str, condition: Sql) -> Sql:
    """The condition, NULL where its field is unknown."""
    return Sql(f"CASE WHEN users.known & {BITS[field]} THEN {condition.text} END", condition.values)


def bits_of(fields: Collection[str]) -> int:
    """The bits of ``users.known`` for these fields of a user."""
    return sum(BITS[name] for name in fields)


def decided(needed: Collection[str], condition: Sql, absent: Collection[str]) -> Sql:
    """The condition, NULL where it is not true and a field that it needs is unknown and not absent."""
    bits = bits_of([field for field in needed if field not in absent])
    text = f"CASE WHEN {condition.text} THEN 1 WHEN users.known & {bits} = {bits} THEN 0 END"
    return Sql(text, condition.values)


def negated(condition: Sql) -> Sql:
    """The condition is false, not unknown."""
    return Sql(f"NOT ({condition.text})", condition.values)


def any_of(conditions: Collection[Sql]) -> Sql:
    """One of the conditions is true."""
    values = tuple(value for condition in conditions for value in condition.values)
    return Sql(f"({' OR '.join(condition.text for condition in conditions)})", values)


# ------------------------------------------------------------ sources


def in_index(found: str) -> Source:
    """Users that the full-text index finds."""
    return Source("find", Sql("find MATCH ?", (found,)), "rowid")


def with_value(column: str, value: str) -> Source:
    """Users with this status or role."""
    return Source("users", Sql(f"{column} = ?", (value,)))


def members(gid: int) -> Source:
    """Users in this group."""
    return Source("memberships", Sql("gid = ?", (gid,)))


def members_of_any(gids: Collection[int]) -> Source:
    """Users in any of these groups; all of them are sorted before the first is read."""
    marks = ",".join(map(str, gids))
    return Source("users", Sql(f"row_id IN (SELECT row_id FROM memberships WHERE gid IN ({marks}))"))  # noqa: S608


def named(row_ids: Collection[int]) -> Source:
    """These users."""
    return Source("users", Sql(f"row_id IN ({','.join(map(str, row_ids))})"))


# ------------------------------------------------------------ counts and values


def counted(tables: Tables, sources: Collection[Source], most: int) -> int:
    """The number of rows of the sources, counted up to ``most``."""
    parts = [source.row_ids() for source in sources]
    values = tuple(value for part in parts for value in part.values)
    text = " UNION ALL ".join(part.text for part in parts)
    select = f"SELECT count(*) FROM ({text} LIMIT ?)"  # noqa: S608 - see above
    return int(tables.connection.execute(select, (*values, most)).fetchone()[0])


def distinct(tables: Tables, column: str, most: int = MOST_LISTED) -> list[str]:
    """The first ``most`` values of ``status`` or ``role`` in order, with one index look-up each."""
    value = f"nullif({column}, '')"
    least = f"SELECT {value} FROM users WHERE {value} > {{}} ORDER BY {value} LIMIT 1"  # noqa: S608 - constants
    select = (
        f"WITH RECURSIVE found (value) AS (SELECT ({least.format(chr(39) * 2)}) "  # noqa: S608 - constants
        f"UNION ALL SELECT ({least.format('found.value')}) FROM found WHERE found.value IS NOT NULL) "
        "SELECT value FROM found WHERE value IS NOT NULL LIMIT ?"
    )
    return [found for (found,) in tables.connection.execute(select, (most,)).fetchall()]


def few_between(tables: Tables, test: "Between", most: int) -> list[int] | None:
    """Row ids of users whose time lies in the range; None if there are more than ``most``, or no index."""
    column, index = TIMES[test.field], f"sorted_by_{test.field}"
    if not tables.has_index(index):
        return None
    condition = between(test)
    select = f"SELECT row_id FROM users INDEXED BY {index} WHERE {column} IS NOT NULL AND {condition.text} LIMIT ?"  # noqa: S608
    found = [row_id for (row_id,) in tables.connection.execute(select, (*condition.values, most + 1)).fetchall()]
    return found if len(found) <= most else None
