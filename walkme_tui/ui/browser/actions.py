"""What each command does in the browser; those of the whole program are the app's."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import Status
from walkme_tui.ui.arrangement import Pane, Tab
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from walkme_tui.ui.browser.screen import BrowserScreen

Verb: TypeAlias = "Callable[[BrowserScreen], object]"


def run_verb(browser: "BrowserScreen", command_id: str) -> None:
    """Do what a command says; KeyError for one that the browser does not know."""
    VERBS[command_id](browser)


def _toggle_inactive(browser: "BrowserScreen") -> None:
    hidden = browser.filtering.toggle_inactive()
    browser.app.notify("Inactive users are hidden." if hidden else "Inactive users are shown.", timeout=2)


def _members_or_groups(browser: "BrowserScreen") -> None:
    if browser.area.focused is Pane.GROUPS:
        if Pane.MEMBERS in browser.area.shown:
            browser.area.focus_pane(Pane.MEMBERS)
        return
    user = browser.user
    if user is not None:
        from walkme_tui.ui.flows.membership import groups_of

        start_worker(
            browser,
            WorkerGroup.GROUPS,
            partial(groups_of, browser, Origin(browser), user),
            name="Reading the groups of this user",
        )


def _refresh_row(browser: "BrowserScreen") -> None:
    if browser.arrangement.tab is Tab.JOBS:
        browser.changing.read_jobs()
        return
    if browser.area.focused is Pane.GROUPS:
        browser.read_groups()
        return
    user = browser.user
    if user is not None:
        start_worker(browser, WorkerGroup.DETAILS, partial(browser.details.read_again, user), name="Reading this user")


def _refresh_view(browser: "BrowserScreen") -> None:
    if browser.crawling is not None:
        browser.crawling.retry_now()
    if browser.pages.failure is not None:
        browser.pages.retry_now()
    else:
        browser.pages.refresh()
        browser.app.notify("Reading the list again.", timeout=2)
    table = browser.area.table
    if table is not None:
        table.listing.refresh()
    browser.read_groups()
    browser.situation.tell()


def _toggle_raw(browser: "BrowserScreen") -> None:
    detail = browser.area.detail
    detail.set_raw(not detail.raw)
    if detail.raw and Pane.DETAIL not in browser.area.shown:
        browser.open_details()


def _open(browser: "BrowserScreen") -> None:
    if browser.filter.has_keys:
        browser.filter.keep()
    else:
        browser.area.movable.action_open()


def _next_pane(browser: "BrowserScreen", by: int) -> None:
    if browser.filter.has_keys:
        browser.filter.leave()
    else:
        browser.area.focus_next(by)


def _zoom(browser: "BrowserScreen") -> None:
    browser.lay_out(browser.arrangement.zoom(browser.area.focused))


def _mark(action: str) -> Verb:
    def mark(browser: "BrowserScreen") -> None:
        table = browser.area.table
        if browser.area.focused is Pane.GROUPS:
            _say(browser, browser.area.groups_tab.mark(action))
        elif table is not None:
            getattr(table, f"action_{action}")()

    return mark


def _say(browser: "BrowserScreen", text: str) -> None:
    if text:
        browser.app.notify(text, markup=False, timeout=6)


def _compare_groups(browser: "BrowserScreen") -> None:
    if browser.area.groups_tab.compares:
        browser.filtering.clear(Pane.GROUPS)
        browser.show_tab(Tab.GROUPS)
        browser.area.focus_pane(Pane.GROUPS)
    _say(browser, browser.area.groups_tab.compare())


def _read_details(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.flows.group_backfill import read_or_stop

    table = browser.area.table
    view = table.listing.query if table is not None else UserQuery()
    flow = partial(read_or_stop, browser, Origin(browser), browser.area.groups_tab.reading, view)
    start_worker(browser, WorkerGroup.MEMBERSHIPS, flow, name="Reading the groups of users")


def _copy_receipt_path(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.flows.jobs import copy_receipt_path

    copy_receipt_path(browser, browser.changing.job)


def _copy_request(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.flows.copy import copy_request

    record = browser.area.requests.current
    if record is not None:
        copy_request(browser, record)


def _copy_email(browser: "BrowserScreen") -> None:
    if browser.arrangement.tab is Tab.JOBS:
        _copy_receipt_path(browser)
        return
    if browser.arrangement.tab is Tab.REQUESTS:
        _copy_request(browser)
        return
    from walkme_tui.ui.flows.copy import copy_email, copy_groups

    if browser.area.focused is Pane.GROUPS:
        copy_groups(browser, browser.area.groups_tab.chosen_groups)
        return
    copy_email(browser)


def _copy_menu(browser: "BrowserScreen") -> None:
    if browser.arrangement.tab is Tab.JOBS:
        _copy_receipt_path(browser)
        return
    if browser.arrangement.tab is Tab.REQUESTS:
        _copy_request(browser)
        return
    from walkme_tui.ui.flows.copy import copy_group_menu, copy_menu

    menu = partial(copy_menu, browser, Origin(browser), browser.marked, browser.user)
    if browser.area.focused is Pane.GROUPS:
        menu = partial(copy_group_menu, browser, Origin(browser), browser.area.groups_tab.chosen_groups)
    start_worker(browser, WorkerGroup.COPY, menu, name="Copying")


def _write(browser: "BrowserScreen", flow: "Callable[[], Coroutine[object, object, None]]", name: str) -> None:
    """Start something that may change the account; one never takes the place of another."""
    start_worker(browser, WorkerGroup.WRITE, flow, name=name)


def _offboard(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.flows.offboard import offboard

    _write(browser, partial(offboard, browser, Origin(browser), browser.marked, browser.user), "Offboarding")


def _change_status(status: Status) -> Verb:
    def change(browser: "BrowserScreen") -> None:
        from walkme_tui.ui.flows.offboard import change_status

        _write(
            browser,
            partial(change_status, browser, Origin(browser), browser.user, status),
            f"Making the user {status.value}",
        )

    return change


def _undo(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.flows.plan_review import undo_job
    from walkme_tui.ui.flows.undo import undo_of_user

    job = browser.changing.job
    origin = Origin(browser)
    undoing = (
        partial(undo_job, browser, origin, job)
        if job is not None
        else partial(undo_of_user, browser, origin, browser.user)
    )
    _write(browser, undoing, "Undoing")


def _pause(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.flows.jobs import pause_or_resume

    _write(
        browser, partial(pause_or_resume, browser, Origin(browser), browser.changing.job), "Pausing or resuming the job"
    )


def _discard(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.flows.jobs import discard

    _write(browser, partial(discard, browser, Origin(browser), browser.changing.job), "Abandoning the job")


def _receipt(browser: "BrowserScreen") -> None:
    from walkme_tui.ui.flows.jobs import receipt

    _write(browser, partial(receipt, browser, Origin(browser), browser.changing.job), "Showing the receipt")


VERBS: Final[Mapping[str, Verb]] = {
    "cursor.down": lambda browser: browser.area.movable.action_cursor_down(),
    "cursor.up": lambda browser: browser.area.movable.action_cursor_up(),
    "cursor.page_down": lambda browser: browser.area.movable.action_page_down(),
    "cursor.page_up": lambda browser: browser.area.movable.action_page_up(),
    "cursor.first": lambda browser: browser.area.movable.action_first(),
    "cursor.last": lambda browser: browser.area.movable.action_last(),
    "pane.next": lambda browser: _next_pane(browser, 1),
    "pane.previous": lambda browser: _next_pane(browser, -1),
    "tab.next": lambda browser: browser.lay_out(browser.arrangement.step(1)),
    "tab.previous": lambda browser: browser.lay_out(browser.arrangement.step(-1)),
    "tab.users": lambda browser: browser.show_tab(Tab.USERS),
    "tab.groups": lambda browser: browser.show_tab(Tab.GROUPS),
    "tab.jobs": lambda browser: browser.show_tab(Tab.JOBS),
    "tab.requests": lambda browser: browser.show_tab(Tab.REQUESTS),
    "view.filter": lambda browser: browser.filter.focus(),
    "view.inactive": _toggle_inactive,
    "view.sort": lambda browser: browser.ordering.sort_next(),
    "view.reverse": lambda browser: browser.ordering.reverse(),
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
    "view.back": lambda browser: browser.back(),
    "pane.detail": lambda browser: browser.lay_out(browser.arrangement.toggle_detail(browser.size.width)),
    "pane.zoom": _zoom,
    "pane.unzoom": lambda browser: browser.lay_out(browser.arrangement.unzoom()),
    "user.raw": _toggle_raw,
    "copy.menu": _copy_menu,
    "copy.email": _copy_email,
    "user.offboard": _offboard,
    "user.deactivate": _change_status(Status.INACTIVE),
    "user.reactivate": _change_status(Status.ACTIVE),
    "job.undo": _undo,
    "job.pause": _pause,
    "crawl.pause": lambda browser: browser.crawling.toggle() if browser.crawling is not None else None,
    "news.show": lambda browser: browser.news.show() if browser.news is not None else None,
    "crawl.restart": lambda browser: browser.crawling.restart() if browser.crawling is not None else None,
    "dialog.open": lambda browser: browser.changing.open_postponed(),
    "job.discard": _discard,
    "job.receipt": _receipt,
}
