"""Look-ups of single users and groups: requests, stored data and messages."""

import asyncio

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import NOON_MS, BrokenMirror, ManualTime, open_session
from walkme_tui.domain.errors import LookUpIgnored, NotFound, RequestRejected, Unreachable
from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.users import UserPage
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import Event, GroupsStored, UserForgotten, UserStored
from walkme_tui.services.sync.sweep import sweep

SALES, SUPPORT = Group("g1", "Sales"), Group("g2", "Support")


async def test_a_look_up_by_email_or_id_requests_and_stores_the_user() -> None:
    api = FakeDirectory(people(10))
    events: list[Event] = []
    async with open_session(api) as session:
        session.events.subscribe(events.append)
        directory = Directory(session)
        by_email = await directory.look_up("  PERSON00003@example.com ")
        by_id = await directory.look_up(person(4).id)
        assert (by_email.user, by_id.user) == (person(3), person(4))
        assert by_email.detailed_at_ms == NOON_MS
        assert events == [UserStored(person(3).id), UserStored(person(4).id)]
        assert {type(change) for change in events} == {UserStored}  # named tuples of one content are equal
        assert await directory.cached("person00003@EXAMPLE.com") == by_email
        assert await directory.cached(person(4).id) == by_id
        assert await directory.cached("person00005@example.com") is None
        assert len(api.calls) == 2


@pytest.mark.parametrize(("key", "call"), [("person00003@example.com", "find_user"), (person(3).id, "get_user")])
async def test_the_time_of_an_answer_is_that_of_its_request(key: str, call: str) -> None:
    # A crawl that starts in between must not count the user as seen.
    api, time = FakeDirectory(people(10)), ManualTime()
    async with open_session(api, time=time) as session:
        for look_up in (Directory(session).look_up(key), PlanLookUps(session, GroupNames(session)).find([key])):
            gate = api.hold(call)
            asked = asyncio.create_task(look_up)
            await asyncio.sleep(0.01)
            requested_at_ms = time()
            time.advance(60)
            gate.set()
            await asked
            known = await session.mirror.user(person(3).id)
            assert known is not None
            assert known.fetched_at_ms == requested_at_ms


COMPOSED, DECOMPOSED = "zo\u00eb@example.com", "zoe\u0308@example.com"


@pytest.mark.parametrize(("stored", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED.upper())])
async def test_an_email_is_found_in_any_unicode_form(stored: str, typed: str) -> None:
    api = FakeDirectory([person(1), person(2)._replace(email=stored)])
    async with open_session(api) as session:
        directory = Directory(session)
        assert (await directory.look_up(typed)).user.id == person(2).id
        found = await PlanLookUps(session, GroupNames(session)).find([stored, typed])
        assert [user.id for user in found] == [person(2).id]
        for key in (stored, typed):
            cached = await directory.cached(key)
            assert cached is not None
            assert cached.user.id == person(2).id


async def test_a_user_whose_email_only_the_mirror_has_is_requested_by_id() -> None:
    api = FakeDirectory(people(250))
    async with open_session(api) as session:
        await sweep(session, lambda progress: None)
        api.email_ignored = True
        directory = Directory(session)
        assert (await directory.look_up("person00240@example.com")).user == person(240)
        assert api.asked("get_user") == [(person(240).id,)]
        found = await PlanLookUps(session, GroupNames(session)).find(["person00241@example.com"])
        assert found == [person(241)]
        # Another user may have the email by now, so the mirror is not trusted.
        api.edit(person(242).id, email="renamed@example.com")
        with pytest.raises(LookUpIgnored, match="all 250 users of the account, as read at"):
            await directory.look_up("person00242@example.com")


async def test_an_ignored_look_up_does_not_prove_that_a_user_is_missing() -> None:
    api = FakeDirectory(people(250))
    api.email_ignored = True
    async with open_session(api) as session:
        with pytest.raises(LookUpIgnored, match="No users are loaded yet, so person00240@"):
            await Directory(session).look_up("person00240@example.com")
        page = await api.list_users(1, 100)
        await session.mirror.save_page(page, NOON_MS)
        assert (await Directory(session).look_up("person00042@example.com")).user == person(42)
        searched = "Searched the 100 users loaded of 250: none of them has person00240@example.com"
        with pytest.raises(LookUpIgnored, match=searched) as caught:
            await Directory(session).look_up("person00240@example.com")
        assert caught.value.message.startswith("This server ignores look-ups by email.")
        with pytest.raises(LookUpIgnored, match=f"{searched}, person00241@example.com"):
            await PlanLookUps(session, GroupNames(session)).find(["person00240@example.com", "person00241@example.com"])


async def test_details_are_requested_if_the_look_up_by_email_lacks_fields() -> None:
    api = FakeDirectory(people(10))
    api.lean = True
    async with open_session(api) as session:
        found = await Directory(session).look_up("person00003@example.com")
        assert found.user == person(3)


async def test_an_unknown_email_or_id_is_not_found() -> None:
    api = FakeDirectory(people(10))
    async with open_session(api) as session:
        with pytest.raises(NotFound, match=r"nobody@example\.com"):
            await Directory(session).look_up("nobody@example.com")
        with pytest.raises(NotFound):
            await Directory(session).look_up("nobody")
        with pytest.raises(NotFound) as raised:
            await Directory(session).look_up("\x1b[2J@" + "x" * 5000)
        assert "\x1b" not in raised.value.message
        assert len(raised.value.message) < 300


async def test_a_user_deleted_on_the_server_is_deleted_from_the_mirror() -> None:
    api = FakeDirectory(people(10))
    events: list[Event] = []
    async with open_session(api) as session:
        directory = Directory(session)
        await directory.look_up(person(4).id)
        session.events.subscribe(events.append)
        del api.users[4]
        with pytest.raises(NotFound):
            await directory.reread(person(4).id)
        assert events == [UserForgotten(person(4).id, person(4))]
        assert type(events[0]) is UserForgotten
        assert await directory.cached(person(4).id) is None


async def test_an_unreachable_server_deletes_no_user() -> None:
    api = FakeDirectory(people(10))
    async with open_session(api) as session:
        directory = Directory(session)
        stored = await directory.look_up(person(4).id)
        api.offline = Unreachable("Away.")
        with pytest.raises(Unreachable):
            await directory.reread(person(4).id)
        assert await directory.cached(person(4).id) == stored


async def test_a_full_disk_does_not_fail_a_look_up() -> None:
    api = FakeDirectory(people(10), groups=[SALES])
    mirror = BrokenMirror()
    mirror.full = True
    async with open_session(api, mirror=mirror) as session:
        found = await Directory(session).look_up(person(4).id)
        assert (found.user, found.row_id) == (person(4), -1)
        assert await Directory(session).refresh_groups() == (GroupSize(SALES, 0),)


async def test_groups_are_listed_with_their_known_members() -> None:
    api = FakeDirectory(people(100), groups=[SALES, SUPPORT])
    events: list[Event] = []
    async with open_session(api) as session:
        session.events.subscribe(events.append)
        await session.mirror.save_page(UserPage(1, 100, tuple(people(40)), 100), NOON_MS)
        directory = Directory(session)
        sizes = await directory.refresh_groups()
        assert sizes == await session.mirror.groups()
        assert GroupSize(SALES, 20) in sizes
        assert GroupSize(SUPPORT, 10) in sizes
        assert [type(change) for change in events] == [GroupsStored]


async def test_a_group_is_found_by_id_or_by_name_without_accents_and_case() -> None:
    api = FakeDirectory(groups=[SALES, Group("g3", "Zürich office"), Group("Sales", "Odd")])
    async with open_session(api) as session:
        directory = Directory(session)
        await directory.refresh_groups()
        assert await directory.group("g1") == SALES
        assert await directory.group("zurich  OFFICE") == Group("g3", "Zürich office")
        assert await directory.group("Sales") == Group("Sales", "Odd")
        assert await directory.group("sales") == SALES


async def test_an_unknown_or_ambiguous_group_is_refused_with_what_to_do() -> None:
    twins = [Group(f"t{number}", "Twins") for number in range(7)]
    api = FakeDirectory(groups=[SALES, *twins, Group("x1", "sales ")])
    async with open_session(api) as session:
        directory = Directory(session)
        await directory.refresh_groups()
        with pytest.raises(NotFound, match="no group Nobody"):
            await directory.group("Nobody")
        with pytest.raises(NotFound):
            await directory.group("")
        with pytest.raises(RequestRejected, match="7 groups are called Twins") as raised:
            await directory.group("Twins")
        assert "t0, t1" in raised.value.hint
        assert await directory.group("Sales") == SALES
        with pytest.raises(RequestRejected):
            await directory.group("SALES")
