"""What the filter box knows while somebody types: how the word goes on, and which words are wrong."""

from collections.abc import Mapping, Sequence
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
    from walkme_tui.ui.browser.screen import BrowserScreen

NONE_KNOWN = KnownValues()
MOST_VALUES = 200
"""Of more roles the mirror does not tell all: nobody can say then that one does not exist."""


class FilterCompleter:
    """Completes words of the filter and finds what is wrong with them, by the values that the loaded users have."""

    def __init__(self, browser: "BrowserScreen") -> None:
        self._browser = browser
        self._values = NONE_KNOWN
        self._looked_for = ""
        self._looked_at = 0
        self._nearest: Mapping[str, str] = {}

    def refresh(self) -> None:
        """Read the values anew: somebody is about to type."""
        start_worker(
            self._browser, WorkerGroup.VALUES, self._read, exclusive=True, name="Reading the values for completion"
        )

    async def _read(self) -> None:
        browser = self._browser
        try:
            statuses, roles = await browser.session.mirror.values()
        except MirrorUnavailable:
            return
        names = browser.group_names
        if len(roles) > MOST_VALUES:
            roles = ()
        known = {each.value: None for each in Status} | dict.fromkeys(statuses)
        self._values = KnownValues(tuple(known), roles or None, tuple(names.values()) if names else None)
        browser.filter.show()

    def completion(self, text: str, caret: int) -> Completion | None:
        """How the term before the caret goes on; None where nobody can tell."""
        found = complete(text, caret, self._values) if caret == len(text) else None
        return found if found is not None and found.ghost else None

    def completed(self, text: str, caret: int) -> tuple[str, int] | None:
        """Text and caret with the completion taken over; None where there is none."""
        found = self.completion(text, caret)
        return None if found is None else applied(text, found, found.choices[0])

    def offer(self, text: str, *, empty: bool) -> Offer | None:
        """Another filter that may have been meant, None where there is none; ``empty`` tells that nobody fits."""
        near = nearest_offer(text, self._nearest) if empty and text == self._looked_for else None
        return near or group_offer(text, self._values.groups)

    def look_for_nearest(self, text: str, loaded: int) -> None:
        """Look for names that are near to words of this filter, which keeps none of the users that are ``loaded``.

        Where nothing was near, it is looked for again when twice as many are loaded.
        """
        words = parse_filter(text).words
        again = text != self._looked_for or (not self._nearest and loaded >= 2 * self._looked_at)
        if words and again:
            self._looked_for, self._looked_at, self._nearest = text, max(1, loaded), {}
            work = partial(self._look, text, words)
            start_worker(self._browser, WorkerGroup.NEAREST, work, exclusive=True, name="Looking for similar names")

    async def _look(self, text: str, words: Sequence[str]) -> None:
        try:
            found = await self._browser.session.mirror.nearest(words)
        except MirrorUnavailable:
            return
        if text == self._looked_for and found:
            self._nearest = found
            self._browser.refresh_situation()

    def problems(self, text: str, caret: int | None) -> tuple[FilterProblem, ...]:
        """What is wrong with a filter; a word that is still being typed, at the ``caret``, is given the time."""
        typed = parse_filter(text)
        wrong = (*typed.problems, *unmatched_values(typed, text, self._values))
        return tuple(sorted(each for each in wrong if each.end != caret))
