"""Namesakes are searched by the stored name while the request for the user is in flight."""

import asyncio
from collections.abc import Collection

from tests.support.fake_directory import FakeDirectory, person
from tests.support.sessions import BrokenMirror, open_session
from walkme_tui.domain.plans import Plan
from walkme_tui.domain.users import User
from walkme_tui.services.changes.planner import Planner

ZOE = person(1)._replace(first_name="Zoë", last_name="Çelik")
NAMESAKE = person(2)._replace(first_name="zoe", last_name="celik")
AYLIN = person(3)._replace(first_name="Aylin", last_name="Demir")


class WatchedMirror(BrokenMirror):
    """Records each search for namesakes with the number of requests made before it."""

    def __init__(self, api: FakeDirectory) -> None:
        super().__init__()
        self.asked: list[tuple[list[str], bool]] = []
        self._api = api

    async def namesakes(self, names: Collection[str], limit: int) -> dict[str, list[User]]:
        """Record the search and run it."""
        self.asked.append((sorted(names), self._api.in_flight > 0))
        return await super().namesakes(names, limit)


async def plan_of(api: FakeDirectory, mirror: WatchedMirror, *known: User) -> Plan:
    async with open_session(api, mirror=mirror) as session:
        for user in known:
            await mirror.save_user(user, session.clock())
        gate = api.hold("find_user")
        planner = Planner(session)
        planning = asyncio.create_task(planner.offboard([str(ZOE.email)]))
        for _ in range(50):
            await mirror.coverage()
        gate.set()
        return await planning


def namesake_warnings(plan: Plan) -> list[str]:
    return [each.text for each in plan.subjects[0].consequences if "called" in each.text]


async def test_stored_names_are_searched_once_before_the_server_answers() -> None:
    api = FakeDirectory([ZOE, NAMESAKE, AYLIN])
    mirror = WatchedMirror(api)
    warnings = namesake_warnings(await plan_of(api, mirror, ZOE, NAMESAKE, AYLIN))
    assert mirror.asked == [(["zoe celik"], True)]
    assert len(warnings) == 1
    assert str(NAMESAKE.email) in warnings[0]


async def test_a_different_name_on_the_server_is_searched_again() -> None:
    api = FakeDirectory([ZOE._replace(first_name="Aylin", last_name="Demir"), NAMESAKE, AYLIN])
    mirror = WatchedMirror(api)
    warnings = namesake_warnings(await plan_of(api, mirror, ZOE, NAMESAKE, AYLIN))
    assert mirror.asked == [(["zoe celik"], True), (["aylin demir"], False)]
    assert len(warnings) == 1
    assert str(AYLIN.email) in warnings[0]


async def test_the_name_of_an_unknown_user_is_searched_after_the_answer() -> None:
    api = FakeDirectory([ZOE, NAMESAKE])
    mirror = WatchedMirror(api)
    warnings = namesake_warnings(await plan_of(api, mirror, NAMESAKE))
    assert mirror.asked == [(["zoe celik"], False)]
    assert len(warnings) == 1
