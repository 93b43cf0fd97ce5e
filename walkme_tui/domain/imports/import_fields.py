"""The fields of a user that an import sets, and the names by which columns of files are known to mean them."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from walkme_tui.domain.text import search_key
from walkme_tui.domain.user_json import ATTRIBUTES
from walkme_tui.domain.users import FIELD_LABELS


class ImportField(StrEnum):
    """The fields that an import sets, by their JSON names, in the order in which they are shown."""

    EMAIL = "email"
    FIRST_NAME = "firstName"
    LAST_NAME = "lastName"
    ROLE = "role"
    EXTERNAL_ID = "externalId"
    GROUPS = "groups"

    @property
    def attribute(self) -> str:
        """The attribute of ``User``."""
        return ATTRIBUTES[self.value]

    @property
    def label(self) -> str:
        """What people call the field."""
        return FIELD_LABELS[self.attribute]


# Folded, the best one first: a file may have both an email and a user name.
_NAMES: Final[Mapping[ImportField, tuple[str, ...]]] = {
    ImportField.EMAIL: (
        "email", "mail", "emailaddress", "mailaddress", "primaryemail", "workemail", "useremail", "emailadresse",
        "courriel", "correo", "correoelectronico", "username", "userprincipalname", "upn", "login", "loginname",
    ),
    ImportField.FIRST_NAME: (
        "firstname", "givenname", "forename", "fname", "first", "given", "vorname", "prenom", "nombre", "voornaam",
    ),
    ImportField.LAST_NAME: (
        "lastname", "surname", "familyname", "lname", "last", "sn", "family", "nachname", "familienname",
        "nomdefamille", "nom", "apellidos", "apellido", "achternaam",
    ),
    ImportField.ROLE: ("role", "userrole", "rolename", "walkmerole", "consolerole", "rolle"),
    ImportField.EXTERNAL_ID: ("externalid", "externalidentifier", "extid", "externalkey"),
    ImportField.GROUPS: (
        "groups", "group", "groupnames", "groupname", "usergroups", "usergroup", "groupids", "groupid", "gruppen",
        "gruppe", "groupes", "groupe", "grupos", "grupo",
    ),
}  # fmt: skip
_RANKS: Final = {name: (field, rank) for field, names in _NAMES.items() for rank, name in enumerate(names)}
_BRACKETED: Final = re.compile(r"\(([^)]*)\)|\[([^\]]*)\]|\*")


def field_named(header: str) -> tuple[ImportField, int] | None:
    """The field that a column with this name means, and a rank: of two columns the lower one means it better.

    Case, accents, blanks and punctuation do not matter (``E-Mail``). The name may be the last one after a dot
    (``profile.firstName``), stand in brackets (``User name [userPrincipalName] Required``) or before them
    (``First Name [Required]``). None for other names.
    """
    plain = _BRACKETED.sub("", header)
    bracketed = ["".join(found) for found in _BRACKETED.findall(header)]
    forms = (plain, plain.rpartition(".")[2], *bracketed)
    return next((_RANKS[key] for form in forms if (key := folded_name(form)) in _RANKS), None)


def folded_name(name: str) -> str:
    """A name without what does not matter in it: case, accents, blanks and punctuation."""
    return "".join(character for character in search_key(name) if character.isalnum())
