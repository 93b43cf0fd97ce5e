"""The sub-commands: their names, help and examples. ``cli/commands`` has a module for each."""

from types import MappingProxyType
from typing import Final, NamedTuple

BROWSE: Final = "browse"
EXPORT: Final = "export"


class SubCommand(NamedTuple):
    """One line of help, the module of ``cli/arguments`` that declares its arguments if it has any, and examples.

    A test reads each example with the real parser.
    """

    help: str
    arguments: str
    examples: tuple[str, ...]


# In the order of the help.
SUB_COMMANDS: Final = MappingProxyType(
    {
        BROWSE: SubCommand(
            "open the browser, filtered by QUERY if there is one (the default without a sub-command)",
            "reading",
            ('walkme-tui browse "zoe celik"', "walkme-tui browse status:inactive has:groups"),
        ),
        "whois": SubCommand(
            "show one user: the record, and the groups by name",
            "reading",
            (
                "walkme-tui whois zoe.celik@example.com",
                "walkme-tui whois zoe.celik@example.com --json",
                "walkme-tui whois zoe.celik@example.com --card --redact",
            ),
        ),
        "members": SubCommand(
            "list the members of a group",
            "reading",
            ("walkme-tui members Sales", 'walkme-tui members "Field-EMEA" --csv'),
        ),
        "groups": SubCommand(
            "list the groups with their numbers of members; change who is in one; create, rename, delete one",
            "reading",
            (
                "walkme-tui groups --json",
                "walkme-tui groups add Sales zoe.celik@example.com --ticket INC-42",
                "walkme-tui groups remove Sales zoe.celik@example.com --yes",
                'walkme-tui groups rename Sales "Sales EMEA" --surface scim',
            ),
        ),
        EXPORT: SubCommand(
            "write all users, or those that match a filter, as CSV, JSON or Markdown",
            "reading",
            (
                "walkme-tui export --filter status:inactive --output inactive.csv",
                "walkme-tui export --filter @admins --json",
            ),
        ),
        "offboard": SubCommand(
            "deactivate users and remove them from their groups, as a plan that can be undone",
            "changes",
            (
                "walkme-tui offboard zoe.celik@example.com --ticket INC-42",
                "walkme-tui offboard zoe.celik@example.com --plan zoe.json",
            ),
        ),
        "create": SubCommand(
            "create a user, with groups",
            "changes",
            (
                "walkme-tui create lea.moreau@example.com --first Lea --last Moreau --role Editor --group Sales",
                "walkme-tui create lea.moreau@example.com --ticket INC-42 --yes",
            ),
        ),
        "set": SubCommand(
            "change fields of a user",
            "changes",
            (
                "walkme-tui set zoe.celik@example.com role=Viewer lastName=Moreau",
                "walkme-tui set zoe.celik@example.com externalId= --yes   # an empty value clears the field",
            ),
        ),
        "delete": SubCommand(
            "delete a user permanently",
            "changes",
            (
                "walkme-tui delete zoe.celik@example.com --confirm zoe.celik@example.com",
                "walkme-tui delete zoe.celik@example.com --confirm zoe.celik@example.com --plan zoe.json",
            ),
        ),
        "import": SubCommand(
            "create and update users from a CSV file",
            "changes",
            (
                "walkme-tui import people.csv --group Sales",
                "walkme-tui import people.csv --on-conflict update --encoding cp1252 --yes",
            ),
        ),
        "undo": SubCommand(
            "undo the changes of a job",
            "changes",
            (
                "walkme-tui undo bcdf                          # review the plan first",
                "walkme-tui undo receipt.json --ticket INC-43 --yes",
            ),
        ),
        "jobs": SubCommand(
            "list, show, resume and purge jobs",
            "changes",
            ("walkme-tui jobs --json", "walkme-tui jobs resume bcdf --yes"),
        ),
        "plan": SubCommand(
            "show or apply a plan file",
            "changes",
            ("walkme-tui plan show zoe.json", "walkme-tui plan apply zoe.json --yes"),
        ),
        "reconcile": SubCommand(
            "compare the users of the REST API with those of SCIM",
            "changes",
            (
                "walkme-tui reconcile",
                "walkme-tui reconcile --csv > differences.csv",
                "walkme-tui reconcile --adopt rest zoe.celik@example.com",
            ),
        ),
        "config": SubCommand(
            "create, find and check the configuration",
            "administration",
            ("walkme-tui config init", "walkme-tui config check"),
        ),
        "profiles": SubCommand("list the profiles", "", ("walkme-tui profiles", "walkme-tui profiles --json")),
        "keys": SubCommand(
            "list the keys of the browser", "administration", ("walkme-tui keys", "walkme-tui keys --default")
        ),
        "themes": SubCommand(
            "list and check colour themes",
            "administration",
            ("walkme-tui themes", "walkme-tui themes check themes/mine.toml"),
        ),
        "cache": SubCommand(
            "delete the local copies",
            "administration",
            ("walkme-tui cache clear", "walkme-tui cache clear --profile acme"),
        ),
        "simulator": SubCommand(
            "serve a simulated account on this machine",
            "administration",
            (
                "walkme-tui simulator --users 1000000 --port 8080",
                "walkme-tui simulator --lean --latency-ms 200",
            ),
        ),
        "completion": SubCommand(
            "print the completion script for a shell",
            "administration",
            (
                "source <(walkme-tui completion bash)",
                "walkme-tui completion fish > ~/.config/fish/completions/walkme-tui.fish",
            ),
        ),
    }
)
