"""Opening one of the groups of a user."""

from walkme_tui.domain.errors import ApiError, MirrorUnavailable
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.text import clean
from walkme_tui.domain.users import UNKNOWN
from walkme_tui.ui.change_words import name_of
from walkme_tui.ui.dialogs.choice import Choice, ChoiceDialog
from walkme_tui.ui.errors import report
from walkme_tui.ui.flows.context import FlowContext
from walkme_tui.ui.flows.origin import Origin


async def groups_of(view: FlowContext, origin: Origin, mirrored: MirroredUser) -> None:
    """Ask which of the user's groups to open; unknown groups are read first."""
    user = mirrored.user
    if user.groups is UNKNOWN:
        try:
            user = (await view.directory.reread(user.id)).user
        except (ApiError, MirrorUnavailable) as error:
            report(view.app, error, doing="Reading the groups of this user")
            return
    name = name_of(user)
    if user.groups is UNKNOWN:
        view.app.notify(f"The server does not return the groups of {name}.", markup=False)
        return
    if not user.groups:
        view.app.notify(f"{name} is in no group.", markup=False)
        return
    names = view.group_names
    choices = [Choice(group_id, clean(names.get(group_id, group_id), 200)) for group_id in user.groups]
    chosen = await origin.show(ChoiceDialog(f"Groups of {name}", choices), f"The groups of {name} are known")
    if chosen is not None:
        view.navigation.show_group(chosen, mirrored)
