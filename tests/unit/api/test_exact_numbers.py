"""Where an update replaces the whole record, numbers of unknown fields are sent back as they came."""

import asyncio
import json

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.exact_json import NUMBER_TEXTS, exact
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.errors import RequestRejected
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.users import User

KNOWN = '"id": "u1", "email": "ann@example.com", "firstName": "An", "role": "Viewer", "status": "active", "groups": []'
TOKEN = '{"access_token": "t", "token_type": "Bearer", "expires_in": 3600}'
JSON = {"Content-Type": "application/json"}


class Server:
    """A server without PATCH and with one record, by its text; ``replaced`` are the bodies of the PUT requests."""

    def __init__(self, record: str) -> None:
        self.record = record
        self.replaced: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT":
            self.replaced.append(request.content.decode())
        status = 405 if request.method == "PATCH" else 200
        text = TOKEN if request.url.path.endswith("/token") else self.record
        return httpx.Response(status, stream=httpx.ByteStream(text.encode()), headers=JSON)


async def rename(server: Server) -> None:
    settings = RestSettings("acme", "http://server", "demo", lambda: Secret("demo"), "the test")
    api = RestDirectory(settings, transport=httpx.MockTransport(server), pacer=unpaced())
    try:
        await api.update_user("u1", {"first_name": "Ann"}, User("u1"))
    finally:
        await api.aclose()


@given(st.lists(NUMBER_TEXTS, min_size=4, max_size=4))
@example(["1e999", "-1e-999", "0.12345678901234567890", "123456789012345678901234567890"])
def test_a_put_contains_every_number_to_its_last_digit(numbers: list[str]) -> None:
    a, b, c, d = numbers
    record = f'{{{KNOWN}, "seat": {a}, "more": [{b}, {{"x": {c}}}, "{a}"], "externalId": {d}}}'
    server = Server(record)
    asyncio.run(rename(server))
    before = exact(record)
    assert isinstance(before, dict)
    assert [exact(body) for body in server.replaced] == [{**before, "firstName": "Ann"}]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity"])
async def test_a_record_with_a_value_that_json_lacks_is_not_put(value: str) -> None:
    server = Server(f'{{{KNOWN}, "seat": 1, "sc\\u001bore": [{{"x": {value}}}]}}')
    with pytest.raises(RequestRejected, match=r"NaN or Infinity in sc␛ore: .*nothing was sent"):
        await rename(server)
    assert server.replaced == []
    server.record = json.dumps({**json.loads(f"{{{KNOWN}}}"), "seat": value})
    await rename(server)
    assert len(server.replaced) == 1
