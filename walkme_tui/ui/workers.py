"""Names of the groups of background work, so that a new run takes the place of its own kind only."""

from enum import StrEnum


class WorkerGroup(StrEnum):
    """What a Textual worker is for; every ``run_worker`` and ``@work`` names one."""

    LISTING = "listing"  # serves the rows of one table
    CURSOR = "cursor"  # finds the person under the cursor again after the list changed
    MARKS = "marks"  # loads what a range or "all" marks
    SESSION = "session"  # opens and closes profiles
    CRAWL = "crawl"  # reads the whole account
    PAGES = "pages"  # fetches pages of the server's list
    DETAILS = "details"  # reads the user whose details are open
    GROUPS = "groups"  # reads the groups
    MEMBERSHIPS = "memberships"  # reads the groups of users one by one
    LOOK_UP = "look-up"  # asks the server for an email that was typed
    COPY = "copy"  # reads what is copied, and asks what of it
    STATUS = "status"  # keeps the status line true
    NEWS = "news"  # lists what changed in the account
    VALUES = "values"  # reads what a filter can be completed with
    VIEWS = "views"  # saves and forgets views
    WRITE = "write"  # plans a change with the person and follows it; never exclusive
    JOBS = "jobs"  # reads the journal for the Jobs tab
    LEAVE = "leave"  # asks what becomes of running jobs when the person leaves
