"""The commands of the browser, each declared once.

The footer, the help screen, the palette and the keymap of ``config.toml`` are made from this table; the screens only
say what happens. Ids are stable and public: people put them into ``[keys]``.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple


class Command(NamedTuple):
    """One command.

    ``keys`` are Textual key names, the first is the one that the footer shows. ``title`` is the palette's and the
    help's text, ``hint`` the footer's one word (empty: never in the footer). ``section`` groups the help. ``writes``
    means that it changes the account, which not every profile and token may; see ``domain.permissions``. ``needs_view``
    means that it acts on who or what is under the cursor, on the marks, or on all that is listed: it waits for the view
    that the keys before it asked for.
    """

    id: str
    keys: tuple[str, ...]
    title: str
    section: str
    hint: str = ""
    writes: bool = False
    needs_view: bool = False


MOVE: Final = "Moving"
FIND: Final = "Finding"
MARK: Final = "Marking"
LOOK: Final = "Looking closer"
CHANGE: Final = "Changing the account"
PROGRAM: Final = "The program"

COMMANDS: Final = (
    Command("cursor.down", ("down", "j"), "Next row", MOVE),
    Command("cursor.up", ("up", "k"), "Previous row", MOVE),
    Command("cursor.page_down", ("pagedown",), "A page down", MOVE),
    Command("cursor.page_up", ("pageup",), "A page up", MOVE),
    Command("cursor.first", ("g", "home"), "First row", MOVE),
    Command("cursor.last", ("G", "end"), "Last row", MOVE),
    Command("columns.right", ("right", "l"), "Columns further right, where they are wide (w)", MOVE),
    Command("columns.left", ("left", "h"), "Columns further left", MOVE),
    Command("pane.next", ("tab",), "Next pane", MOVE),
    Command("pane.previous", ("shift+tab",), "Previous pane", MOVE),
    Command("tab.next", ("right_square_bracket",), "Next tab", MOVE),
    Command("tab.previous", ("left_square_bracket",), "Previous tab", MOVE),
    Command("tab.users", ("1",), "Users", MOVE),
    Command("tab.groups", ("2",), "Groups", MOVE),
    Command("tab.jobs", ("4", "L"), "Jobs: what was changed from here, and what is left to do", MOVE),
    Command("tab.requests", ("5", "at"), "Requests: what went over the wire", MOVE),
    Command("view.filter", ("slash",), "Filter what is loaded; look up a full email", FIND, "filter"),
    Command("view.inactive", ("t",), "Show or hide inactive users", FIND),
    Command("view.sort", ("s",), "Sort by the next column, then as the server has them", FIND, "sort"),
    Command("view.reverse", ("S",), "Sort the other way round", FIND),
    Command("view.wide", ("w",), "Wider columns, or as many as fit side by side", FIND),
    Command("view.save", (), "Save this view: its filter and order under a name", FIND),
    Command("view.forget", (), "Forget a saved view", FIND),
    Command("user.groups", ("m",), "Members of this group, or groups of this user", FIND, "groups", needs_view=True),
    Command(
        "groups.compare", ("c",), "Who is in one marked group but not in the other", FIND, "compare", needs_view=True
    ),
    Command("groups.read_details", ("M",), "Read the groups of users one by one, or stop that", FIND, needs_view=True),
    Command("row.refresh", ("r",), "Read this row again from the server", FIND, "refresh", needs_view=True),
    Command("view.refresh", ("R",), "Read the visible list and the groups again", FIND),
    Command("news.show", ("N",), "Who is new, gone or different since this was opened", FIND),
    Command("crawl.pause", (), "Pause reading the account, or go on (P)", FIND),
    Command("crawl.restart", (), "Read the whole account again from the server", FIND),
    Command("mark.toggle", ("space",), "Mark or unmark this row", MARK, "mark", needs_view=True),
    Command("mark.range", ("v",), "Mark from the last mark to here", MARK, needs_view=True),
    Command("mark.all", ("asterisk",), "Mark all that is loaded in this view", MARK, needs_view=True),
    Command("mark.clear", ("backslash",), "Clear all marks", MARK, needs_view=True),
    Command("row.open", ("enter",), "Open", LOOK, "open", needs_view=True),
    Command("view.back", ("escape",), "Back: one thing a press", LOOK, "back"),
    Command("pane.detail", ("p",), "Show or hide the detail pane", LOOK, "details"),
    Command("pane.zoom", ("plus",), "Give the focused pane the whole screen", LOOK, "zoom"),
    Command("pane.unzoom", ("underscore",), "Share the screen again", LOOK),
    Command("user.raw", ("J",), "The raw record, as JSON", LOOK, "raw", needs_view=True),
    Command(
        "copy.menu", ("y",), "Copy something of this user or group, or of the marks", LOOK, "copy", needs_view=True
    ),
    Command("copy.email", ("Y",), "Copy this user's email, or this group's name", LOOK, needs_view=True),
    Command(
        "user.offboard",
        ("O",),
        "Offboard this user or the marked ones",
        CHANGE,
        "offboard",
        writes=True,
        needs_view=True,
    ),
    Command("user.deactivate", ("x",), "Deactivate this user", CHANGE, "deactivate", writes=True, needs_view=True),
    Command("user.reactivate", ("X",), "Reactivate this user", CHANGE, "reactivate", writes=True, needs_view=True),
    Command(
        "job.undo",
        ("z",),
        "Undo this job, or what was last changed of this user",
        CHANGE,
        "undo",
        writes=True,
        needs_view=True,
    ),
    Command(
        "job.pause", ("P",), "Pause this job, or go on with it", CHANGE, "pause or go on", writes=True, needs_view=True
    ),
    Command("job.discard", ("A",), "Abandon this job: nothing more is done of it", CHANGE, "abandon", needs_view=True),
    Command("job.receipt", ("o",), "Show what became of this job", CHANGE, "receipt", needs_view=True),
    Command("dialog.open", ("W",), "Open the plan that became ready meanwhile", CHANGE),
    Command("app.palette", ("colon", "ctrl+p"), "Command palette", PROGRAM, "commands"),
    Command("app.profile", ("C",), "Switch to another profile", PROGRAM),
    Command("app.help", ("question_mark", "f1"), "Help", PROGRAM, "help"),
    Command("app.redraw", ("ctrl+l",), "Draw the whole screen again", PROGRAM),
    Command("app.suspend", ("ctrl+z",), "Suspend: fg in the shell goes on, a running job stands still", PROGRAM),
    Command("app.quit", ("q", "ctrl+q"), "Quit", PROGRAM, "quit"),
)

# Documented ids of commands that this version lacks: a [keys] table for a newer version must be accepted.
ANNOUNCED: Final = frozenset({"user.edit"})


def command(command_id: str, commands: Iterable[Command] = COMMANDS) -> Command:
    """The command with this id; KeyError if there is none."""
    for candidate in commands:
        if candidate.id == command_id:
            return candidate
    raise KeyError(command_id)
