"""A request as a curl command: a shell passes curl the arguments of the request."""

import subprocess

import pytest

from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.traffic import FORM, RequestRecord, curl_command, curl_of_user

REST = Account("acme", Environment.SANDBOX, Surface.REST, "https://api.walkme.com", client_id="id-1")
SCIM = REST._replace(surface=Surface.SCIM, base_url="https://x.example/scim/v2", client_id="")
VARIABLES = {
    "WALKME_TOKEN": "t0k en",
    "WALKME_PASSWORD": "p w",
    "WALKME_EMAIL": "o'b@example.com",
    "WALKME_CLIENT_SECRET": "s$x`y",
}


def arguments(sent: RequestRecord | str, account: Account = REST) -> list[str]:
    """What curl gets of a request or a command, an argument a line."""
    command = sent if isinstance(sent, str) else curl_command(sent, account)
    script = f"curl() {{ printf '%s\\n' \"$@\"; }}\n{command}"
    ran = subprocess.run(["sh", "-c", script], env=VARIABLES, capture_output=True, text=True, check=True)
    return ran.stdout.splitlines()


def record(method: str, path: str, body: str = "", **headers: str) -> RequestRecord:
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return RequestRecord(0, method, path, 200, "ok", 5, 1, fields, body)


def test_curl_command_of_a_change() -> None:
    body = '{"firstName": "O\'Brien $(rm)"}'
    assert arguments(record("PATCH", "/users/u-1", body, authorization="…", content_type="application/json")) == [
        "--request", "PATCH", "--header", "Authorization: Bearer t0k en",
        "--header", "Content-Type: application/json", "--data", body, "https://api.walkme.com/users/u-1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/users?page=1&pageSize=100", ["page=1", "pageSize=100"]),
        ("/users?email=…", ["email=o'b@example.com"]),
    ],
)
def test_curl_command_of_a_query(path: str, fields: list[str]) -> None:
    options = [option for field in fields for option in ("--data-urlencode", field)]
    assert arguments(record("GET", path))[4:] == ["--get", *options, "https://api.walkme.com/users"]


def test_curl_command_of_a_sign_in_has_the_secret_in_a_variable() -> None:
    sent = record("POST", "/accounts/connect/token", "grant_type=client_credentials&client_secret=…", content_type=FORM)
    assert arguments(sent) == [
        "--request", "POST", "--data-urlencode", "grant_type=client_credentials",
        "--data-urlencode", "client_secret=s$x`y", "https://api.walkme.com/accounts/connect/token",
    ]  # fmt: skip


def test_the_id_of_a_user_stays_one_part_of_the_path() -> None:
    assert arguments(curl_of_user("a'b/?$(rm)", REST)) == [
        "--request", "GET", "--header", "Authorization: Bearer t0k en", "https://api.walkme.com/users/a%27b%2F%3F%24%28rm%29",
    ]  # fmt: skip


def test_curl_commands_of_scim_have_its_paths_types_and_credentials() -> None:
    body = '{"op": "add"}'
    sent = record("PATCH", "/Users/u-1", body, authorization="…", content_type="application/scim+json")
    data = ["--header", "Content-Type: application/scim+json", "--data", body, "https://x.example/scim/v2/Users/u-1"]
    assert arguments(sent, SCIM) == ["--request", "PATCH", "--header", "Authorization: Bearer t0k en", *data]
    basic = SCIM._replace(client_id="an'n")
    assert arguments(sent, basic) == ["--request", "PATCH", "--user", "an'n:p w", *data]
    assert arguments(curl_of_user("u-1", SCIM))[-1] == "https://x.example/scim/v2/Users/u-1"
