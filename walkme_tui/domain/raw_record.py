"""A user as the API of a surface sends it."""

from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.scim_json import encode_scim_user
from walkme_tui.domain.user_json import ATTRIBUTES, encode_user
from walkme_tui.domain.users import Json, User


def raw_record(user: User, surface: Surface) -> dict[str, Json]:
    """The JSON object of a user, under the names of the surface."""
    return encode_scim_user(user) if surface is Surface.SCIM else encode_user(user)


def record_of_any_surface(user: User, surface: Surface) -> dict[str, Json]:
    """The same with the fields of ``ATTRIBUTES`` besides, so that a script finds them whatever the surface is."""
    known = encode_user(user)
    return raw_record(user, surface) | {name: known[name] for name in ATTRIBUTES if name in known}
