"""The proxy of the environment that is used for an address, and the messages for unusable ones."""

import ssl
import sys

import pytest

from walkme_tui.api.proxies import environment_proxy, proxy_options
from walkme_tui.domain.errors import ConfigurationError

API = "https://api.walkme.com"
VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def name_of(base_url: str = API) -> str:
    proxy = environment_proxy(base_url)
    return "" if proxy is None else proxy.name


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, ""),
        ({"HTTPS_PROXY": "http://proxy.corp:3128"}, "proxy.corp:3128 (HTTPS_PROXY)"),
        ({"https_proxy": "http://one", "HTTPS_PROXY": "http://two"}, "one:80 (https_proxy)"),
        ({"HTTPS_PROXY": "https://one", "ALL_PROXY": "http://two"}, "one:443 (HTTPS_PROXY)"),
        ({"HTTPS_PROXY": "", "ALL_PROXY": "two:1"}, "two:1 (ALL_PROXY)"),
        ({"HTTPS_PROXY": "http://one", "ALL_PROXY": "socks://two"}, "one:80 (HTTPS_PROXY)"),
        ({"HTTP_PROXY": "http://one"}, ""),
        ({"HTTPS_PROXY": "http://[::1]:3128/"}, "[::1]:3128 (HTTPS_PROXY)"),
        ({"ALL_PROXY": "socks5h://two"}, "two:1080 (ALL_PROXY)"),
        ({"HTTPS_PROXY": "http://me:p@ss@one:1"}, "one:1 (HTTPS_PROXY)"),
    ],
)
def test_the_proxy_is_reported_with_its_variable(
    settings: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in settings.items():
        monkeypatch.setenv(variable, value)
    assert name_of() == name


@pytest.mark.parametrize(
    "base_url", ["http://127.0.0.1:8080", "http://localhost", "https://127.1.2.3", "http://[::1]:1"]
)
def test_no_proxy_is_used_for_loopback_addresses(base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(variable, "socks://broken")
    assert name_of(base_url) == ""


@pytest.mark.parametrize(
    ("excluded", "base_url"),
    [
        ("api.walkme.com", API),
        ("WALKME.com", API),
        (".walkme.com", API),
        ("*.walkme.com", API),
        ("walkme.com:443", API),
        ("https://walkme.com", API),
        ("all://walkme.com", API),
        ("*", API),
        ("x, *", API),
        ("::1/128,localhost walkme.com", API),
        ("10.0.0.0/8", "https://10.20.30.40:8443"),
        ("10.20.30.40:8443", "https://10.20.30.40:8443"),
        ("fd00::/8", "https://[fd12::1]"),
        ("[fd12::1]:443", "https://[fd12::1]"),
    ],
)
def test_no_proxy_excludes_addresses(excluded: str, base_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://one")
    monkeypatch.setenv("NO_PROXY", excluded)
    assert name_of(base_url) == ""


@pytest.mark.parametrize(
    "excluded",
    [
        "localhost,127.0.0.0/8,::1/128",
        "10.0.0.0/8, fd00::/8, [::1], [::1, ::1/999, 1.2.3.4/x, %, :, ://, a://b://c, *., .",
        "notwalkme.com,api.walkme.com.evil,walkme.com:8443,http://walkme.com,walkme.com/path,walkme.com:port",
        "[fd12::1]:x,\x01,ü,*walkme",
    ],
)
def test_other_and_invalid_entries_of_no_proxy_are_ignored(excluded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://one")
    monkeypatch.setenv("NO_PROXY", excluded)
    assert name_of() == "one:80 (HTTPS_PROXY)"


@pytest.mark.parametrize(
    "value",
    [
        "http://me:hunter2/x@proxy:3128",
        "http://hunter2:1234/x@proxy:3128",
        "http://me:hunter2?@proxy",
        "http://me:hunter2#@proxy",
        "http://me:hunter2@proxy:99999",
        "http://me:hunter2@proxy:port",
        "http://me:hunter2@[::1",
        "http://me:hunter2@",
        "me:hunter2@proxy:3128/proxy.pac",
        "socks4://me:hunter2@proxy",
        "socks://me:hunter2@proxy",
        "http://me:hunter2\x1b@proxy",
    ],
)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_an_invalid_proxy_is_refused_with_its_variable_without_its_value(
    value: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError) as caught:
        environment_proxy(API)
    assert caught.value.message.startswith(f"{variable} ")
    assert "hunter2" not in f"{caught.value}{caught.value!r}"
    assert caught.value.hint


def test_proxy_credentials_are_in_no_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy:3128")
    proxy = environment_proxy(API)
    assert proxy is not None
    assert proxy.url == "http://me:hunter2@proxy:3128"
    assert "hunter2" not in f"{proxy}{proxy!r}{proxy_options(proxy, ssl.create_default_context())!r}"


def test_a_proxy_refused_by_the_http_library_is_reported_with_its_variable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@999.1.1.1")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY is not the address of a proxy"):
        proxy_options(environment_proxy(API), ssl.create_default_context())


def test_a_socks_proxy_without_the_extra_shows_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://me:hunter2@proxy")
    with pytest.raises(ConfigurationError, match="ALL_PROXY names a SOCKS proxy") as caught:
        environment_proxy(API)
    assert "pip install 'walkme-tui[socks]'" in caught.value.hint
