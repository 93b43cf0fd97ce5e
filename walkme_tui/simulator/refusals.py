"""Errors of the simulated account."""


class AccountRefusal(Exception):
    """Base: ``status`` is the HTTP status, ``code`` a name for programs, ``field`` the invalid field, if any."""

    status = 400
    code = "bad_request"
    field: str | None = None


class Refused(AccountRefusal):
    """A field has an invalid value."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class NoSuchUser(AccountRefusal):
    """No user has this id, or no member of this group."""

    status = 404
    code = "user_not_found"


class NoSuchGroup(AccountRefusal):
    """No group has this id."""

    status = 404
    code = "group_not_found"


class EmailTaken(AccountRefusal):
    """Another user has this email."""

    status = 409
    code = "email_exists"
    field = "email"

    def __init__(self, email: str) -> None:
        super().__init__(f"A user with the email {email} already exists")


class GroupNameTaken(AccountRefusal):
    """Another group has this name."""

    status = 409
    code = "group_name_exists"
    field = "name"

    def __init__(self, name: str) -> None:
        super().__init__(f"A group with the name {name} already exists")
