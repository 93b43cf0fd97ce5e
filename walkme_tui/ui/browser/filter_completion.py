"""Completes the words of a filter and finds what is wrong with them, by the values that the loaded users have."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from walkme_tui.domain.errors import MirrorUnavailable
from walkme_tui.domain.filter_completion import (
    Completion,
    KnownValues,
    Offer,
    applied,
    complete,
    group_offer,
    nearest_offer,
    unmatched_values,
)
from walkme_tui.domain.filters import FilterProblem, parse_filter
from walkme_tui.domain.users import Status
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from textual.dom import DOMNode

    from walkme_tui.domain.capabilities import Capabilities
    from walkme_tui.services.ports.mirror import Mirror

MOST_VALUES = 200
"""With more roles the mirror does not return all of them, so that an unknown one is no error."""


class FilterCompleter:
    """Holds the values that filters are completed with, and the nearest names of a filter that matches no user.

    ``group_names`` returns the known names of groups by id. ``values_read`` is called after the values were read,
    ``nearest_found`` after ``offer`` got another answer. Workers run on ``node``.
    """

    def __init__(
        self,
        node: "DOMNode",
        mirror: "Mirror",
        surface: "Capabilities",
        group_names: Callable[[], Mapping[str, str]],
        values_read: Callable[[], None],
        nearest_found: Callable[[], None],
    ) -> None:
        self._node, self._mirror, self._surface, self._group_names = node, mirror, surface, group_names
        self._values_read, self._nearest_found = values_read, nearest_found
        self._values = KnownValues(no_roles=surface.roles)
        self._looked_for = ""
        self._looked_at = 0
        self._nearest: Mapping[str, str] = {}

    def refresh(self) -> None:
        """Read the values again."""
        start_worker(
            self._node, WorkerGroup.VALUES, self._read, exclusive=True, name="Reading the values for completion"
        )

    async def _read(self) -> None:
        try:
            statuses, roles = await self._mirror.values()
        except MirrorUnavailable:
            return
        names = self._group_names()
        if len(roles) > MOST_VALUES:
            roles = ()
        possible = {each.value: None for each in Status if not self._surface.refusal("status", each)}
        known = possible | dict.fromkeys(statuses)
        groups = tuple(names.values()) if names else None
        self._values = KnownValues(tuple(known), roles or None, groups, self._surface.roles)
        self._values_read()

    def completion(self, text: str, caret: int) -> Completion | None:
        """The completion of the term before the caret, None where there is none."""
        found = complete(text, caret, self._values) if caret == len(text) else None
        return found if found is not None and found.ghost else None

    def completed(self, text: str, caret: int) -> tuple[str, int] | None:
        """Text and caret with the completion taken over; None where there is none."""
        found = self.completion(text, caret)
        return None if found is None else applied(text, found, found.choices[0])

    def offer(self, text: str, *, empty: bool) -> Offer | None:
        """Another filter that may have been meant, None where there is none; ``empty``: no user matches this one."""
        near = nearest_offer(text, self._nearest) if empty and text == self._looked_for else None
        return near or group_offer(text, self._values.groups)

    def look_for_nearest(self, text: str, loaded: int) -> None:
        """Look for names near to the words of this filter, which matches none of the users that are ``loaded``.

        Where none was found, the search is repeated when twice as many users are loaded.
        """
        words = parse_filter(text).words
        again = text != self._looked_for or (not self._nearest and loaded >= 2 * self._looked_at)
        if words and again:
            self._looked_for, self._looked_at, self._nearest = text, max(1, loaded), {}
            work = partial(self._look, text, words)
            start_worker(self._node, WorkerGroup.NEAREST, work, exclusive=True, name="Looking for similar names")

    async def _look(self, text: str, words: Sequence[str]) -> None:
        try:
            found = await self._mirror.nearest(words)
        except MirrorUnavailable:
            return
        if text == self._looked_for and found:
            self._nearest = found
            self._nearest_found()

    def problems(self, text: str, caret: int | None) -> tuple[FilterProblem, ...]:
        """What is wrong with a filter, except for the word that is being typed at the ``caret``."""
        typed = parse_filter(text)
        wrong = (*typed.problems, *unmatched_values(typed, text, self._values))
        return tuple(sorted(each for each in wrong if each.end != caret))
