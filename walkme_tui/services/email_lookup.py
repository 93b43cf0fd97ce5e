"""Finding one user by email, also on servers that compare emails by their bytes or do not look for them at all."""

from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.errors import LookUpIgnored, MirrorUnavailable, NotFound
from walkme_tui.domain.text import clean, email_forms, email_key, grouped
from walkme_tui.domain.times import format_time_ms
from walkme_tui.domain.users import User
from walkme_tui.services.ports import Session

MAX_SHOWN: Final = 120
AGAIN: Final = "Try again when the whole account is loaded."
IGNORED: Final = "This server ignores look-ups by email."


async def find_by_email(session: Session, email: str) -> User | None:
    """The user with this email, compared without case and Unicode form; None where the server has nobody like that.

    The server is asked for the typed form first, then for the other normal forms. Whom only the mirror knows by this
    email is read by id. Raises ``LookUpIgnored`` where nobody was found and the server's answers prove nothing.
    """
    ignored: LookUpIgnored | None = None
    for form in email_forms(email):
        try:
            found = await session.api.find_user(form)
        except LookUpIgnored as error:
            ignored = error
            break
        if found is not None:
            return found
    known = await _of_mirror(session, email)
    if known is None and ignored is not None:
        raise ignored
    return known


async def not_proven(session: Session, emails: Sequence[str]) -> LookUpIgnored:
    """What to say where the server ignores look-ups by email and nobody with these emails was found."""
    whom = ", ".join(clean(email, MAX_SHOWN) for email in emails)
    try:
        coverage = await session.mirror.coverage()
    except MirrorUnavailable:
        return LookUpIgnored(f"{IGNORED} The local copy cannot be searched for {whom} either.")
    sweep = coverage.sweep
    if not coverage.loaded:
        return LookUpIgnored(f"{IGNORED} Nobody is loaded yet, so it is not known who has {whom}.", hint=AGAIN)
    if coverage.complete and sweep is not None and sweep.complete:
        read_at = format_time_ms(sweep.started_at_ms // 1000 * 1000)
        searched = f"all {grouped(coverage.loaded)} people of the account, as read at {read_at}"
        hint = "Check the spelling."
    else:
        of = "an unknown number" if coverage.total is None else grouped(coverage.total)
        searched = f"the {grouped(coverage.loaded)} people loaded of {of}"
        hint = AGAIN
    return LookUpIgnored(f"{IGNORED} Searched {searched}: nobody there has {whom}.", hint=hint)


async def _of_mirror(session: Session, email: str) -> User | None:
    """The user whom the mirror knows by this email, as the server has them now; None if the email is another by now."""
    try:
        held = await session.mirror.user_by_email(email)
        user = None if held is None else await session.api.get_user(held.user.id)
    except (MirrorUnavailable, NotFound):
        return None
    same = user is not None and isinstance(user.email, str) and email_key(user.email) == email_key(email)
    return user if same else None
