"""The commands of the browser, each declared once.

The footer, the help screen, the palette and the keymap of ``config.toml`` are made from this table; the screens
implement the commands. Ids are public and never change, because users write them into ``[keys]``.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from walkme_tui.domain.capabilities import Capabilities


class Command(NamedTuple):
    """One command.

    ``keys`` are named as they are shown (``/``, ``PgDn``); the footer shows the first. ``title`` is the text in the
    palette and the help, ``hint`` the word in the footer (empty: not in the footer). ``section`` groups the help.
    ``writes`` means that the command changes the account: it makes a plan, which is shown and can be saved also where
    nothing may be sent; ``sends`` that it sends without one, see ``domain.permissions``. ``needs_view`` means that it
    acts on the row under the cursor, on the marks, or on all rows: it waits until the view shows what earlier keys
    requested. ``needs`` is the field of ``Capabilities`` that a surface must have for the command; empty: every surface
    has it. ``of_users`` means that it acts on a list of users: the tabs without such a list do not have the command.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    section: str
    hint: str = ""
    writes: bool = False
    needs_view: bool = False
    sends: bool = False
    needs: str = ""
    of_users: bool = False


MOVE: Final = "Moving"
FIND: Final = "Finding"
MARK: Final = "Marking"
LOOK: Final = "Opening"
CHANGE: Final = "Changing the account"
PROGRAM: Final = "The program"

COMMANDS: Final = (
    Command("cursor.down", ("↓", "j"), "Next row", MOVE),
    Command("cursor.up", ("↑", "k"), "Previous row", MOVE),
    Command("cursor.page_down", ("PgDn",), "A page down", MOVE),
    Command("cursor.page_up", ("PgUp",), "A page up", MOVE),
    Command("cursor.first", ("g", "Home"), "First row", MOVE),
    Command("cursor.last", ("G", "End"), "Last row", MOVE),
    Command("columns.right", ("→", "l"), "Columns further right, where they are wide (w)", MOVE),
    Command("columns.left", ("←", "h"), "Columns further left", MOVE),
    Command("pane.next", ("Tab",), "Next pane", MOVE),
    Command("pane.previous", ("shift+Tab",), "Previous pane", MOVE),
    Command("tab.next", ("]",), "Next tab", MOVE),
    Command("tab.previous", ("[",), "Previous tab", MOVE),
    Command("tab.users", ("1",), "Users", MOVE),
    Command("tab.groups", ("2",), "Groups", MOVE),
    Command("tab.reconcile", ("3",), "Reconcile: REST against SCIM", MOVE, needs="other_surface"),
    Command("tab.jobs", ("4", "L"), "Jobs: the changes made on this machine", MOVE),
    Command("tab.requests", ("5", "@"), "Requests: what was sent to the server", MOVE),
    Command("view.filter", ("/",), "Filter what is loaded; look up a full email", FIND, "filter"),
    Command("view.inactive", ("t",), "Show or hide inactive users", FIND, of_users=True),
    Command("view.sort", ("s",), "Sort by the next column, last in the server's order", FIND, "sort"),
    Command("view.reverse", ("S",), "Reverse the order", FIND),
    Command("view.wide", ("w",), "Wider columns, or as many columns as fit", FIND),
    Command("view.save", (), "Save this view: its filter and order under a name", FIND),
    Command("view.forget", (), "Delete a saved view", FIND),
    Command("user.groups", ("m",), "Members of this group, or groups of this user", FIND, "groups", needs_view=True),
    Command(
        "groups.compare", ("c",), "Who is in one marked group but not in the other", FIND, "compare", needs_view=True
    ),
    Command("groups.read_details", ("M",), "Read the groups of users one by one, or stop that", FIND, needs_view=True),
    Command("row.refresh", ("r",), "Read this row again from the server", FIND, "refresh", needs_view=True),
    Command("view.refresh", ("R",), "Read the visible rows and the groups again", FIND),
    Command("news.show", ("N",), "Users who are new, gone or changed since the start", FIND),
    Command("crawl.pause", (), "Pause or resume reading the account (P)", FIND),
    Command("crawl.restart", (), "Read the whole account again from the server", FIND),
    Command("mark.toggle", ("Space",), "Mark or unmark this row", MARK, "mark", needs_view=True),
    Command("mark.range", ("v",), "Mark from the last mark to the cursor", MARK, needs_view=True),
    Command("mark.all", ("*",), "Mark all that is loaded in this view", MARK, needs_view=True),
    Command("mark.clear", ("\\",), "Clear all marks", MARK, needs_view=True),
    Command("row.open", ("Enter",), "Open", LOOK, "open", needs_view=True),
    Command("view.back", ("Esc",), "Back, one step with each press", LOOK, "back"),
    Command("pane.detail", ("p",), "Show or hide the detail pane", LOOK, "details"),
    Command("pane.zoom", ("+",), "Give the focused pane the whole screen", LOOK, "zoom"),
    Command("pane.unzoom", ("_",), "Show the other panes again", LOOK),
    Command("user.raw", ("J",), "The raw record, as JSON", LOOK, "raw", needs_view=True, of_users=True),
    Command("copy.menu", ("y",), "Copy values of this user or group, or of the marked", LOOK, "copy", needs_view=True),
    Command("copy.email", ("Y",), "Copy this user's email, or this group's name", LOOK, needs_view=True),
    Command(
        "user.compare",
        ("d",),
        "Both records of this user, REST beside SCIM",
        LOOK,
        "both records",
        needs_view=True,
        needs="other_surface",
        of_users=True,
    ),
    Command(
        "users.export",
        ("E",),
        "Export this view, the marked, or this group's members",
        LOOK,
        needs_view=True,
        of_users=True,
    ),
    # On the Reconcile tab, the keys of user.compare, users.export and user.bulk are for these and for pairs.adopt.
    Command(
        "pair.show",
        (),
        "Both records of this person (d on the Reconcile tab)",
        LOOK,
        needs_view=True,
        needs="other_surface",
    ),
    Command(
        "pairs.export",
        (),
        "Export the differences (E on the Reconcile tab)",
        LOOK,
        needs_view=True,
        needs="other_surface",
    ),
    Command(
        "user.offboard",
        ("O",),
        "Offboard this user or the marked ones",
        CHANGE,
        "offboard",
        writes=True,
        needs_view=True,
    ),
    # It asks what to do, so it does not itself write.
    Command(
        "user.bulk",
        ("b",),
        "Actions for the marked users, or for this one",
        CHANGE,
        "actions",
        needs_view=True,
        of_users=True,
    ),
    Command("user.edit", ("e",), "Edit this user", CHANGE, "edit", writes=True, needs_view=True),
    Command("user.new", ("n",), "Create a user", CHANGE, writes=True),
    Command("users.import", ("i",), "Import users from a CSV file", CHANGE, writes=True),
    Command("user.deactivate", ("x",), "Deactivate this user", CHANGE, "deactivate", writes=True, needs_view=True),
    Command("user.reactivate", ("X",), "Reactivate this user", CHANGE, "reactivate", writes=True, needs_view=True),
    Command(
        "user.edit_groups",
        ("a",),
        "Change the groups of this user or of the marked ones",
        CHANGE,
        "change groups",
        writes=True,
        needs_view=True,
    ),
    Command(
        "user.delete",
        ("D",),
        "Delete this user permanently, or deactivate instead",
        CHANGE,
        writes=True,
        needs_view=True,
    ),
    Command(
        "pairs.adopt",
        (),
        "Adopt REST or SCIM for these people (b on the Reconcile tab)",
        CHANGE,
        "adopt",
        writes=True,
        needs_view=True,
        needs="other_surface",
    ),
    # On the list of groups, the keys of user.new, user.edit and user.delete are for these.
    Command("group.new", (), "Create a group (n on the groups)", CHANGE, writes=True, needs="group_changes"),
    Command(
        "group.edit",
        (),
        "Rename this group (e on the groups)",
        CHANGE,
        writes=True,
        needs_view=True,
        needs="group_changes",
    ),
    Command(
        "group.delete",
        (),
        "Delete this group, not its members (D on the groups)",
        CHANGE,
        writes=True,
        needs_view=True,
        needs="group_changes",
    ),
    Command(
        "job.undo",
        ("z",),
        "Undo this job, or the last change of this user or group",
        CHANGE,
        "undo",
        writes=True,
        needs_view=True,
    ),
    Command(
        "job.pause",
        ("P",),
        "Pause or resume this job",
        CHANGE,
        "pause or resume",
        writes=True,
        sends=True,
        needs_view=True,
    ),
    Command(
        "job.discard", ("A",), "Discard this job: its remaining steps never run", CHANGE, "discard", needs_view=True
    ),
    Command("job.receipt", ("o",), "Show the receipt of this job", CHANGE, "receipt", needs_view=True),
    Command("dialog.open", ("W",), "Open the dialog that is ready", CHANGE),
    Command("app.palette", (":", "ctrl+p"), "Command palette", PROGRAM, "commands"),
    Command("app.profile", ("C",), "Switch to another profile or surface", PROGRAM),
    Command("app.help", ("?", "F1"), "Help", PROGRAM, "help"),
    Command("app.redraw", ("ctrl+l",), "Redraw the screen", PROGRAM),
    Command("app.suspend", ("ctrl+z",), "Suspend the program and its jobs; fg in the shell resumes", PROGRAM),
    Command("app.quit", ("q", "ctrl+q"), "Quit", PROGRAM, "quit"),
)


def offered(commands: Iterable[Command], surface: Capabilities) -> tuple[Command, ...]:
    """The commands that a surface has."""
    return tuple(each for each in commands if not each.needs or not getattr(surface, each.needs))


def command(command_id: str) -> Command:
    """The command with this id; KeyError if there is none."""
    return {candidate.id: candidate for candidate in COMMANDS}[command_id]
