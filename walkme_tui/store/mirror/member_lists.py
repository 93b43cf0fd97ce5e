"""The members of a group as the group itself lists them: stored in parts, then compared with what was known.

A member who is not known yet becomes a user without a position; of known users only the groups change. A user whose
groups a look-up returned after the group was requested is left as the look-up described them.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from walkme_tui.domain.groups import Group
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.users import User
from walkme_tui.store import bulk
from walkme_tui.store.mirror.rows import GROUPS_KNOWN, id_from_stored, stored_id
from walkme_tui.store.mirror.tables import OUTDATED_MS, Tables

# Members that one transaction removes: each is read and written as a whole.
REMOVED_AT_ONCE: Final = 1_000

_NEWER: Final = (
    f"(known & {GROUPS_KNOWN} AND coalesce(detailed_at_ms, 0) > ?1 AND detailed_at_ms - ?1 <= {OUTDATED_MS})"
)


def add_members(tables: Tables, group: Group, members: Iterable[User], read_at_ms: int, *, first: bool) -> list[int]:
    """Store the first or another part of the members of a group, requested at ``read_at_ms``; returns their row ids.

    Ids that no user has are left out. Nothing is stored of another part than the first where ``end_members`` would
    refuse it.
    """
    if first:
        tables.groups.begin_reading(group, read_at_ms)
    gid = tables.groups.find(group.id)
    if gid is None or not tables.groups.is_reading(group.id, read_at_ms):
        return []
    listed = {stored_id(member.id): member for member in members}
    known = tables.ids.find(listed)
    strangers = _strangers(tables, listed.keys() - known.keys())
    new = [member for key, member in listed.items() if key not in known and key not in strangers]
    _join(tables, gid, sorted(known.values()), read_at_ms)
    return [*known.values(), *tables.add_unlisted(new, group.id, read_at_ms)]


def surplus(tables: Tables, group_id: str, row_ids: Collection[int], read_at_ms: int) -> list[int]:
    """Row ids of known members of a group who are not among ``row_ids``, at most ``REMOVED_AT_ONCE``."""
    gid = tables.groups.find(group_id)
    select = f"SELECT row_id FROM memberships JOIN users USING (row_id) WHERE gid = ?2 AND NOT {_NEWER}"  # noqa: S608
    found: list[int] = []
    for part in bulk.numbers(tables.connection, select, (read_at_ms, gid)):
        found += [row_id for row_id in part if row_id not in row_ids]
    return found[:REMOVED_AT_ONCE]


def remove_members(tables: Tables, group_id: str, row_ids: Sequence[int]) -> None:
    """Take users out of a group; those that only this group described are deleted."""
    users = tables.rows(row_ids).values()
    left = [_without(user, group_id) for user in users]
    kept = {user.row_id: user for user in left if user.some_groups or not user.is_only_listed}
    tables.forget_users([user.row_id for user in left if user.row_id not in kept])
    tables.write_users([(user, kept[user.row_id]) for user in users if user.row_id in kept])


def expire(tables: Tables, row_ids: Sequence[int]) -> None:
    """Delete users who may still exist: what their groups listed is not known completely any more."""
    held = {group for user in tables.rows(row_ids).values() for group in user.held_groups}
    tables.connection.executemany("UPDATE groups SET read_at_ms = NULL WHERE id = ?", [(group,) for group in held])
    tables.forget_users(row_ids)


def undescribed_members(tables: Tables, group_id: str, since_ms: int, limit: int) -> list[str]:
    """Ids of at most ``limit`` members of a group that no answer since ``since_ms`` described but lists of members."""
    select = (
        "SELECT id FROM memberships JOIN users USING (row_id) "
        "WHERE gid = ? AND (position IS NULL AND detailed_at_ms IS NULL OR fetched_at_ms < ?) LIMIT ?"
    )
    found = tables.connection.execute(select, (tables.groups.find(group_id), since_ms, limit)).fetchall()
    return [id_from_stored(user_id) for (user_id,) in found]


def note_stranger(tables: Tables, user: MirroredUser) -> None:
    """Note that no user has the id of this one, if only groups described it."""
    if user.some_groups and user.is_only_listed:
        tables.connection.execute("INSERT OR IGNORE INTO strangers (id) VALUES (?)", (stored_id(user.user.id),))
        tables.connection.executemany(
            "UPDATE groups SET strangers = strangers + 1 WHERE id = ?", [(group,) for group in user.some_groups]
        )


def _strangers(tables: Tables, ids: Collection[bytes | str]) -> set[bytes | str]:
    """Those of these ids that no user has."""
    if tables.connection.execute("SELECT NOT EXISTS (SELECT 1 FROM strangers)").fetchone()[0]:
        return set()
    known = "SELECT 1 FROM strangers WHERE id = ?"
    return {each for each in ids if tables.connection.execute(known, (each,)).fetchone() is not None}


def _join(tables: Tables, gid: int, row_ids: Sequence[int], read_at_ms: int) -> None:
    """Put known users into a group, in one statement: a group of 50 000 members must not take seconds."""
    select = (
        f"SELECT row_id FROM users WHERE row_id IN ({','.join(map(str, row_ids))}) AND NOT {_NEWER} "  # noqa: S608
        "AND NOT EXISTS (SELECT 1 FROM memberships WHERE gid = ?2 AND row_id = users.row_id)"
    )
    joined = [row_id for (row_id,) in tables.connection.execute(select, (read_at_ms, gid)).fetchall()]
    if not joined:
        return
    tables.connection.execute(
        f"UPDATE users SET groups = CASE WHEN coalesce(groups, '') = '' THEN ?1 ELSE groups || ',' || ?1 END, "  # noqa: S608
        f"group_count = CASE WHEN known & {GROUPS_KNOWN} THEN coalesce(group_count, 0) + 1 END "
        f"WHERE row_id IN ({','.join(map(str, joined))})",
        (str(gid),),
    )
    tables.groups.change_members([(gid, row_id) for row_id in joined], [])


def _without(user: MirroredUser, group_id: str) -> MirroredUser:
    held = tuple(group for group in user.held_groups if group != group_id)
    if isinstance(user.user.groups, tuple):
        return user._replace(user=user.user._replace(groups=held))
    return user._replace(some_groups=held)
