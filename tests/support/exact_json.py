"""Numbers in JSON texts, and the comparison of such texts to the last digit."""

import json
from decimal import Decimal

from hypothesis import strategies as st

NUMBER_TEXTS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True
) | st.floats(allow_nan=False, allow_infinity=False).map(repr)


def exact(text: str) -> object:
    """The value of a JSON text; every number is a Decimal with all its digits."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)
