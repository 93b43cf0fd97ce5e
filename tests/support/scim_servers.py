"""SCIM servers of other projects, as processes on 127.0.0.1: scim2-server, and SCIMMY with express where Node is.

with scim2_server() as server:
    url = server.new_account()      # the base URL of an empty account
account = ScimAccount(url)          # plain HTTP: what the server itself says
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.install_cache import installed
from tests.support.tcp import free_port

TOKEN = "foreign-token"
SCIMMY_FOLDER = Path(__file__).parent / "scimmy"
CORE = "urn:ietf:params:scim:schemas:core:2.0:"


@dataclass(slots=True)
class ScimServer:
    """A running server, whose accounts are at ``url`` with a name in the place of ``{}``."""

    url: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def new_account(self) -> str:
        """The base URL of a new empty account; the token is ``TOKEN``."""
        return self.url.format(f"account{next(self._numbers)}")


@dataclass(frozen=True, slots=True)
class ScimAnswer:
    """Status and decoded body (None where it is empty) of a request."""

    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class ScimAccount:
    """An account through the eyes of its server: each call is a request of its own."""

    url: str
    token: str = TOKEN

    def __call__(self, method: str, path: str, body: Any = None) -> ScimAnswer:
        """Send one request; ``path`` begins with a slash."""
        request = urllib.request.Request(self.url + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Accept", "application/scim+json")
        if body is not None:
            request.add_header("Content-Type", "application/scim+json")
            request.data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                status, content = answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                status, content = error.code, error.read()
        return ScimAnswer(status, json.loads(content) if content else None)

    def add_user(self, user_name: str, first: str = "", last: str = "", **attributes: Any) -> str:
        """Create a user; returns the id."""
        name = {key: value for key, value in (("givenName", first), ("familyName", last)) if value}
        body = {"schemas": [CORE + "User"], "userName": user_name, "active": True, **({"name": name} if name else {})}
        return self._create("/Users", body | attributes)

    def add_group(self, name: str, members: Sequence[str] = ()) -> str:
        """Create a group; returns the id."""
        values = [{"value": user_id} for user_id in members]
        body = {"schemas": [CORE + "Group"], "displayName": name, **({"members": values} if values else {})}
        return self._create("/Groups", body)

    def user(self, user_name: str) -> dict[str, Any]:
        """The one user with this name; fails where there is none."""
        (user,) = [user for user in self.users() if str(user.get("userName")).casefold() == user_name.casefold()]
        return user

    def users(self) -> list[dict[str, Any]]:
        """All users, in the server's order."""
        return self._all("/Users")

    def groups(self) -> dict[str, list[str]]:
        """Ids of the members by the names of the groups."""
        groups = self._all("/Groups")
        return {group["displayName"]: [member["value"] for member in group.get("members") or ()] for group in groups}

    def _create(self, path: str, body: dict[str, Any]) -> str:
        answer = self("POST", path, body)
        assert answer.status == 201, answer
        return str(answer.body["id"])

    def _all(self, path: str) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        while True:
            page = self("GET", f"{path}?startIndex={len(records) + 1}&count=100").body
            records += page.get("Resources", [])
            if not page.get("Resources") or len(records) >= page["totalResults"]:
                return records


@contextmanager
def scim2_server() -> Iterator[ScimServer]:
    """The command of scim2-server."""
    port = free_port()
    command = Path(sys.executable).with_name("scim2-server")
    words = [str(command), "--port", str(port), "--bearer-token", TOKEN, "--dynamic-tenants"]
    with _process(words, {"PYTHONUNBUFFERED": "1"}) as first_line:
        assert first_line.startswith("Serving SCIM"), first_line
        yield ScimServer(f"http://127.0.0.1:{port}/{{}}/v2")


@contextmanager
def scimmy() -> Iterator[ScimServer]:
    """SCIMMY with express; skips the test where Node is not installed."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node is not installed: SCIMMY needs it")
    modules = _scimmy_modules()
    with _process(["node", str(SCIMMY_FOLDER / "server.cjs"), TOKEN], {"NODE_PATH": str(modules)}) as first_line:
        yield ScimServer(f"http://127.0.0.1:{int(first_line)}/{{}}/scim/v2")


def with_query(path: str, **parameters: str) -> str:
    """The path with query parameters."""
    return path + "?" + "&".join(f"{name}={quote(value)}" for name, value in parameters.items())


@contextmanager
def _process(words: Sequence[str], environment: dict[str, str]) -> Iterator[str]:
    """Run a server, which ends with the block; gives its first line, which it prints when it is ready."""
    with tempfile.TemporaryFile() as errors:
        server = subprocess.Popen(
            words, env=os.environ | environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        )
        with server:
            try:
                assert server.stdout is not None
                first_line = server.stdout.readline().strip()
                if not first_line:
                    errors.seek(0)
                    pytest.fail(f"{words[0]} did not start: {errors.read().decode(errors='replace')[-2000:]}")
                yield first_line
            finally:
                server.terminate()


def _scimmy_modules() -> Path:
    """The folder of SCIMMY's packages, installed once for each set of versions."""
    files = [SCIMMY_FOLDER / name for name in ("package.json", "package-lock.json")]
    key = hashlib.sha256(files[1].read_bytes()).hexdigest()[:16]

    def install(folder: Path) -> None:
        for file in files:
            shutil.copy(file, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=300)

    return installed(f"scimmy-{key}", install) / "node_modules"
