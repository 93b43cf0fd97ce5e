"""A mirror file of many made-up users, for the benchmarks: the same for the same arguments, made once.

python -m tests.support.big_mirror PATH [USERS]
"""

import hashlib
import sys
from functools import partial
from pathlib import Path
from typing import Final

from walkme_tui.domain.groups import Group
from walkme_tui.domain.users import User, UserPage
from walkme_tui.store.mirror_file import MirrorFile, MirrorPlace
from walkme_tui.store.places import remove_database
from walkme_tui.store.tables import Tables

ACCOUNT_KEY: Final = "big-mirror"
FETCHED_AT_MS: Final = 1_750_000_000_000
PAGE_SIZE: Final = 10_000
GROUPS: Final = tuple(Group(f"g-{number:03}", f"Group {number:03}") for number in range(200))

FIRST: Final = ("Zoë", "Amina", "Bo", "Carmen", "Dmitri", "Łukasz", "Søren", "Chloé", "Wei", "Fatima", "José", "Aoife")
LAST: Final = ("Çelik", "O'Brien", "Tanaka", "Weber", "Yılmaz", "Nowak", "Müller", "García", "Li", "Haddad", "Ólafsson")
ROLES: Final = ("Viewer", "Viewer", "Viewer", "Editor", "Admin")
STATUSES: Final = ("active", "active", "active", "active", "active", "active", "active", "inactive", "pending")


def made_up_user(number: int) -> User:
    """User ``number``, always the same; every one is in two groups."""
    digest = hashlib.blake2b(number.to_bytes(8, "big"), digest_size=16).digest()
    digits = digest.hex()
    first, last = FIRST[digest[0] % len(FIRST)], LAST[digest[1] % len(LAST)]
    created = FETCHED_AT_MS - int.from_bytes(digest[2:5], "big") * 5_000
    return User(
        id=f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}",
        email=f"{first[0].lower()}.{digits[:6]}.{number}@example.com",
        first_name=first,
        last_name=f"{last} {digits[20:24]}",
        role=ROLES[digest[5] % len(ROLES)],
        status=STATUSES[digest[6] % len(STATUSES)],
        external_id=f"okta|{number:07}" if digest[7] % 2 else None,
        created_at_ms=created,
        updated_at_ms=created + digest[8] * 86_400_000,
        groups=(GROUPS[digest[9] % 200].id, GROUPS[(digest[9] + 1 + digest[10] % 199) % 200].id),
    )


def big_mirror(path: Path, users: int = 1_000_000, *, account_key: str = ACCOUNT_KEY) -> Path:
    """The mirror file at ``path`` with ``users`` users, made if it is not there; half a minute for a million."""
    marker = path.with_name(f"{path.name}.{users}.complete")
    if path.exists() and marker.exists():
        return path
    if path.exists():
        remove_database(path)
    file = MirrorFile(MirrorPlace(path, None, account_key, None))
    try:
        for setting in ("synchronous = OFF", "cache_size = -300000", "wal_autocheckpoint = 50000"):
            file.read(partial(_set, setting=setting))
        file.write(lambda tables: tables.save_groups(GROUPS, FETCHED_AT_MS))
        for first in range(0, users, PAGE_SIZE):
            rows = tuple(made_up_user(number) for number in range(first, min(first + PAGE_SIZE, users)))
            page = UserPage(first // PAGE_SIZE + 1, PAGE_SIZE, rows, users)
            file.write(partial(Tables.save_page, page=page, fetched_at_ms=FETCHED_AT_MS))
    finally:
        file.close()
    marker.touch()
    return path


def _set(tables: Tables, setting: str) -> None:
    tables.connection.execute(f"PRAGMA {setting}").fetchall()


if __name__ == "__main__":
    big_mirror(Path(sys.argv[1]), *(int(count) for count in sys.argv[2:3]))
