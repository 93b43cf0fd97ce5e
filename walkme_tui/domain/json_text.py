"""JSON text to values and back without loss: a number that a float would round keeps its text."""

import json
import os
import re
from collections.abc import Callable
from typing import Any, Final

# Digits; Python converts at most 4300, so that no input can make it compute for minutes.
LONGEST_INTEGER: Final = 1000
# Marks the text of a number among other strings until the quotation marks around it are removed. Random, so that no
# received text contains it.
_MARK: Final = os.urandom(16).hex()
_MARKED: Final = re.compile(f'"{_MARK}([^"]*)"')


class ExactNumber:
    """A number by its text: one that Python would round or not convert, or NaN or Infinity, which JSON lacks.

    Not a dataclass: every start would take the time to make one.
    """

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExactNumber) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"ExactNumber({self.text!r})"

    @property
    def is_json(self) -> bool:
        """False for NaN and Infinity."""
        return self.text[-1].isdecimal()


def loads(text: str, object_hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The value of a JSON text; raises like ``json.loads``. NaN and Infinity are read, too.

    ``object_hook`` is called with each object, and its result takes the object's place.
    """
    return (_DECODER if object_hook is None else _decoder(object_hook)).decode(text)


def dumps(
    value: object,
    *,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
    ensure_ascii: bool = True,
) -> str:
    """The JSON text of a value of ``loads``; NaN and Infinity become strings."""
    if indent is None and separators is None and not sort_keys and ensure_ascii:
        text = _encode(value)
    else:
        text = json.dumps(
            value,
            default=_marked,
            indent=indent,
            separators=separators,
            sort_keys=sort_keys,
            ensure_ascii=ensure_ascii,
        )
    return _MARKED.sub(r"\1", text) if _MARK in text else text


def is_json(value: object) -> bool:
    """False where a value of ``loads`` contains NaN or Infinity."""
    if isinstance(value, dict):
        return all(map(is_json, value.values()))
    if isinstance(value, list):
        return all(map(is_json, value))
    return not isinstance(value, ExactNumber) or value.is_json


def _marked(value: object) -> str:
    if not isinstance(value, ExactNumber):
        raise TypeError(f"{type(value).__name__} has no JSON text")
    return _MARK + value.text if value.is_json else value.text


# The mirror writes thousands of values: an encoder for each call would take as long again.
_encode: Final = json.JSONEncoder(default=_marked, check_circular=False).encode


def _integer(text: str) -> int | ExactNumber:
    return int(text) if len(text) <= LONGEST_INTEGER else ExactNumber(text)


def _number(text: str) -> float | ExactNumber:
    """A float where it has the value of the text, to all digits."""
    number = float(text)
    return number if repr(number) == text or _is_same(number, text) else ExactNumber(text)


def _is_same(number: float, text: str) -> bool:
    from decimal import Decimal, InvalidOperation  # rarely needed

    try:
        return Decimal(repr(number)) == Decimal(text)
    except InvalidOperation:
        return False


def _decoder(object_hook: Callable[[dict[str, Any]], Any] | None = None) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_hook=object_hook, parse_float=_number, parse_int=_integer, parse_constant=ExactNumber
    )


_DECODER: Final = _decoder()
