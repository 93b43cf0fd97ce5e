"""Bodies of refused writes in the shapes that servers use: which fields were refused, and why."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from walkme_tui.domain.users import Json

REASON: Final = "this value is refused by a simulated fault"
HOSTILE_REASON: Final = "\x1b]52;c;aGk=\x07[@click=app.quit]refused[/] \u202edesufer" + " and so on" * 60


class RefusalShape(StrEnum):
    """The shape of a body that names refused fields."""

    PROBLEM = "problem"  # problem details (RFC 9457) with JSON pointers
    MAP = "map"  # lists of reasons by field
    LIST = "list"  # a list of objects with field and message
    OBJECT = "object"  # one object with the first field and a message
    PATHS = "paths"  # a list of objects with paths
    SENTENCES = "sentences"  # sentences that name a field
    HOSTILE = "hostile"  # lists of reasons by field that attack a terminal, beside nested data


def refusal(shape: RefusalShape, fields: Sequence[str]) -> tuple[int, Json]:
    """Status and body of a refusal of these fields, of which there is at least one."""
    match shape:
        case RefusalShape.PROBLEM:
            errors: list[Json] = [{"pointer": f"#/{field}", "detail": REASON} for field in fields]
            return 422, {"type": "about:blank", "title": "The request is not valid.", "status": 422, "errors": errors}
        case RefusalShape.MAP:
            return 422, {"errors": {field: [REASON] for field in fields}}
        case RefusalShape.LIST:
            return 400, [{"field": field, "message": REASON} for field in fields]
        case RefusalShape.OBJECT:
            return 400, {"field": fields[0], "message": REASON}
        case RefusalShape.PATHS:
            return 422, {"detail": [{"loc": ["body", field], "msg": REASON} for field in fields]}
        case RefusalShape.SENTENCES:
            return 400, {"error": "Bad Request", "message": [f"{field}: {REASON}" for field in fields]}
        case RefusalShape.HOSTILE:
            nested: Json = 1
            for _ in range(200):
                nested = [nested]
            return 422, {"errors": {field: [HOSTILE_REASON] * 5 for field in fields}, "nested": nested}
