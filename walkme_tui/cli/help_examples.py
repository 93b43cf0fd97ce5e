"""The examples in the help of each sub-command; a test reads each with the real parser."""

from types import MappingProxyType
from typing import Final

EXAMPLES: Final = MappingProxyType(
    {
        "browse": ('walkme-tui browse "zoe celik"', "walkme-tui browse status:inactive has:groups"),
        "whois": ("walkme-tui whois zoe.celik@example.com", "walkme-tui whois zoe.celik@example.com --json"),
        "members": ("walkme-tui members Sales", 'walkme-tui members "Field-EMEA" --csv'),
        "export": (
            "walkme-tui export --filter status:inactive --output inactive.csv",
            "walkme-tui export --filter @admins --json",
        ),
        "offboard": (
            "walkme-tui offboard zoe.celik@example.com --ticket INC-42",
            "walkme-tui offboard zoe.celik@example.com --plan zoe.json",
        ),
        "undo": (
            "walkme-tui undo bcdf                          # review the plan first",
            "walkme-tui undo receipt.json --ticket INC-43 --yes",
        ),
        "jobs": ("walkme-tui jobs --json", "walkme-tui jobs resume bcdf --yes"),
        "plan": ("walkme-tui plan show zoe.json", "walkme-tui plan apply zoe.json --yes"),
        "config": ("walkme-tui config init", "walkme-tui config check"),
        "profiles": ("walkme-tui profiles", "walkme-tui profiles --json"),
        "keys": ("walkme-tui keys", "walkme-tui keys --default"),
        "themes": ("walkme-tui themes", "walkme-tui themes check themes/mine.toml"),
        "cache": ("walkme-tui cache clear", "walkme-tui cache clear --profile acme"),
        "simulator": (
            "walkme-tui simulator --users 1000000 --port 8080",
            "walkme-tui simulator --lean --latency-ms 200",
        ),
        "completion": (
            "source <(walkme-tui completion bash)",
            "walkme-tui completion fish > ~/.config/fish/completions/walkme-tui.fish",
        ),
    }
)
