"""The little TOML reader: it agrees with the standard one or says that it does not know."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.config.simple_toml import simple_toml
from walkme_tui.config.themes import shipped_folder

PIECES = st.sampled_from(
    [
        "a",
        "b-1",
        "[t]",
        "[a]",
        "[[t]]",
        "[t.u]",
        "=",
        " ",
        '"x"',
        '"',
        "'x'",
        "\\",
        "#c",
        "\n",
        "\n",
        "true",
        "false",
        "1",
    ]
)
KEYED = st.builds(
    "{} = {}".format,
    st.sampled_from(["a", "b", "c.d", '"q"', ""]),
    st.sampled_from(['"x"', "true", '""', "1", '"a"b"', "[]"]),
)
TEXTS = st.lists(PIECES | KEYED | st.text(max_size=6), max_size=12).map("\n".join) | st.lists(PIECES, max_size=12).map(
    "".join
)


@given(text=TEXTS)
def test_what_it_reads_the_standard_parser_reads_as_well(text: str) -> None:
    values = simple_toml(text)
    if values is not None:
        assert values == tomllib.loads(text)


@pytest.mark.parametrize("name", ["dusk", "paper", "mono"])
def test_it_reads_the_themes_that_ship(name: str) -> None:
    text = (shipped_folder() / f"{name}.toml").read_text(encoding="utf-8")
    assert simple_toml(text) == tomllib.loads(text)


@pytest.mark.parametrize(
    "text",
    [
        "a = 1",
        "a = 'x'",
        'a = "\\n"',
        "a.b = true",
        "[a.b]",
        "[[a]]",
        "a = true # why",
        'a = "x\ty"',
        "a",
        "= true",
        "\ta = true",
    ],
)
def test_the_rest_is_left_to_the_standard_parser(text: str) -> None:
    assert simple_toml(text) is None
