"""``walkme-tui simulator`` as a separate process, over TCP."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

EXPORTS = re.compile(
    r"export WALKME_BASE_URL=(http://127\.0\.0\.1:\d+)\n"
    r"export WALKME_CLIENT_ID=demo\n"
    r"export WALKME_CLIENT_SECRET=demo\n"
    r"export WALKME_SCIM_BASE_URL=\1/scim/v2\n"
    r"export WALKME_SCIM_TOKEN=demo\n"
)


def command(*options: str) -> list[str]:
    return [sys.executable, "-W", "error", "-m", "walkme_tui", "simulator", *options]


@contextmanager
def running(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running simulator process, and its base URL."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command(*options), stdout=pipe, stderr=pipe, text=True, start_new_session=True) as process:
        try:
            assert process.stdout is not None
            lines = "".join(process.stdout.readline() for _ in range(5))
            exports = EXPORTS.fullmatch(lines)
            assert exports, lines
            yield process, exports[1]
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def sign_in(client: httpx.Client) -> None:
    answer = client.post(
        "/accounts/connect/token", data={"grant_type": "client_credentials"}, auth=httpx.BasicAuth("demo", "demo")
    )
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_prints_its_address_and_ends_without_output(number: signal.Signals) -> None:
    with running("--users", "1000000", "--log") as (process, url):
        with httpx.Client(base_url=url, trust_env=False) as client:
            sign_in(client)
            page = client.get("/users", params={"page": 1000, "pageSize": 1000}).json()
            assert (len(page["users"]), page["total"]) == (1000, 1_000_000)
            process.send_signal(number)
            assert process.wait(10) == 0
        out, err = process.communicate(timeout=10)
        assert out == ""
        lines = err.splitlines()
        assert lines[0] == "Simulating 1000000 people. Ctrl+C stops it."
        assert [re.sub(r"^\S+ | \d+ ms$", "", line) for line in lines[1:]] == [
            "200 POST /accounts/connect/token",
            "200 GET /users?page=1000&pageSize=1000",
        ]


def test_a_hanging_request_does_not_delay_the_shutdown() -> None:
    with running("--fault", "hang") as (process, url):
        with httpx.Client(base_url=url, trust_env=False) as client:
            sign_in(client)
            with pytest.raises(httpx.ReadTimeout):
                client.get("/users", timeout=0.3)
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 5) as idle:
            idle.sendall(b"GET /groups HT")
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        assert "Traceback" not in process.communicate(timeout=10)[1]


def test_a_closed_connection_reaches_the_client() -> None:
    with running("--fault", "cut") as (process, url):
        with httpx.Client(base_url=url, trust_env=False) as client:
            sign_in(client)
            with pytest.raises(httpx.RemoteProtocolError):
                client.get("/users")
            assert client.get("/users").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "Traceback" not in process.communicate(timeout=10)[1]


def test_a_port_in_use_is_reported() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run(command("--port", port), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert f"Port {port} is in use by another program." in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_without_the_server_extra_the_error_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['uvicorn'] = None; from walkme_tui.cli.main import run; sys.exit(run(['simulator']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert 'pip install "walkme-tui[simulator]"' in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--port", "65536"],
        ["--users", "-1"],
        ["--users", "many"],
        ["--rate-per-s", "0"],
        ["--scopes", "users:all"],
        ["--patch", "501"],
        ["--fault", "none"],
    ],
)
def test_an_invalid_option_is_a_usage_error(options: list[str]) -> None:
    done = subprocess.run(command(*options), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert options[0] in done.stderr
    assert done.stdout == ""
