"""What each command does in the browser; the app runs those of the whole program."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.queries import UserQuery
from walkme_tui.services.sync.progress import CrawlPhase
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.browser.change_actions import CHANGE_ACTIONS, NO_PAIR, Action
from walkme_tui.ui.browser.navigation import Browser
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from walkme_tui.ui.browser.reconcile_tab import ReconcileTab
    from walkme_tui.ui.browser.sorting import TableSorting


def _toggle_inactive(browser: Browser) -> None:
    hidden = browser.filtering.toggle_inactive()
    browser.app.notify("Inactive users are hidden." if hidden else "Inactive users are shown.", timeout=2)


def _members_or_groups(browser: Browser) -> None:
    if browser.area.focused is Pane.GROUPS:
        if Pane.MEMBERS in browser.area.shown:
            browser.area.focus_pane(Pane.MEMBERS)
        return
    user = browser.user
    if user is not None:
        from walkme_tui.ui.flows.membership import groups_of

        start_worker(
            browser.screen,
            WorkerGroup.GROUPS,
            partial(groups_of, browser, Origin(browser), user),
            name="Reading the groups of this user",
        )


def _refresh_row(browser: Browser) -> None:
    if browser.area.arrangement.tab is Tab.JOBS:
        browser.change_commands.read_jobs()
        return
    if browser.area.focused is Pane.GROUPS:
        browser.group_loading.read()
        return
    pair = browser.area.reconcile_tab.current if _on_reconcile(browser) else None
    if pair is not None:
        reading = partial(browser.area.reconcile_tab.read_pair, pair)
        start_worker(browser.screen, WorkerGroup.COMPARISON, reading, name="Reading both records")
        return
    user = browser.user
    if user is not None:
        start_worker(
            browser.screen, WorkerGroup.DETAILS, partial(browser.details.read_again, user), name="Reading this user"
        )


def _refresh_view(browser: Browser) -> None:
    if browser.chrome.crawl is not None:
        browser.chrome.crawl.retry_now()
    if browser.pages.failure is not None:
        browser.pages.retry_now()
    else:
        browser.pages.refresh()
        browser.app.notify("Reading the list again.", timeout=2)
    table = browser.area.table
    if table is not None:
        table.listing.refresh()
    if _on_reconcile(browser):
        browser.area.reconcile_tab.read_again()
        if browser.chrome.crawl is not None:
            browser.chrome.crawl.restart()
    browser.group_loading.read()
    browser.update_status()


def _toggle_raw(browser: Browser) -> None:
    detail = browser.area.detail
    detail.set_raw(not detail.raw)
    if detail.raw and Pane.DETAIL not in browser.area.shown:
        browser.navigation.open_details()


def _open(browser: Browser) -> None:
    if browser.filter.has_focus:
        browser.filter.keep()
    else:
        browser.area.movable.action_open()


def _next_pane(browser: Browser, by: int) -> None:
    if browser.filter.has_focus:
        browser.filter.leave()
    else:
        browser.area.focus_next(by)


def _on_reconcile(browser: Browser) -> bool:
    return browser.area.arrangement.tab is Tab.RECONCILE


def _sorted(browser: Browser) -> "TableSorting | ReconcileTab":
    """What the keys that sort are for."""
    return browser.area.reconcile_tab if _on_reconcile(browser) else browser.ordering


def _pause_crawl(browser: Browser) -> None:
    if browser.chrome.crawl is not None:
        browser.chrome.crawl.toggle()
        if browser.area.has_reconcile_tab:
            browser.area.reconcile_tab.pause(browser.chrome.crawl.progress.phase is CrawlPhase.PAUSED)


def _export_pairs(browser: Browser) -> None:
    from walkme_tui.ui.flows.pair_export import PairExport

    tab = browser.area.reconcile_tab
    if tab.sides is None or tab.comparison is None:
        browser.app.notify(NO_PAIR, markup=False)
        return
    pairs = tab.pairs.pairs.marked or tab.pairs.pairs.rows
    origin = Origin(browser, of_user=False)
    export = PairExport(browser, origin, tab.sides, tab.comparison, pairs, tab.listed_text)
    if export.open():  # before the next key is handled, which is for the dialog
        start_worker(browser.screen, WorkerGroup.EXPORT, export.run, name="Exporting differences")


def _toggle_detail(browser: Browser) -> None:
    if _on_reconcile(browser):
        browser.area.reconcile_tab.toggle_detail()
        return
    browser.navigation.lay_out(browser.area.arrangement.toggle_detail(browser.screen.size.width))


def _zoom(browser: Browser) -> None:
    browser.navigation.lay_out(browser.area.arrangement.zoom(browser.area.focused))


def _mark(action: str) -> Action:
    def mark(browser: Browser) -> None:
        table = browser.area.table
        if browser.area.focused is Pane.GROUPS:
            _notify(browser, browser.area.groups_tab.mark(action))
        elif browser.area.arrangement.tab is Tab.RECONCILE:
            getattr(browser.area.reconcile_tab.pairs.pairs, action)()
            browser.chrome.cursor_moved()
        elif table is not None:
            getattr(table, f"action_{action}")()

    return mark


def _notify(browser: Browser, text: str) -> None:
    if text:
        browser.app.notify(text, markup=False, timeout=6)


def _compare_groups(browser: Browser) -> None:
    if browser.area.groups_tab.compares:
        browser.filtering.clear(Pane.GROUPS)
        browser.navigation.show_tab(Tab.GROUPS)
        browser.area.focus_pane(Pane.GROUPS)
    _notify(browser, browser.area.groups_tab.compare())


def _read_details(browser: Browser) -> None:
    from walkme_tui.ui.flows.group_backfill import start_or_stop

    table = browser.area.table
    view = table.listing.query if table is not None else UserQuery()
    flow = partial(start_or_stop, browser, Origin(browser), browser.area.groups_tab.reading, view)
    start_worker(browser.screen, WorkerGroup.MEMBERSHIPS, flow, name="Reading the groups of users")


def _copy_receipt_path(browser: Browser) -> None:
    from walkme_tui.ui.flows.jobs import copy_receipt_path

    copying = partial(copy_receipt_path, browser, browser.change_commands.job)
    start_worker(browser.screen, WorkerGroup.COPY, copying, name="Copying the paths")


def _copy_request(browser: Browser) -> None:
    from walkme_tui.ui.flows.copy import copy_request

    record = browser.area.requests.current
    if record is not None:
        copy_request(browser, record)


def _copies_no_user(browser: Browser) -> bool:
    """Copy what is under the cursor of a tab without users; False on the other tabs."""
    tab = browser.area.arrangement.tab
    if tab is Tab.JOBS:
        _copy_receipt_path(browser)
    elif tab is Tab.REQUESTS:
        _copy_request(browser)
    return tab in {Tab.JOBS, Tab.REQUESTS}


def _copy_email(browser: Browser) -> None:
    if _copies_no_user(browser):
        return
    from walkme_tui.ui.flows.copy import copy_email, copy_groups

    if browser.area.focused is Pane.GROUPS:
        copy_groups(browser, browser.area.groups_tab.chosen_groups)
        return
    copy_email(browser)


def _copy_menu(browser: Browser) -> None:
    if _copies_no_user(browser):
        return
    from walkme_tui.ui.flows.copy import copy_group_menu, copy_menu

    menu = partial(copy_menu, browser, Origin(browser), browser.marked, browser.user)
    if browser.area.focused is Pane.GROUPS:
        menu = partial(copy_group_menu, browser, Origin(browser), browser.area.groups_tab.chosen_groups)
    start_worker(browser.screen, WorkerGroup.COPY, menu, name="Copying")


def _export(browser: Browser) -> None:
    from walkme_tui.ui.flows.export import UserExport

    # On the list of groups, the key is for the members of the group under the cursor.
    marked = [] if browser.area.focused is Pane.GROUPS else browser.marked
    export = UserExport(browser, Origin(browser, of_user=False), marked or None)
    if export.open():  # before the next key is handled, which is for the dialog
        start_worker(browser.screen, WorkerGroup.EXPORT, export.run, name="Exporting users")


ACTIONS: Final[Mapping[str, Action]] = {
    "cursor.down": lambda browser: browser.area.movable.action_cursor_down(),
    "cursor.up": lambda browser: browser.area.movable.action_cursor_up(),
    "cursor.page_down": lambda browser: browser.area.movable.action_page_down(),
    "cursor.page_up": lambda browser: browser.area.movable.action_page_up(),
    "cursor.first": lambda browser: browser.area.movable.action_first(),
    "cursor.last": lambda browser: browser.area.movable.action_last(),
    "pane.next": lambda browser: _next_pane(browser, 1),
    "pane.previous": lambda browser: _next_pane(browser, -1),
    "tab.next": lambda browser: browser.navigation.lay_out(browser.area.arrangement.step(1, browser.area.tabs)),
    "tab.previous": lambda browser: browser.navigation.lay_out(browser.area.arrangement.step(-1, browser.area.tabs)),
    "tab.users": lambda browser: browser.navigation.show_tab(Tab.USERS),
    "tab.groups": lambda browser: browser.navigation.show_tab(Tab.GROUPS),
    "tab.reconcile": lambda browser: browser.navigation.show_tab(Tab.RECONCILE),
    "tab.jobs": lambda browser: browser.navigation.show_tab(Tab.JOBS),
    "tab.requests": lambda browser: browser.navigation.show_tab(Tab.REQUESTS),
    "view.filter": lambda browser: browser.filter.focus(),
    "view.inactive": _toggle_inactive,
    "view.sort": lambda browser: _sorted(browser).sort_next(),
    "view.reverse": lambda browser: _sorted(browser).reverse(),
    "view.wide": lambda browser: browser.ordering.toggle_wide(),
    "view.save": lambda browser: browser.ordering.save(),
    "view.forget": lambda browser: browser.ordering.forget(),
    "columns.right": lambda browser: browser.ordering.turn_columns(1),
    "columns.left": lambda browser: browser.ordering.turn_columns(-1),
    "user.groups": _members_or_groups,
    "groups.compare": _compare_groups,
    "groups.read_details": _read_details,
    "row.refresh": _refresh_row,
    "view.refresh": _refresh_view,
    "mark.toggle": _mark("toggle_mark"),
    "mark.range": _mark("mark_range"),
    "mark.all": _mark("mark_all"),
    "mark.clear": _mark("clear_marks"),
    "row.open": _open,
    "view.back": lambda browser: browser.navigation.back(),
    "pane.detail": _toggle_detail,
    "pane.zoom": _zoom,
    "pane.unzoom": lambda browser: browser.navigation.lay_out(browser.area.arrangement.unzoom()),
    "user.raw": _toggle_raw,
    "copy.menu": _copy_menu,
    "copy.email": _copy_email,
    "pairs.export": _export_pairs,
    "users.export": _export,
    "crawl.pause": _pause_crawl,
    "news.show": lambda browser: browser.chrome.news.show() if browser.chrome.news is not None else None,
    "crawl.restart": lambda browser: browser.chrome.crawl.restart() if browser.chrome.crawl is not None else None,
    "dialog.open": lambda browser: browser.change_commands.open_postponed(),
    **CHANGE_ACTIONS,
}
