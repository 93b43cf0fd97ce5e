"""Updates on a simulator, with and without PATCH: no field of any record is lost, and no untouched field is sent."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.plan_strategies import TEXTS, users
from tests.support.unpaced import unpaced
from walkme_tui.api.rest.client import RestDirectory
from walkme_tui.api.rest.settings import RestSettings
from walkme_tui.domain.secrets import Secret
from walkme_tui.domain.user_json import JSON_NAMES, KNOWN_NAMES
from walkme_tui.domain.users import UNKNOWN, Json, User
from walkme_tui.simulator.account import SimulatedAccount
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import PatchSupport, SimulatorSettings

Raw = dict[str, Json]


class Client:
    """A REST client of a simulated account with one user, whose record a test replaces; ``sent`` are the writes."""

    def __init__(self, patch: PatchSupport, *, lean: bool) -> None:
        settings = SimulatorSettings(users=1, patch=patch, lean=lean)
        self.account = SimulatedAccount(settings)
        self.user_id = str(self.account.users(0, 1)[0]["id"])
        self.groups = [str(group["id"]) for group in self.account.groups()]
        self.sent: list[tuple[str, Any]] = []
        self._runner = asyncio.Runner()
        application = httpx.ASGITransport(app=Simulator(settings, self.account))
        self.api = self._runner.run(self._opened(application))

    async def _opened(self, application: httpx.ASGITransport) -> RestDirectory:
        async def send(request: httpx.Request) -> httpx.Response:
            if request.method in {"PATCH", "PUT"}:
                self.sent.append((request.method, json.loads(await request.aread())))
            return await application.handle_async_request(request)

        rest = RestSettings("acme", "http://simulator", "demo", lambda: Secret("demo"), "the test")
        return RestDirectory(rest, transport=httpx.MockTransport(send), pacer=unpaced())

    def now(self) -> Raw:
        """The record as the account has it."""
        return self.account.user(self.user_id)

    def update(self, raw: Raw, update: dict[str, str | None], base: User) -> tuple[Raw, Raw]:
        """Make ``raw`` the record, then update it; the record before and after, without the time of the change."""
        self.account.replace(self.user_id, raw)
        self.sent.clear()
        before = self.now()
        self._runner.run(self.api.update_user(self.user_id, update, base))
        after = self.now()
        assert after.pop("updatedAt") != before.pop("updatedAt")
        return before, after

    def close(self) -> None:
        self._runner.run(self.api.aclose())
        self._runner.close()


@pytest.fixture(scope="module", params=[False, True], ids=["full", "lean"])
def replacing(request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client("405", lean=request.param)
    yield client
    client.close()


@pytest.fixture(scope="module")
def patching() -> Iterator[Client]:
    client = Client("ok", lean=True)
    yield client
    client.close()


# Hidden characters and half characters are values like others.
VALUES = {
    "email": st.sampled_from(
        ["ann@example.com", "ANN@example.com", "zo\u0308e@\u200bexample.com", "a\x1b@example.com"]
    ),
    "first_name": TEXTS | st.none(),
    "last_name": TEXTS | st.none(),
    "role": TEXTS.filter(str.strip),
    "status": st.sampled_from(["active", "inactive"]),
    "external_id": TEXTS | st.none(),
}
NESTED = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
UNKNOWN_FIELDS = st.dictionaries(TEXTS.filter(lambda name: name not in KNOWN_NAMES), NESTED, max_size=4)


@st.composite
def updates(draw: st.DrawFn) -> dict[str, str | None]:
    """New values for one attribute or several."""
    chosen = draw(st.sets(st.sampled_from(sorted(VALUES)), min_size=1))
    return {attribute: draw(VALUES[attribute]) for attribute in sorted(chosen)}


@st.composite
def records(draw: st.DrawFn) -> Raw:
    """A record with every known field, and unknown ones with nested values; group numbers stand for groups."""
    known: Raw = {JSON_NAMES[attribute]: draw(values) for attribute, values in VALUES.items()}
    return {**draw(UNKNOWN_FIELDS), **known, "groups": list(draw(st.lists(st.integers(0, 4), unique=True)))}


BASES = users(st.just("base"))


def in_groups(raw: Raw, groups: list[str]) -> Raw:
    """The record with the ids of groups for their numbers."""
    numbers = raw["groups"]
    assert isinstance(numbers, list)
    return {**raw, "groups": [groups[int(str(number))] for number in numbers]}


def exact(value: object) -> str:
    """A text that is the same for the same JSON; for Python, 1 and true are equal."""
    return json.dumps(value, sort_keys=True)


@given(records(), updates(), BASES)
@settings(max_examples=150)
def test_put_keeps_every_field_that_was_not_updated(
    replacing: Client, raw: Raw, update: dict[str, str | None], base: User
) -> None:
    named = {JSON_NAMES[attribute]: value for attribute, value in update.items()}
    # An older base than the record in all other fields; an updated field that differs is a conflict.
    unread: dict[str, Any] = dict.fromkeys(update, UNKNOWN)
    base = base._replace(**unread, extra={name: value for name, value in base.extra.items() if name not in named})
    before, after = replacing.update(in_groups(raw, replacing.groups), update, base)
    assert exact(after) == exact({**before, **named})
    # What was read is sent back as it was read.
    method, body = replacing.sent[-1]
    assert method == "PUT"
    body.pop("updatedAt")
    assert exact(body) == exact({**before, **named})


@given(records(), updates(), BASES)
@settings(max_examples=80)
def test_patch_sends_the_updated_fields_and_no_other(
    patching: Client, raw: Raw, update: dict[str, str | None], base: User
) -> None:
    before, after = patching.update(in_groups(raw, patching.groups), update, base)
    named = {JSON_NAMES[attribute]: value for attribute, value in update.items()}
    assert exact(after) == exact({**before, **named})
    assert exact(patching.sent) == exact([("PATCH", named)])
