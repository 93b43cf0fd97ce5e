"""Refusals of SCIM requests."""


class ScimRefusal(Exception):
    """A request is refused with this HTTP status; ``scim_type`` is one of RFC 7644, 3.12, or empty."""

    def __init__(self, status: int, scim_type: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.scim_type = scim_type


def invalid_value(message: str) -> ScimRefusal:
    """A value has the wrong type or is missing."""
    return ScimRefusal(400, "invalidValue", message)
