"""The values of a user's fields on the command line: ``FIELD=VALUE``, and what is wrong with them."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from walkme_tui.cli.output.messages import print_message
from walkme_tui.domain.capabilities import Capabilities
from walkme_tui.domain.errors import ConfigurationError, MirrorUnavailable
from walkme_tui.domain.filters import nearest
from walkme_tui.domain.text import clean
from walkme_tui.domain.user_json import JSON_NAMES, TEXT_FIELDS
from walkme_tui.domain.users import ROLES
from walkme_tui.domain.validation import Severity, check
from walkme_tui.services.ports import Session

MAX_SHOWN = 60


def assigned(words: Sequence[str]) -> dict[str, str | None]:
    """The values of ``FIELD=VALUE`` words by attribute of ``User``, None for an empty one.

    Raises ``ConfigurationError`` for a word without ``=``, for an unknown field, with the nearest one, and for a field
    that is given twice.
    """
    values: dict[str, str | None] = {}
    for word in words:
        name, separator, value = word.partition("=")
        shown = clean(name, MAX_SHOWN)
        if not separator:
            raise ConfigurationError(f"{shown} is not FIELD=VALUE.", hint="For example: role=Editor, or externalId=")
        attribute = TEXT_FIELDS.get(name)
        if attribute is None:
            raise ConfigurationError(f"There is no field {shown} that can be set.", hint=_hint(name))
        if attribute in values:
            raise ConfigurationError(f"{shown} is given twice.", hint="Keep one.")
        values[attribute] = value or None
    return values


def require_sendable(values: Mapping[str, str | None], surface: Capabilities) -> None:
    """Raise ``ConfigurationError`` with all reasons why values cannot be sent; print what is unusual about the others.

    Such a value may be a mistake, but the server decides.
    """
    refused = [
        f"{JSON_NAMES[attribute]} cannot be {'cleared' if value is None else clean(value, MAX_SHOWN)}: {reason}."
        for attribute, value in values.items()
        if (reason := surface.refusal(attribute, value))
    ]
    if refused:
        raise ConfigurationError(" ".join(refused), hint="Nothing was sent.")
    findings = [
        (f"{JSON_NAMES[attribute]}: {finding.text}", finding.severity)
        for attribute, value in values.items()
        for finding in check(attribute, value or "")
    ]
    errors = [text for text, severity in findings if severity is Severity.ERROR]
    if errors:
        raise ConfigurationError(" ".join(errors), hint="Nothing was sent.")
    for text, _ in findings:
        print_message(text)


async def print_unknown_role(session: Session, role: str | None) -> None:
    """Print that no loaded user has this role, with the nearest one: it may be a mistake, but the server decides."""
    if role is None:
        return
    try:
        _, roles = await session.mirror.values()
    except MirrorUnavailable:
        return
    known = (*roles, *ROLES)
    if roles and role not in known:
        near = nearest(role, known)
        print_message(
            f"role: No loaded user has the role {clean(role, MAX_SHOWN)}.",
            f"Did you mean {clean(near[0], MAX_SHOWN)}?" if near else "",
        )


def _hint(name: str) -> str:
    if name.casefold() in {"group", "groups"}:
        return "Groups are changed with walkme-tui groups add and walkme-tui groups remove."
    folded = {known.casefold(): known for known in TEXT_FIELDS}
    near = get_close_matches(name.casefold(), folded, n=1)
    return f"Did you mean {folded[near[0]]}?" if near else f"The fields are: {', '.join(TEXT_FIELDS)}."
