"""A SCIM server with a small group and a large one, over TCP: ``python -m … MEMBERS LISTED``.

The large group has all users but the first ``OTHERS``. Pages of the list of users past the first LISTED ones are never
answered. It prints its address, then for each list of the large group's members the moment when its last byte was
written: seconds of ``time.perf_counter``, which on Linux is the same clock in every process.
"""

import json
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

SCHEMAS: Final = "urn:ietf:params:scim:schemas:core:2.0:"
GROUPS: Final = {"g-1": "A small group", "g-2": "Everybody"}
SMALL: Final = 30
OTHERS: Final = 1000


def email(number: int) -> str:
    """The email of a user; the large group lists the last user first."""
    return f"member{number:06}@example.com"


def user_id(number: int) -> str:
    """The id of a user; scattered, as random ones are."""
    scattered = number * 2654435761 % (1 << 32)
    return f"{scattered:08x}-0000-4000-8000-{number:012x}"


class Handler(BaseHTTPRequestHandler):
    """Answers GET requests."""

    protocol_version = "HTTP/1.1"
    users = listed = 0
    large_body = b""

    def do_GET(self) -> None:
        """Users and groups; 404 for all else."""
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        match [part for part in url.path.split("/") if part][2:]:
            case ["Users"] if "filter" not in query:
                if int(query.get("startIndex", 1)) > self.listed:
                    threading.Event().wait()
                self._send_list(range(self.users), _user, query)
            case ["Groups"] if "filter" not in query:
                self._send_list(list(GROUPS), _group, query)
            case ["Groups", "g-2"]:
                self._send(200, self.large_body)
                sys.stdout.write(f"{time.perf_counter()}\n")
                sys.stdout.flush()
            case ["Groups", "g-1"]:
                self._send(200, _encoded(_group("g-1") | {"members": [_member(number) for number in range(SMALL)]}))
            case ["Users", wanted] if int(wanted[-12:], 16) < self.users:
                self._send(200, _encoded(_user(int(wanted[-12:], 16))))
            case _:
                self._send(404, _encoded({"status": "404", "detail": "not found"}))

    def _send_list(self, rows: Any, record: Any, query: Mapping[str, str]) -> None:
        start, count = int(query.get("startIndex", 1)), int(query.get("count", 100))
        page = [record(each) for each in rows[start - 1 : start - 1 + count]]
        self._send(200, _encoded({"totalResults": len(rows), "startIndex": start, "Resources": page}))

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/scim+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle(self) -> None:
        """Serve a connection until the client ends it, in any way."""
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Log nothing."""


def _user(number: int) -> dict[str, Any]:
    return {
        "schemas": [f"{SCHEMAS}User"],
        "id": user_id(number),
        "userName": email(number),
        "name": {"givenName": "Zoë", "familyName": f"Çelik {number}"},
        "active": True,
    }


def _group(group_id: str) -> dict[str, Any]:
    return {"schemas": [f"{SCHEMAS}Group"], "id": group_id, "displayName": GROUPS[group_id]}


def _member(number: int) -> dict[str, str]:
    return {"value": user_id(number), "display": email(number), "$ref": f"https://scim.test/Users/{user_id(number)}"}


def _encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def main() -> None:
    """Serve until killed."""
    Handler.users, Handler.listed = int(sys.argv[1]) + OTHERS, int(sys.argv[2])
    members = [_member(number) for number in range(Handler.users - 1, OTHERS - 1, -1)]
    Handler.large_body = _encoded(_group("g-2") | {"members": members})
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"http://127.0.0.1:{server.server_address[1]}/scim/v2\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
