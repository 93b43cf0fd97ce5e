"""What the commands do that may change the account."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from walkme_tui.domain.users import Status
from walkme_tui.ui.arrangement import Tab
from walkme_tui.ui.browser.navigation import Browser
from walkme_tui.ui.flows.origin import Origin
from walkme_tui.ui.words import NO_GROUP, NO_USER
from walkme_tui.ui.workers import WorkerGroup, start_worker

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from walkme_tui.domain.groups import Group
    from walkme_tui.ui.user_draft import UserDraft


NO_PAIR: Final = "There is no difference under the cursor."

Action: TypeAlias = Callable[[Browser], object]


def _write(browser: Browser, flow: "Callable[[], Coroutine[object, object, None]]", name: str) -> None:
    """Start something that may change the account; one never takes the place of another."""
    start_worker(browser.screen, WorkerGroup.WRITE, flow, name=name)


def _offboard(browser: Browser) -> None:
    from walkme_tui.ui.flows.offboard import offboard

    _write(browser, partial(offboard, browser, Origin(browser), browser.marked, browser.user), "Offboarding")


def _bulk(browser: Browser) -> None:
    from walkme_tui.ui.flows.bulk import BulkActions

    actions = BulkActions(browser, Origin(browser), browser.marked, browser.user)
    if actions.open():  # before the next key is handled, which is for the dialog
        _write(browser, actions.run, "Changing the marked users")


def _edit(browser: Browser) -> None:
    from walkme_tui.ui.user_draft import UserDraft

    user = browser.user
    if user is None:
        browser.app.notify(NO_USER, markup=False)
    else:
        _open_form(browser, UserDraft.of(user.user), "Editing the user")


def _create(browser: Browser) -> None:
    from walkme_tui.ui.user_draft import UserDraft

    _open_form(browser, UserDraft(), "Creating a user")


def _open_form(browser: Browser, draft: "UserDraft", name: str) -> None:
    from walkme_tui.ui.flows.user_editor import UserEditor

    editor = UserEditor(browser, Origin(browser), draft)
    editor.open()  # before the next key is handled, which is for the form
    _write(browser, editor.run, name)


def _import(browser: Browser) -> None:
    from walkme_tui.ui.flows.user_import import UserImport

    users = UserImport(browser, Origin(browser, of_user=False), browser.state_file)
    users.open()  # before the next key is handled, which is for the dialog
    _write(browser, users.run, "Importing users")


def _change_status(status: Status) -> Action:
    def change(browser: Browser) -> None:
        from walkme_tui.ui.flows.offboard import change_status

        _write(
            browser,
            partial(change_status, browser, Origin(browser), browser.user, status),
            f"Making the user {status.value}",
        )

    return change


def _edit_groups(browser: Browser) -> None:
    from walkme_tui.ui.flows.group_editor import edit_groups

    _write(browser, partial(edit_groups, browser, Origin(browser), browser.marked, browser.user), "Changing groups")


def _delete(browser: Browser) -> None:
    from walkme_tui.ui.flows.delete import delete

    _write(browser, partial(delete, browser, Origin(browser), browser.user), "Deleting the user")


def _group(browser: Browser) -> "Group | None":
    """The group under the cursor of the Groups tab; None on another tab."""
    return browser.area.groups_tab.current_group if browser.area.arrangement.tab is Tab.GROUPS else None


def _edit_group(*, is_new: bool) -> Action:
    def edit(browser: Browser) -> None:
        from walkme_tui.ui.flows.group_changes import GroupNameEditor

        group = None if is_new else _group(browser)
        if group is None and not is_new:
            browser.app.notify(NO_GROUP, markup=False)
            return
        editor = GroupNameEditor(browser, Origin(browser, of_user=False), group)
        editor.open()  # before the next key is handled, which is for the dialog
        _write(browser, editor.run, "Creating a group" if is_new else "Renaming the group")

    return edit


def _delete_group(browser: Browser) -> None:
    from walkme_tui.ui.flows.group_changes import delete_group

    group = _group(browser)
    if group is None:
        browser.app.notify(NO_GROUP, markup=False)
    else:
        _write(browser, partial(delete_group, browser, Origin(browser, of_user=False), group), "Deleting the group")


def _undo(browser: Browser) -> None:
    from walkme_tui.ui.flows.plan_review import undo_job
    from walkme_tui.ui.flows.undo import undo_of_group, undo_of_user

    job, group = browser.change_commands.job, _group(browser)
    undoing = partial(undo_of_user, browser, Origin(browser), browser.user)
    if job is not None:
        undoing = partial(undo_job, browser, Origin(browser), job)
    elif browser.changes_groups and group is not None:
        undoing = partial(undo_of_group, browser, Origin(browser, of_user=False), group)
    _write(browser, undoing, "Undoing")


def _pause(browser: Browser) -> None:
    from walkme_tui.ui.flows.jobs import pause_or_resume

    _write(
        browser,
        partial(pause_or_resume, browser, Origin(browser), browser.change_commands.job),
        "Pausing the job",
    )


def _discard(browser: Browser) -> None:
    from walkme_tui.ui.flows.jobs import discard

    _write(browser, partial(discard, browser, Origin(browser), browser.change_commands.job), "Discarding the job")


def _receipt(browser: Browser) -> None:
    from walkme_tui.ui.flows.jobs import receipt

    _write(browser, partial(receipt, browser, Origin(browser), browser.change_commands.job), "Showing the receipt")


def _compare(browser: Browser) -> None:
    from walkme_tui.ui.flows.reconcile import compare_user

    user = browser.user
    if user is None:
        browser.app.notify(NO_USER, markup=False)
    else:
        _write(browser, partial(compare_user, browser, Origin(browser), user.user), "Reading both records")


def _show_pair(browser: Browser) -> None:
    from walkme_tui.ui.flows.reconcile import show_pair

    pair = browser.area.reconcile_tab.current if browser.area.arrangement.tab is Tab.RECONCILE else None
    if pair is None:
        browser.app.notify(NO_PAIR, markup=False)
    else:
        origin = Origin(browser, of_user=False)
        _write(browser, partial(show_pair, browser, origin, browser.area.reconcile_tab, pair), "Reading both records")


def _adopt(browser: Browser) -> None:
    from walkme_tui.ui.flows.adoption import adopt

    tab = browser.area.reconcile_tab
    if browser.area.arrangement.tab is not Tab.RECONCILE or tab.sides is None or tab.comparison is None:
        browser.app.notify(NO_PAIR, markup=False)
        return
    # Not of the user under the cursor: that pair is not listed any more once its records agree.
    origin = Origin(browser, of_user=False)
    _write(browser, partial(adopt, browser, origin, tab.sides, tab.comparison.groups, tab.chosen), "Adopting a side")


CHANGE_ACTIONS: Final[Mapping[str, Action]] = {
    "user.compare": _compare,
    "pair.show": _show_pair,
    "pairs.adopt": _adopt,
    "user.offboard": _offboard,
    "user.bulk": _bulk,
    "user.edit": _edit,
    "user.new": _create,
    "users.import": _import,
    "user.deactivate": _change_status(Status.INACTIVE),
    "user.reactivate": _change_status(Status.ACTIVE),
    "user.edit_groups": _edit_groups,
    "user.delete": _delete,
    "group.new": _edit_group(is_new=True),
    "group.edit": _edit_group(is_new=False),
    "group.delete": _delete_group,
    "job.undo": _undo,
    "job.pause": _pause,
    "job.discard": _discard,
    "job.receipt": _receipt,
}
