"""Choosing another profile."""

from collections.abc import Sequence

from walkme_tui.domain.accounts import Environment
from walkme_tui.domain.text import clean
from walkme_tui.services.browsing import ProfileChoice
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.widgets.ink import Ink

DEMO = ""
"""The answer that means the demo account; no profile has an empty name."""


def profile_dialog(profiles: Sequence[ProfileChoice], current: str | None) -> ChoiceDialog:
    """A dialog that answers with the name of a profile, or ``DEMO``."""
    choices = [
        Choice(
            profile.name,
            f"{clean(profile.name, 40)}  {profile.environment.upper()}  {profile.surface.upper()}",
            clean(profile.target, 80),
            Ink.WARN if profile.environment is Environment.PRODUCTION else Ink.DIM,
        )
        for profile in profiles
    ]
    choices.append(Choice(DEMO, "the demo account", "nothing in it is real"))
    return ChoiceDialog("Open a profile", choices, current)
