"""Background work of the screens: how it is started, and its groups, so that a new run replaces its own kind only."""

from collections.abc import Callable, Coroutine
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from walkme_tui.domain.errors import WalkmeError

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.worker import Worker


class WorkerGroup(StrEnum):
    """The purpose of a Textual worker, required by ``start_worker``."""

    LISTING = "listing"  # serves the rows of one table
    CURSOR = "cursor"  # finds the user under the cursor again after the list changed
    MARKS = "marks"  # loads what a range or "all" marks
    SESSION = "session"  # opens and closes profiles
    CRAWL = "crawl"  # reads the whole account
    PAGES = "pages"  # fetches pages of the server's list
    DETAILS = "details"  # reads the user whose details are open
    RECORD = "record"  # shows the open user's stored record again after a change
    GROUPS = "groups"  # reads the groups
    MEMBERS = "members"  # reads the members of the group under the cursor
    MEMBERSHIPS = "memberships"  # reads the groups of users one by one
    LOOK_UP = "look-up"  # looks up a typed email on the server
    COMPARISON = "comparison"  # compares the two surfaces
    EXPORT = "export"  # writes users to a file
    COPY = "copy"  # reads users to copy, and asks what to copy
    STATUS = "status"  # updates counts for the status line
    NEWS = "news"  # lists what changed in the account
    VALUES = "values"  # reads what a filter can be completed with
    NEAREST = "nearest"  # looks for names similar to a word that no user has
    UNDECIDED = "undecided"  # counts users for which a filter is undecided
    VIEWS = "views"  # saves and deletes views
    EDITOR = "editor"  # reads what the form of a user shows
    IMPORT = "import"  # reads a file to import, and what its rows would change
    WRITE = "write"  # plans a change and follows its job; never exclusive
    JOBS = "jobs"  # reads the journal for the Jobs tab
    JOB_STEPS = "job steps"  # reads the steps of the job under the cursor
    LEAVE = "leave"  # asks what to do with running jobs on quitting


def start_worker(
    node: "DOMNode",
    group: WorkerGroup,
    work: Callable[[], Coroutine[Any, Any, object]],
    *,
    name: str,
    exclusive: bool = False,
) -> None:
    """Run ``work`` in the background until ``node`` is removed; ``exclusive`` cancels the workers of its group.

    An expected failure (``WalkmeError``) that ``work`` raises is reported as "``name`` failed" and ends the worker
    only. ``work`` makes the coroutine: one that is made before its worker runs is never awaited if ``node`` is removed
    in that moment, and Python would print a warning on the terminal.
    """

    async def run() -> None:
        try:
            await work()
        except WalkmeError as error:
            from walkme_tui.ui.errors import report

            report(node.app, error, doing=name)

    _: Worker[None] = node.run_worker(run, group=group, name=name, exclusive=exclusive)
