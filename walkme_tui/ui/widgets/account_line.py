"""The first line: the account and its environment, and how much of it is loaded."""

from walkme_tui.domain.accounts import Account, Environment
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.text import clean
from walkme_tui.domain.traffic import TrafficStatus
from walkme_tui.ui import words
from walkme_tui.ui.widgets.text_bar import TextBar
from walkme_tui.ui.widgets.text_style import StyledSpan, StyledText, TextStyle

NARROW = 100
BUSY_PER_SECOND = 0.5


class AccountLine(TextBar):
    """Profile, environment and surface at the left; people, coverage and request rate at the right."""

    def __init__(self, account: Account) -> None:
        super().__init__(id="account")
        self._account = account

    def report(self, coverage: Coverage | None, traffic: TrafficStatus, left: str = "") -> None:
        """Show how much is loaded, the request rate, and the remaining time (``left``; empty: unknown)."""
        short = self.app.size.width < NARROW
        self.write(_name(self._account), _figures(coverage, traffic, short, left))


def _name(account: Account) -> StyledText:
    production = account.environment is Environment.PRODUCTION
    pieces: list[StyledSpan] = [
        (f" {clean(account.profile, 60)} ", TextStyle.STRONG),
        (f" {account.environment.upper()} ", TextStyle.PRODUCTION if production else TextStyle.SANDBOX),
        (f" {account.surface.upper()}", TextStyle.PLAIN),
    ]
    if account.read_only:
        pieces.append(("  read-only", TextStyle.PLAIN))
    if account.demo:
        pieces.append(("  demo: nothing here is real", TextStyle.DIM))
    return pieces


def _figures(coverage: Coverage | None, traffic: TrafficStatus, short: bool, left: str) -> StyledText:
    parts = []
    if coverage is not None and coverage.total is not None:
        people = words.number(coverage.total) if short else words.count(coverage.total, "person", "people")
        parts.append(people)
        if coverage.total:
            share = words.loaded_share(coverage)
            parts.append(share.removesuffix(" loaded") if short and share.endswith("% loaded") else share)
    elif coverage is not None and coverage.loaded:
        parts.append(f"≥ {words.count(coverage.loaded, 'person', 'people')}")
    if traffic.recent_per_second >= BUSY_PER_SECOND:
        parts.append(f"{traffic.recent_per_second:.1f}/s")
    if left:
        parts.append(left)
    return [(" · ".join(parts) + " ", TextStyle.PLAIN)]
