"""Base URLs: accepted addresses, their normal form, and refused addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from walkme_tui.config.addresses import REGIONS, SCIM_REGIONS, AddressRefused, normalised_base_url
from walkme_tui.domain.accounts import is_loopback


@pytest.mark.parametrize(
    ("written", "used"),
    [
        ("https://api.walkme.com", "https://api.walkme.com"),
        ("https://api.walkme.com/", "https://api.walkme.com"),
        ("HTTPS://API.WalkMe.com//", "https://api.walkme.com"),
        ("https://papi.walkme.com/deepui/api/scim/v2/", "https://papi.walkme.com/deepui/api/scim/v2"),
        ("https://gateway.example:8443/Walk", "https://gateway.example:8443/Walk"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://127.9.8.7", "http://127.9.8.7"),
        ("http://localhost:9/", "http://localhost:9"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_good_addresses_are_normalised(written: str, used: str) -> None:
    assert normalised_base_url(written) == used
    assert normalised_base_url(used) == used


@pytest.mark.parametrize(
    "address",
    [
        "http://api.walkme.com",
        "http://10.0.0.1",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://128.0.0.1",
        "http://0.0.0.0",
        "http://[::2]",
        "https://user@api.walkme.com",
        "https://user:hunter2@api.walkme.com",
        "https://api.walkme.com?x=1",
        "https://api.walkme.com?",
        "https://api.walkme.com/#x",
        "https://api.walkme.com/#",
        "https://api.walkme.com/a/../b",
        "https://",
        "https:///path",
        "https://host:port",
        "https://host:99999",
        "https://[::1",
        "ftp://api.walkme.com",
        "file:///etc/passwd",
        "api.walkme.com",
        "hunter2",
        "",
        "https://api.walk me.com",
        "https://api.walkme.com\r\nHost: evil",
        "https://api.walkme.com\\@evil.example",
        "https://api.wälkme.com",
    ],
)
def test_bad_addresses_are_refused_without_being_shown(address: str) -> None:
    with pytest.raises(AddressRefused) as caught:
        normalised_base_url(address)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_accepted_or_refused_with_a_message(text: str) -> None:
    try:
        used = normalised_base_url(text)
    except AddressRefused:
        return
    assert normalised_base_url(used) == used


@given(st.integers(0, 2**24 - 1))
def test_all_addresses_of_127_are_loopback(number: int) -> None:
    assert is_loopback(f"127.{number >> 16}.{number >> 8 & 255}.{number & 255}")


def test_the_regions_are_the_documented_hosts() -> None:
    assert REGIONS == {
        "us": "https://api.walkme.com",
        "eu": "https://eu-api.walkme.com",
        "canada": "https://api-ca1.walkmedap.com",
        "fedramp": "https://api.walkmegov.com",
    }
    assert SCIM_REGIONS == {
        "us": "https://papi.walkme.com/deepui/api/scim/v2",
        "eu": "https://eu-papi.walkme.com/deepui/api/scim/v2",
        "canada": "https://papi-ca1.walkmedap.com/deepui/api/scim/v2",
    }
    for address in (*REGIONS.values(), *SCIM_REGIONS.values()):
        assert normalised_base_url(address) == address
