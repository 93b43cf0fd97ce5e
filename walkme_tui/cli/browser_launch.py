"""What the command line gives the browser to start with: profiles, settings and functions that open them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from walkme_tui.cli.context import Context, refuse_scim
from walkme_tui.cli.filter_query import state_file_of
from walkme_tui.cli.output.messages import print_error
from walkme_tui.config.profile_choice import environment_profile, has_environment_credentials
from walkme_tui.config.profiles import ENVIRONMENT_PROFILE, NoProfile, Profile
from walkme_tui.config.secrets import CommandSource
from walkme_tui.config.state import StateFile
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
    if context.options.demo:
        refuse_scim(context.options.surface, "the demo account")
    else:
        try:
            profile = context.profile()
        except NoProfile as error:
            problem = error.message
        if profile is not None:
            surface = profile.surface(context.options.surface)
            refuse_scim(surface, f"the profile {profile.name}")
            from walkme_tui.api.proxies import environment_proxy

            # An unusable proxy ends the program before the browser draws.
            environment_proxy(profile.base_url(surface))
    state_file = state_file or state_file_of(context)
    known = known_profiles(context)
    if profile is not None:
        known[profile.name] = profile

    def open_session(name: str) -> Session:
        return context.open_profile(known[name])

    def open_change_services(session: Session) -> "ChangeServices":
        account = session.account
        return context.open_change_services_of(session, None if account.demo else known[account.profile])

    return BrowserStart(
        profiles=[choice(each, context) for each in known.values()],
        profile=None if profile is None else profile.name,
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
        secret_command=_secret_command(profile),
    )


def _secret_command(profile: Profile | None) -> str:
    """A description of the command that prints the secret; empty if there is none."""
    secret = profile.rest.secret if profile is not None and profile.rest is not None else None
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


def choice(profile: Profile, context: Context) -> ProfileChoice:
    """A profile as an entry of the browser's list of profiles."""
    wanted = context.options.surface
    surface = wanted if wanted and profile.base_url(wanted) else profile.surface()
    return ProfileChoice(profile.name, profile.environment, surface, profile.base_url(surface), profile.theme)


def _keymap(context: Context) -> Mapping[str, tuple[str, ...]]:
    try:
        return context.settings.keymap
    except ConfigurationError as error:
        if not context.options.demo:
            raise
        print_error(error)
        return {}
