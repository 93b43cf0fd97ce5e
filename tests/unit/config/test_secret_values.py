"""No accidental use of a Secret shows its value."""

import copy
import json
import logging
import pickle
import traceback

import pytest

from walkme_tui.domain.secrets import Secret

VALUE = "correct-horse-battery"


@pytest.mark.parametrize(
    "shown",
    [
        repr,
        str,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>40}",
        lambda secret: f"{secret!s:.5}",
        lambda secret: format(secret, "x<50"),
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the very thing that is tested
        lambda secret: "{} {!r}".format(secret, secret),  # noqa: UP032 - the very thing that is tested
        lambda secret: repr([secret, {"key": secret}]),
        ascii,
    ],
)
def test_no_text_form_of_a_secret_contains_its_value(shown):  # type: ignore[no-untyped-def]  # ten lambdas of one shape
    text = shown(Secret(VALUE))
    assert VALUE not in text
    assert VALUE[:5] not in text


def test_logging_a_secret_does_not_show_its_value(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("test").warning("token %s %r", Secret(VALUE), Secret(VALUE))
    assert "token" in caplog.text
    assert VALUE not in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled") as caught:
        pickle.dumps(Secret(VALUE), protocol)
    assert VALUE not in "".join(traceback.format_exception(caught.value))


def test_a_secret_cannot_be_copied_serialised_or_extended() -> None:
    secret = Secret(VALUE)
    with pytest.raises(TypeError):
        copy.copy(secret)
    with pytest.raises(TypeError):
        copy.deepcopy(secret)
    with pytest.raises(TypeError):
        json.dumps({"secret": secret})
    assert not hasattr(secret, "__dict__")


def test_a_secret_is_revealed_on_request_and_compares_by_value() -> None:
    assert Secret(VALUE).reveal() == VALUE
    assert Secret(VALUE) == Secret(VALUE)
    assert Secret(VALUE) != Secret("other")
    assert Secret(VALUE) != VALUE
    assert Secret(VALUE)
    assert not Secret("")
