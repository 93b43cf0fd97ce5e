"""Users by one or many emails, compared without case and Unicode form; nothing here imports what filters need."""

from collections.abc import Collection
from typing import Final

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import email_key, search_key, storable
from walkme_tui.store import bulk
from walkme_tui.store.mirror.conditions import Sql, in_index
from walkme_tui.store.mirror.statements import QueryPlan, fetched, unsorted
from walkme_tui.store.mirror.tables import BATCH, Tables
from walkme_tui.store.mirror.text_table import comparable, expression
from walkme_tui.store.sqlite_thread import Steps

# Up to so many emails are searched for one by one, a millisecond each; more are found by reading all emails.
FEW: Final = 300
# Emails that one step reads: about 20 ms.
STEP: Final = 1 << 14
# Users with one folded email whose emails are compared exactly.
MOST_NAMESAKES: Final = 1_000


def by_email(tables: Tables, email: str) -> MirroredUser | None:
    """A user by email, compared without case and Unicode form; of several the one that was fetched last."""
    wanted = email_key(storable(email))
    folded = search_key(wanted)
    users = tables.rows(fetched(tables, with_email(tables, folded, (), MOST_NAMESAKES))) if folded else {}
    found = [
        user for user in users.values() if isinstance(user.user.email, str) and email_key(user.user.email) == wanted
    ]
    return max(found, key=lambda user: (user.fetched_at_ms, user.row_id), default=None)


def with_email(tables: Tables, folded: str, conditions: tuple[Sql, ...], limit: int) -> Sql:
    """Users with this folded email."""
    compared = comparable(folded)
    whole = Sql("instr(texts.text, ?) > 0", (compared,)), Sql("folded(users.email) = ?", (compared,))
    index = expression(tables.texts.chosen([f" {folded}"]))  # the email is at the start of a word
    sources = None if index is None else (in_index(index),)
    return unsorted(QueryPlan(sources, (*whole, *conditions), ()), 0, limit)


def users_by_emails(tables: Tables, emails: Collection[str]) -> Steps[dict[str, MirroredUser]]:
    """Users by ``email_key``; of several with one email the one that was fetched last, as ``by_email``."""
    wanted = {email_key(storable(email)): email for email in emails if email}
    found: dict[str, MirroredUser] = {}
    if len(wanted) <= FEW:
        for key, email in wanted.items():
            user = by_email(tables, email)
            yield
            if user is not None:
                found[key] = user
        return found
    row_ids: list[int] = []
    for after, last in tables.row_id_ranges(STEP):
        source = "FROM users WHERE row_id > ? AND row_id <= ? AND email IS NOT NULL"
        stored = bulk.rows(tables.connection, "row_id, email", source, (after, last))
        row_ids += [row_id for row_id, email in stored if email_key(email) in wanted]
        yield
    for start in range(0, len(row_ids), BATCH):
        for user in tables.rows(row_ids[start : start + BATCH]).values():
            key = email_key(str(user.user.email))
            known = found.get(key)
            if known is None or (user.fetched_at_ms, user.row_id) > (known.fetched_at_ms, known.row_id):
                found[key] = user
        yield
    return found
