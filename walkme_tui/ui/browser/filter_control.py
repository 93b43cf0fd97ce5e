"""The filter box at work: where its keys go, what typing starts, and what Enter opens."""

from typing import TYPE_CHECKING, Final

from textual import events

from walkme_tui.services.reading.listing import Phase
from walkme_tui.ui.arrangement import Pane

ECHO_SECONDS: Final = 0.012
"""So long a letter waits for those whom it finds, to be painted with them."""

TAKES_COMPLETION: Final = frozenset({"tab", "right"})

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.widget import Widget

    from walkme_tui.domain.filter_completion import Offer
    from walkme_tui.ui.browser.email_lookup import FilterLookUp, FilterLookUps
    from walkme_tui.ui.browser.filter_completion import FilterCompleter
    from walkme_tui.ui.browser.screen import BrowserScreen


class FilterControl:
    """Types into the box of the tab line, filters by it, and asks the server where a whole address was typed."""

    def __init__(self, browser: "BrowserScreen") -> None:
        self._browser = browser
        self._box = browser.tab_line.box
        self._box.typed = self._typed
        self._look_ups: FilterLookUps | None = None
        self._opens_the_only_one = False
        self._completing: FilterCompleter | None = None
        self.problem = ""
        """What is wrong with the filter, in a sentence; empty if nothing is."""

    @property
    def has_keys(self) -> bool:
        """True while the box has the keys."""
        return self._browser.focused is self._box

    @property
    def look_up(self) -> "FilterLookUp | None":
        """What the server was asked because it was typed, and how that went."""
        return self._look_ups.current if self._look_ups is not None else None

    def take_key(self, event: events.Key) -> bool:
        """Type by this key, if the box has the keys."""
        return self.has_keys and (self._take_completion(event.key) or self._box.take(event))

    def _take_completion(self, key: str) -> bool:
        if key not in TAKES_COMPLETION or self._completing is None or not self._speaks_filter:
            return False
        completed = self._completing.completed(self._box.text, self._box.caret)
        offer = self.offer if completed is None and key == "tab" and self._box.caret == len(self._box.text) else None
        if offer is not None:
            completed = offer.text, len(offer.text)
        if completed is not None:
            self._box.become(*completed)
        return completed is not None

    @property
    def offer(self) -> "Offer | None":
        """Another filter that may have been meant: by a group, or with the nearest name; Tab in the box takes it."""
        if self._completing is None or not self._speaks_filter or self.problem:
            return None
        return self._completing.offer(self._browser.filtering.text, empty=self._is_empty)

    @property
    def offer_saying(self) -> str:
        """The offer in a sentence; empty where there is none."""
        offer = self.offer
        if offer is None or not (self.has_keys or self._is_empty):
            return ""
        return f"{offer.reason} Tab takes it." if self.has_keys else f"{offer.reason} / and Tab take it."

    def look_for_nearest(self) -> None:
        """Look for the names that may have been meant, where nobody fits the filter."""
        text, coverage = self._browser.filtering.query().text, self._browser.pages.coverage
        if text and coverage is not None and self._is_empty:
            self._completions.look_for_nearest(text, coverage.loaded)

    @property
    def _is_empty(self) -> bool:
        """The list of users is the one that was typed for, and it is empty."""
        listing = self._browser.area.users.listing
        return listing.phase is Phase.EMPTY and listing.query == self._browser.filtering.query()

    def focus(self) -> None:
        """Give the box the keys."""
        if self._browser.filtering.target is not None:
            self._completions.refresh()
            self._browser.set_focus(self._box)
            self.show()

    def leave(self) -> None:
        """From the box to the list; the text stays."""
        self._browser.area.focus_pane(self._browser.area.focused)

    def keep(self) -> None:
        """From the box to the list, or into the only user that is left."""
        self.leave()
        filtering = self._browser.filtering
        self._opens_the_only_one = bool(filtering.text) and filtering.target is Pane.USERS
        self.open_the_only_one()

    def clear(self) -> None:
        """Filter by nothing."""
        self._browser.filtering.put("")
        self.consider_a_look_up()
        self._filtered()

    def show(self) -> None:
        """Show the text of the list that has the keys now, what is wrong with it and how it could go on."""
        self._browser.filtering.show_in(self._browser.tab_line)
        self._browser.tab_line.share_room()
        self._annotate(self._browser.filtering.text if self._speaks_filter else "")

    def _annotate(self, text: str) -> None:
        if not text:
            self.problem = ""
            self._box.annotate("", ())
            return
        caret = self._box.caret if self.has_keys else None
        problems = self._completions.problems(text, caret)
        completion = self._completions.completion(text, caret) if caret is not None else None
        self.problem = problems[0].reason if problems else ""
        self._box.annotate(completion.ghost if completion else "", [(each.start, each.end) for each in problems])

    @property
    def _speaks_filter(self) -> bool:
        """What is typed is a filter of users, not a part of a group's name."""
        return self._browser.filtering.target in {Pane.USERS, Pane.MEMBERS}

    @property
    def _completions(self) -> "FilterCompleter":
        if self._completing is None:
            from walkme_tui.ui.browser.filter_completion import FilterCompleter

            self._completing = FilterCompleter(self._browser)
        return self._completing

    def open_the_only_one(self) -> None:
        """Open the user that Enter meant, once the list is the one that was typed for."""
        browser, users = self._browser, self._browser.area.users
        if not self._opens_the_only_one or users.listing.query != browser.filtering.query():
            return
        if users.listing.total is None or users.listing.total.count != 1:
            self._opens_the_only_one = False
        elif users.cursor_user is not None:
            self._opens_the_only_one = False
            browser.open_details()

    def consider_a_look_up(self) -> None:
        """Ask the server where a whole address or id was typed."""
        filtering = self._browser.filtering
        text = filtering.text if filtering.target is not Pane.GROUPS else ""
        if self._look_ups is None:
            if not text:
                return
            from walkme_tui.ui.browser.email_lookup import FilterLookUps

            self._look_ups = FilterLookUps(self._browser)
        self._look_ups.consider(text)

    def _typed(self, text: str) -> None:
        self._opens_the_only_one = False
        table = self._browser.area.table
        if table is not None and self._speaks_filter:
            # One frame for both: to paint the box first takes longer than to find somebody.
            self._box.defer_repaint(ECHO_SECONDS)
            table.same_frame_widgets = self._let_box_go
        self._browser.filtering.put(text)
        # Here, not with the next picture: another tab may have the keys by then.
        self.consider_a_look_up()
        # The search is under way meanwhile: what is found is waited for, not what is said about it.
        self._browser.call_after_refresh(self._filtered)

    def _let_box_go(self) -> "Sequence[Widget]":
        self._box.repaint_now()
        return (self._box,)

    def _filtered(self) -> None:
        self.show()
        if not self._speaks_filter:
            self._browser.situation.tell()
        # Else it is told when the table shows whom the filter keeps: until then nothing but the box has changed.
