"""Groups of an account: they decide which WalkMe content a person sees."""

from typing import NamedTuple


class Group(NamedTuple):
    """One group; ``name`` is None where only its id is known, from a user who is in it."""

    id: str
    name: str | None

    @property
    def label(self) -> str:
        """What to call it: the name, else the id. Not cleaned for display."""
        return self.name or self.id


class GroupSize(NamedTuple):
    """A group and how many members the mirror knows of; the number is a lower bound until coverage is complete."""

    group: Group
    known_members: int
