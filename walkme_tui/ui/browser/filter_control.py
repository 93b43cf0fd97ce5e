"""The filter box: filters by what is typed, completes it, looks up addresses, and opens the only match on Enter."""

from typing import TYPE_CHECKING, Final

from textual import events

from walkme_tui.services.reading.listing import Phase
from walkme_tui.ui.arrangement import Pane

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.widget import Widget

    from walkme_tui.domain.filter_completion import Offer
    from walkme_tui.ui.browser.email_lookup import FilterLookUp, FilterLookUps
    from walkme_tui.ui.browser.filter_completion import FilterCompleter
    from walkme_tui.ui.browser.filters import TableFilters
    from walkme_tui.ui.browser.panes import PaneArea
    from walkme_tui.ui.flows.context import FlowContext
    from walkme_tui.ui.widgets.tab_bar import TabBar

ECHO_SECONDS: Final = 0.012
"""A typed letter is painted at most so much later, together with the users that it finds."""

TAKES_COMPLETION: Final = frozenset({"tab", "right"})


class FilterControl:
    """Handles the keys of the box in the tab bar."""

    def __init__(
        self,
        view: "FlowContext",
        area: "PaneArea",
        filtering: "TableFilters",
        tab_bar: "TabBar",
    ) -> None:
        self._view, self._area, self._filtering, self._tab_bar = view, area, filtering, tab_bar
        self._box = tab_bar.box
        self._box.on_edit = self._typed
        self._look_ups: FilterLookUps | None = None
        self._opens_the_only_one = False
        self._completing: FilterCompleter | None = None
        self.problem = ""
        """What is wrong with the filter, in a sentence; empty if nothing is."""

    @property
    def has_focus(self) -> bool:
        """True while the box has the focus."""
        return self._view.screen.focused is self._box

    @property
    def look_up(self) -> "FilterLookUp | None":
        """The look-up of the typed address or id, None if there is none."""
        return self._look_ups.current if self._look_ups is not None else None

    def types(self, event: events.Key) -> bool:
        """True if a key types into the box."""
        return self.has_focus and self._box.handles(event)

    def process_key(self, event: events.Key) -> bool:
        """Handle a key if the box has the focus; False if it was not handled."""
        return self.has_focus and (self._take_completion(event.key) or self._box.process_key(event))

    def _take_completion(self, key: str) -> bool:
        if key not in TAKES_COMPLETION or self._completing is None or not self._filters_users:
            return False
        completed = self._completing.completed(self._box.text, self._box.caret)
        offer = self.offer if completed is None and key == "tab" and self._box.caret == len(self._box.text) else None
        if offer is not None:
            completed = offer.text, len(offer.text)
        if completed is not None:
            self._box.edit(*completed)
        return completed is not None

    @property
    def offer(self) -> "Offer | None":
        """Another filter that may have been meant: by a group, or with the nearest name."""
        if self._completing is None or not self._filters_users or self.problem:
            return None
        return self._completing.offer(self._filtering.text, empty=self._is_empty)

    @property
    def offer_message(self) -> str:
        """The offer in a sentence; empty where there is none."""
        offer = self.offer
        if offer is None or not (self.has_focus or self._is_empty):
            return ""
        return f"{offer.reason} Tab takes it." if self.has_focus else f"{offer.reason} / and Tab take it."

    def look_for_nearest(self) -> None:
        """Look for similar names where no user matches the filter."""
        text, coverage = self._filtering.query().text, self._view.pages.coverage
        if text and coverage is not None and self._is_empty:
            self._completions.look_for_nearest(text, coverage.loaded)

    @property
    def _is_empty(self) -> bool:
        """The list of users shows the current filter, and is empty."""
        listing = self._area.users.listing
        return listing.phase is Phase.EMPTY and listing.query == self._filtering.query()

    def focus(self) -> None:
        """Give the box the focus."""
        if self._filtering.target is not None:
            self._completions.refresh()
            self._view.screen.set_focus(self._box)
            self.show()

    def leave(self) -> None:
        """Move the focus to the list; the text stays."""
        self._area.focus_pane(self._area.focused)

    def keep(self) -> None:
        """Move the focus to the filtered list; where one user matches, open it."""
        target = self._filtering.target
        if self._area.focused is Pane.CLASSES and target is not None and target in self._area.shown:
            self._area.focus_pane(target)
        else:
            self.leave()
        self._opens_the_only_one = bool(self._filtering.text) and self._filtering.target is Pane.USERS
        self.open_the_only_one()

    def clear(self) -> None:
        """Remove the filter."""
        self._filtering.put("")
        self.look_up_text()
        self._filtered()

    def show(self) -> None:
        """Show the filter of the focused list, its errors and its completion."""
        self._filtering.show_in(self._tab_bar)
        self._tab_bar.share_room()
        self._annotate(self._filtering.text if self._filters_users else "")

    def _annotate(self, text: str) -> None:
        if not text:
            self.problem = ""
            self._box.annotate("", ())
            return
        caret = self._box.caret if self.has_focus else None
        problems = self._completions.problems(text, caret)
        completion = self._completions.completion(text, caret) if caret is not None else None
        self.problem = problems[0].reason if problems else ""
        self._box.annotate(completion.ghost if completion else "", [(each.start, each.end) for each in problems])

    @property
    def _filters_users(self) -> bool:
        """The text is a filter of users, not a part of a group's name."""
        return self._filtering.target in {Pane.USERS, Pane.MEMBERS, Pane.PAIRS}

    @property
    def _completions(self) -> "FilterCompleter":
        if self._completing is None:
            from walkme_tui.ui.browser.filter_completion import FilterCompleter

            self._completing = FilterCompleter(
                self._view.screen,
                self._view.session.mirror,
                self._view.session.capabilities,
                lambda: self._view.group_names,
                values_read=self.show,
                nearest_found=self._view.update_status,
            )
        return self._completing

    def open_the_only_one(self) -> None:
        """Open the only user that matches, after ``keep`` and once the list shows the current filter."""
        users = self._area.users
        if not self._opens_the_only_one or users.listing.query != self._filtering.query():
            return
        if users.listing.total is None or users.listing.total.count != 1:
            self._opens_the_only_one = False
        elif users.cursor_user is not None:
            self._opens_the_only_one = False
            self._view.navigation.open_details()

    def look_up_text(self) -> None:
        """Look up on the server a whole address or id that was typed."""
        text = self._filtering.text if self._filtering.target in {Pane.USERS, Pane.MEMBERS} else ""
        if self._look_ups is None:
            if not text:
                return
            from walkme_tui.ui.browser.email_lookup import FilterLookUps

            self._look_ups = FilterLookUps(self._view.screen, self._view.directory, self._view.update_status)
        self._look_ups.consider(text)

    def _typed(self, text: str) -> None:
        self._opens_the_only_one = False
        table = self._area.table
        if table is not None and self._filters_users:
            # One frame for both: painting the box first takes longer than the search.
            self._box.defer_repaint(ECHO_SECONDS)
            table.same_frame_widgets = self._repaint_box
        self._filtering.put(text)
        # Now, not after the next frame: another tab may have the focus by then.
        self.look_up_text()
        # The search runs meanwhile: its rows are more urgent than the annotations.
        self._view.screen.call_after_refresh(self._filtered)

    def _repaint_box(self) -> "Sequence[Widget]":
        self._box.repaint_now()
        return (self._box,)

    def _filtered(self) -> None:
        self.show()
        if not self._filters_users or self._area.table is None:
            self._view.update_status()
        # Otherwise the table reports its new view: until then only the box has changed.
