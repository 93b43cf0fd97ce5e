"""Consequences of creating, renaming and deleting a group: rules over known data, without I/O."""

from collections.abc import Sequence
from typing import Final

from walkme_tui.domain.consequences import note, warning
from walkme_tui.domain.groups import Group, member_count
from walkme_tui.domain.plans import Consequence, GroupSubject
from walkme_tui.domain.text import clean, search_key
from walkme_tui.domain.validation import check

MAX_SHOWN: Final = 80
MAX_SIMILAR: Final = 3
CONTENT: Final = "Groups decide which WalkMe content people see."
PUSHED: Final = "An identity provider that manages this group may push its own name back."
RECREATED: Final = "An identity provider that manages this group may create it again."
PERMANENT: Final = "A deleted group cannot be restored: a group made again has another id and no members."
STAY: Final = "The people stay, and only lose this group."
ALREADY: Final = "The group has this name already, so there is nothing to do."


def created(name: str, others: Sequence[Group]) -> tuple[Consequence, ...]:
    """The consequences of creating a group."""
    return (*_about_name(name, others), note(f"The group has no members at first. {CONTENT}"))


def renamed(name: str, others: Sequence[Group]) -> tuple[Consequence, ...]:
    """The consequences of giving a group this name."""
    return (*_about_name(name, others), note("Its members stay."), note(PUSHED))


def already_named() -> tuple[Consequence, ...]:
    """That there is nothing to rename."""
    return (note(ALREADY),)


def deleted(subject: GroupSubject) -> tuple[Consequence, ...]:
    """The consequences of deleting a group."""
    found = [warning(PERMANENT)]
    if subject.members == 0:
        found.append(note("It has no members."))
    else:
        found.append(warning(f"It has {member_count(subject.members)}. {STAY} {CONTENT}"))
    return (*found, note(RECREATED))


def _about_name(name: str, others: Sequence[Group]) -> list[Consequence]:
    """What is unusual about a new name, and the groups whose names nearly are the same."""
    found = [warning(finding.text) for finding in check("group name", name)]
    similar = [group for group in others if group.name and search_key(group.name) == search_key(name)]
    found += [
        warning(
            f"There is a group with nearly the same name: {clean(group.label, MAX_SHOWN)} "
            f"(id {clean(group.id, MAX_SHOWN)})."
        )
        for group in similar[:MAX_SIMILAR]
    ]
    return found
