"""Users by many emails, compared without case and Unicode form."""

from collections.abc import Collection
from typing import Final

from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import email_key, storable
from walkme_tui.store import bulk
from walkme_tui.store.mirror.search import by_email
from walkme_tui.store.mirror.tables import BATCH, Tables
from walkme_tui.store.sqlite_thread import Steps

# Up to so many emails are searched for one by one, a millisecond each; more are found by reading all emails.
FEW: Final = 300
# Emails that one step reads: about 20 ms.
STEP: Final = 1 << 14


def users_by_emails(tables: Tables, emails: Collection[str]) -> Steps[dict[str, MirroredUser]]:
    """Users by ``email_key``; of several with one email the one that was fetched last, as ``search.by_email``."""
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
