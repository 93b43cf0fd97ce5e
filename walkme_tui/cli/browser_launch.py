"""What the command line gives the browser to start with: profiles, settings and functions that open them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from walkme_tui.cli.context import Context
from walkme_tui.cli.filter_query import state_file_of
from walkme_tui.cli.output.messages import print_error
from walkme_tui.config.profile_choice import environment_profile, has_environment_credentials
from walkme_tui.config.profiles import ENVIRONMENT_PROFILE, NoProfile, Profile
from walkme_tui.config.secrets import CommandSource
from walkme_tui.config.state import StateFile
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import ConfigurationError
from walkme_tui.domain.views import SavedView
from walkme_tui.services.ports import Session
from walkme_tui.ui.browser_start import BrowserStart, ProfileChoice, StartPlan

if TYPE_CHECKING:
    from walkme_tui.services.changes.change_services import ChangeServices


def browse_task(context: Context, task: StartPlan) -> int:
    """Open the browser at a plan to review; raises what making the plan raises."""
    start = browser_start(context)._replace(task=task)
    if start.profile is None and not start.demo:
        context.profile()
    from walkme_tui.ui.start import run_browser

    return run_browser(start)


def browser_start(
    context: Context, query: str = "", *, view: SavedView | None = None, state_file: StateFile | None = None
) -> BrowserStart:
    """Everything that the browser needs; a missing profile is explained on its first screen.

    With a view, its filter replaces ``query``.
    """
    profile: Profile | None = None
    problem = ""
    surface = context.options.surface or Surface.REST
    if not context.options.demo:
        try:
            profile = context.profile()
        except NoProfile as error:
            problem = error.message
        if profile is not None:
            surface = profile.surface(context.options.surface)
            from walkme_tui.api.proxies import environment_proxy

            # An unusable proxy ends the program before the browser draws.
            environment_proxy(profile.connections[surface].base_url)
    state_file = state_file or state_file_of(context)
    known = known_profiles(context)
    if profile is not None:
        known[profile.name] = profile

    def open_session(name: str, surface: Surface) -> Session:
        return context.open_profile(known[name], surface)

    def open_change_services(session: Session) -> "ChangeServices":
        account = session.account
        return context.open_change_services_of(session, None if account.demo else known[account.profile])

    return BrowserStart(
        profiles=[choice for each in known.values() for choice in choices(each)],
        profile=None if profile is None else profile.name,
        surface=surface,
        open_session=open_session,
        open_demo=context.open_demo,
        demo=context.options.demo,
        query=query if view is None else view.text,
        keymap=_keymap(context),
        theme=(profile.theme if profile else None) or state_file.theme(),
        no_color=context.no_color,
        problem=problem,
        state_folder=context.paths.state,
        themes_folder=context.paths.themes,
        open_change_services=open_change_services,
        view=view,
        state_file=state_file,
        secret_command="" if profile is None else _secret_command(profile, surface),
    )


def _secret_command(profile: Profile, surface: Surface) -> str:
    """A description of the command that prints the secret; empty if there is none."""
    secret = profile.connections[surface].secret
    return secret.describe() if isinstance(secret, CommandSource) else ""


def known_profiles(context: Context) -> dict[str, Profile]:
    """The profiles that can be opened: those of the file, and that of the environment if it is complete."""
    try:
        known = dict(context.settings.profiles)
    except ConfigurationError:
        if not context.options.demo:
            raise
        known = {}
    if has_environment_credentials(context.environ):
        try:
            known[ENVIRONMENT_PROFILE] = environment_profile(context.environ)
        except ConfigurationError:
            return known
    return known


def choices(profile: Profile) -> list[ProfileChoice]:
    """The surfaces of a profile as entries of the browser's list of profiles."""
    return [
        ProfileChoice(profile.name, profile.environment, surface, connection.base_url, profile.theme)
        for surface, connection in profile.connections.items()
    ]


def _keymap(context: Context) -> Mapping[str, tuple[str, ...]]:
    try:
        return context.settings.keymap
    except ConfigurationError as error:
        if not context.options.demo:
            raise
        print_error(error)
        return {}
