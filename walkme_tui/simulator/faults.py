"""Simulated faults, set by a test or by ``--fault NAME``."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from walkme_tui.domain.users import Json
from walkme_tui.simulator.refusal_shapes import RefusalShape

if TYPE_CHECKING:
    from types import EllipsisType

    from walkme_tui.simulator.account import SimulatedAccount


# The users of both surfaces.
_USERS: Final = ("/users", "/scim/v2/Users")


class AnswerFault(StrEnum):
    """What is wrong with one answer."""

    ERROR = "error"  # the fault's status, with a JSON body
    HTML = "html"  # a web page instead of JSON, with the fault's status
    EMPTY = "empty"  # the fault's status and no body
    REDIRECT = "redirect"  # 302 to another host
    TRUNCATED = "truncated"  # the first half of the true answer, with the length of that half
    CUT = "cut"  # the first half of the true answer, then the connection closes
    TRICKLE = "trickle"  # the true answer at twenty bytes a second
    OVERSIZED = "oversized"  # a body of 64 MB
    REFUSED = "refused"  # a refusal of the fields in the request's body, in the fault's shape
    HANG = "hang"  # no answer until the client closes the connection


class TotalFault(StrEnum):
    """The ``total`` that a list contains."""

    TRUE = "true"
    MISSING = "missing"
    NEGATIVE = "negative"
    TEXT = "text"
    SHRINKING = "shrinking"  # one page less with every request


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that applies to some requests.

    These are requests of ``method`` (any if empty) whose path begins with ``path``, or with one of several: the first
    of them, then every ``every``-th, ``times`` of them altogether (None: no limit). ``retry_after`` is the value of the
    header. With ``after_execution`` the request is executed before the wrong answer is sent. ``shape`` is that of a
    refusal.
    """

    kind: AnswerFault
    times: int | None = 1
    every: int = 1
    method: str = ""
    path: str | tuple[str, ...] = "/"
    status: int = 503
    retry_after: str | None = None
    after_execution: bool = False
    shape: RefusalShape = RefusalShape.PROBLEM


class Faults:
    """The faults of one simulator; its attributes may be set and its methods called at any time.

    ``total`` falsifies the total of lists, ``repeated_pages`` are page numbers that return the rows of the page before,
    ``rows`` replaces the users at positions of the list with other values, ``drift`` deletes the first user after
    every list request. ``email_ignored`` answers look-ups by email with the list. ``token_fields`` replaces fields of
    the token answer; the value ``...`` deletes the field.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.clear()
        for name in names:
            NAMED_FAULTS[name](self)

    def clear(self) -> None:
        """Remove all faults."""
        self.total = TotalFault.TRUE
        self.lists_sent = 0
        self.repeated_pages: frozenset[int] = frozenset()
        self.rows: Mapping[int, Json] = {}
        self.drift = False
        self.email_ignored = False
        self.token_fields: Mapping[str, Json | EllipsisType] = {}
        self._active: list[_ActiveFault] = []

    def add(self, fault: Fault) -> None:
        """Add a fault, after those that are active already."""
        self._active.append(_ActiveFault(fault))

    def fail_next(
        self,
        times: int = 1,
        status: int = 503,
        *,
        path: str | tuple[str, ...] = "/",
        retry_after: str | None = None,
    ) -> None:
        """Answer the next requests with an error status."""
        self.add(Fault(AnswerFault.ERROR, times=times, status=status, path=path, retry_after=retry_after))

    def hang_next(self, times: int = 1, *, path: str = "/") -> None:
        """Never answer the next requests."""
        self.add(Fault(AnswerFault.HANG, times=times, path=path))

    def listed_total(self, total: int, size: int) -> "Json | EllipsisType":
        """The total that the next list contains, ``...`` for none."""
        self.lists_sent += 1
        match self.total:
            case TotalFault.MISSING:
                return ...
            case TotalFault.NEGATIVE:
                return -1
            case TotalFault.TEXT:
                return f"about {total}"
            case TotalFault.SHRINKING:
                return max(0, total - (self.lists_sent - 1) * size)
        return total

    def after_list(self, account: "SimulatedAccount") -> None:
        """What happens to the account when a list was sent."""
        if self.drift and account.total:
            account.delete(str(account.users(0, 1)[0]["id"]))

    def take(self, method: str, path: str) -> Fault | None:
        """The fault for this request, None if there is none; of several the oldest. Counts as one of its ``times``."""
        for active in self._active:
            if active.applies_to(method, path):
                if active.used_up:
                    self._active.remove(active)
                return active.fault
        return None


class _ActiveFault:
    """A fault, and the numbers of requests that matched it and that it was applied to."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self._matched = 0
        self._applied = 0

    def applies_to(self, method: str, path: str) -> bool:
        fault = self.fault
        if not path.startswith(fault.path) or fault.method not in {"", method}:
            return False
        self._matched += 1
        if (self._matched - 1) % fault.every:
            return False
        self._applied += 1
        return True

    @property
    def used_up(self) -> bool:
        return self.fault.times is not None and self._applied >= self.fault.times


def _always(kind: AnswerFault, every: int, status: int = 503) -> Callable[[Faults], None]:
    return lambda faults: faults.add(Fault(kind, times=None, every=every, path=_USERS, status=status))


def _refusing(shape: RefusalShape) -> Callable[[Faults], None]:
    """Refuse every second write, so that a save can be tried again."""

    def add(faults: Faults) -> None:
        for method in ("POST", "PUT", "PATCH"):
            faults.add(Fault(AnswerFault.REFUSED, times=None, every=2, method=method, path=_USERS, shape=shape))

    return add


def _with(name: str, value: object) -> Callable[[Faults], None]:
    return lambda faults: setattr(faults, name, value)


def _burst(faults: Faults) -> None:
    """Five errors in a row at the start, then one in ten."""
    faults.fail_next(5, path=_USERS)
    faults.add(Fault(AnswerFault.ERROR, times=None, every=10, path=_USERS, status=502))


_MALFORMED: Final[Mapping[int, Json]] = {
    2: None,
    5: "not a user",
    11: {"email": "no.id@example.com"},
    17: {"id": 17, "email": "number@example.com"},
    23: {"id": "odd-types", "email": 5, "groups": "none", "createdAt": "yesterday", "status": ["active"]},
}

NAMED_FAULTS: Final[Mapping[str, Callable[[Faults], None]]] = {
    "burst": _burst,
    "hang": _always(AnswerFault.HANG, 15),
    "html": _always(AnswerFault.HTML, 4, status=200),
    "redirect": _always(AnswerFault.REDIRECT, 4),
    "truncated": _always(AnswerFault.TRUNCATED, 4),
    "cut": _always(AnswerFault.CUT, 4),
    "trickle": _always(AnswerFault.TRICKLE, 10),
    "oversized": _always(AnswerFault.OVERSIZED, 10),
    "total-missing": _with("total", TotalFault.MISSING),
    "total-negative": _with("total", TotalFault.NEGATIVE),
    "total-text": _with("total", TotalFault.TEXT),
    "total-shrinking": _with("total", TotalFault.SHRINKING),
    "repeated-page": _with("repeated_pages", frozenset({2, 5})),
    "malformed": _with("rows", _MALFORMED),
    "drift": _with("drift", True),
    "email-ignored": _with("email_ignored", True),
    "no-expiry": _with("token_fields", {"expires_in": ...}),
    **{f"refused-{shape}": _refusing(shape) for shape in RefusalShape},
}
