"""All kinds of change by name. A new kind is added here and in the registries for sending and drawing."""

from typing import Final

from walkme_tui.domain.changes.change import Change
from walkme_tui.domain.changes.creation import CreateUser
from walkme_tui.domain.changes.deletion import DeleteUser
from walkme_tui.domain.changes.edit import UpdateUser
from walkme_tui.domain.changes.group import CreateGroup, DeleteGroup, RenameGroup
from walkme_tui.domain.changes.membership import AddMember, RemoveMember
from walkme_tui.domain.changes.status import SetStatus

CHANGE_KINDS: Final[dict[str, type[Change]]] = {
    kind.kind: kind
    for kind in (
        CreateUser,
        UpdateUser,
        SetStatus,
        RemoveMember,
        AddMember,
        DeleteUser,
        CreateGroup,
        RenameGroup,
        DeleteGroup,
    )
}
"""In the order in which receipts list them."""
