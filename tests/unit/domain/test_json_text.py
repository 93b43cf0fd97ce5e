"""JSON text keeps every number to its last digit."""

import json
from decimal import Decimal

import pytest
from hypothesis import example, given

from tests.support.exact_json import NUMBER_TEXTS, exact
from walkme_tui.domain.json_text import LONGEST_INTEGER, ExactNumber, dumps, is_json, loads
from walkme_tui.domain.text import printable_json


@given(NUMBER_TEXTS)
@example("1e999")
@example("-1e-999")
@example("0.12345678901234567890")
def test_a_number_keeps_its_value(number: str) -> None:
    text = f'{{"a": [{number}, "{number}"]}}'
    for written in (dumps(loads(text)), dumps(loads(text), indent=2), printable_json(loads(text))):
        assert exact(written) == exact(text)


@given(NUMBER_TEXTS)
def test_a_number_is_a_float_unless_that_changes_its_value(number: str) -> None:
    value = loads(number)
    if isinstance(value, ExactNumber):
        assert Decimal(repr(float(number))) != Decimal(number)
    else:
        assert Decimal(repr(value)) == Decimal(number)


def test_an_integer_too_long_to_be_converted_keeps_its_text() -> None:
    text = "9" * 5000
    assert loads(text) == ExactNumber(text)
    assert dumps([loads(text)]) == f"[{text}]"
    assert type(loads("9" * LONGEST_INTEGER)) is int


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_json_is_written_as_a_string_and_recognised(text: str) -> None:
    value = loads(f'{{"a": [1, {{"b": {text}}}]}}')
    assert json.loads(dumps(value)) == {"a": [1, {"b": text}]}
    assert not is_json(value)


def test_numbers_of_any_size_are_json() -> None:
    text = '{"a": [1e999, 1e99999999999999999999, "NaN", null, true, 1.5]}'
    assert dumps(loads(text)) == text
    assert is_json(loads(text))


def test_other_values_are_refused() -> None:
    with pytest.raises(TypeError, match="object has no JSON text"):
        dumps(object())
