"""Members that a group lists: read, stored in parts, and compared with what else is known of memberships."""

import asyncio

import pytest

from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import BrokenMirror, ManualTime, damage, emails, open_session, serving, until
from walkme_tui.domain.accounts import Surface
from walkme_tui.domain.errors import MirrorUnavailable, NotFound, RequestRejected, Unreachable
from walkme_tui.domain.groups import Belonging, Group, GroupSize
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.traffic import Priority
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import Event, MembersStored, UserForgotten
from walkme_tui.services.ports import Session
from walkme_tui.services.sync.member_checks import check_unlisted
from walkme_tui.services.sync.news import News
from walkme_tui.services.sync.sweep import sweep
from walkme_tui.store.mirror.mirror import SqliteMirror

SALES, SUPPORT = Group("g1", "Sales"), Group("g2", "Support")
IN_SALES = UserQuery(group_id="g1")


def account(count: int = 60) -> FakeDirectory:
    """An account whose list does not contain the groups of users."""
    api = FakeDirectory(people(count), groups=[SALES, SUPPORT])
    api.lean, api.unread = True, {"groups"}
    return api


async def size(session: Session, group: Group = SALES) -> GroupSize:
    return next(size for size in await session.mirror.groups() if size.group == group)


async def test_a_group_without_loaded_users_shows_its_members_at_once() -> None:
    api, events = account(), list[Event]()
    async with open_session(api, surface=Surface.SCIM) as session:
        session.events.subscribe(events.append)
        found = await Directory(session).read_members("g1")
        assert (found.group, len(found.members)) == (SALES, 30)
        assert await size(session) == GroupSize(SALES, 30, read_at_ms=session.clock())
        assert events[-1] == MembersStored("g1", 30, 30, complete=True)
        first = (await session.mirror.first(IN_SALES, 1))[0]
        assert (first.user.email, first.user.groups, first.some_groups) == (person(2).email, UNKNOWN, ("g1",))
        assert (await session.mirror.coverage()).loaded == 0


async def test_a_large_group_is_stored_in_parts_and_the_first_one_is_published_at_once() -> None:
    api, events = FakeDirectory([person(number)._replace(groups=("g1",)) for number in range(2500)]), list[Event]()
    async with open_session(api, surface=Surface.SCIM) as session:
        session.events.subscribe(events.append)
        await Directory(session).read_members("g1")
        assert events[0] == MembersStored("g1", 100, 2500)
        assert events[-1] == MembersStored("g1", 2500, 2500, complete=True)
        assert len(await session.mirror.matching(IN_SALES)) == 2500


async def test_a_query_for_a_read_group_is_decided_although_the_groups_of_users_are_unknown() -> None:
    api = account()
    async with open_session(api, surface=Surface.SCIM) as session:
        await sweep(session, lambda _: None)
        await Directory(session).refresh_groups()
        query = UserQuery("-group:sales status:active")
        assert (await session.mirror.undecided(IN_SALES)).users == 60
        assert not await session.mirror.matching(query)
        await Directory(session).read_members("g1")
        assert (await session.mirror.undecided(IN_SALES)).users == 0
        assert (await session.mirror.undecided(query)).users == 0
        active = [user for user in map(person, range(60)) if user.status == "active"]
        assert len(await session.mirror.matching(query)) == len([user for user in active if user.groups == ()])
        assert (await session.mirror.undecided(UserQuery("group:sales,support"))).users == 30
        assert len(await session.mirror.matching(UserQuery(belonging=Belonging.UNKNOWN))) == 60


async def test_users_whom_a_group_does_not_list_any_more_are_no_members() -> None:
    api = account()
    async with open_session(api, surface=Surface.SCIM) as session:
        directory = Directory(session)
        await directory.read_members("g1")
        await directory.read_members("g2")
        api.edit(person(3).id, groups=("g2",))
        api.edit(person(0).id, groups=("g1",))
        await directory.read_members("g1")
        left, joined = await session.mirror.user(person(3).id), await session.mirror.user(person(0).id)
        assert left is not None
        assert joined is not None
        assert (left.some_groups, joined.some_groups) == (("g2",), ("g1",))
        assert (await size(session)).known_members == 30


async def test_entries_that_cannot_be_read_leave_the_group_incomplete() -> None:
    api, events = account(), list[Event]()
    async with open_session(api, surface=Surface.SCIM) as session:
        directory = Directory(session)
        await directory.read_members("g1")
        api.unreadable_members = 1
        api.edit(person(2).id, groups=())
        session.events.subscribe(events.append)
        await directory.read_members("g1")
        assert await size(session) == GroupSize(SALES, 30)  # the entry that cannot be read may be this user
        assert events[-1] == MembersStored("g1", 29, 29)


async def test_a_failed_request_keeps_what_is_known() -> None:
    api = account()
    async with open_session(api, surface=Surface.SCIM) as session:
        directory = Directory(session)
        await directory.read_members("g1")
        before = await size(session)
        api.fail_next(Unreachable("The server does not answer."), name="group_members")
        with pytest.raises(Unreachable):
            await directory.read_members("g1")
        assert await size(session) == before


async def test_a_group_that_is_not_listed_any_more_has_no_members() -> None:
    api = account()
    async with open_session(api, surface=Surface.SCIM) as session:
        directory = Directory(session)
        await directory.read_members("g1")
        api.groups = [SUPPORT]
        assert await directory.refresh_groups() == (GroupSize(SUPPORT, 0),)
        assert not await session.mirror.matching(IN_SALES)


async def test_the_rest_surface_refuses_with_the_reason() -> None:
    async with open_session(account()) as session:
        with pytest.raises(RequestRejected, match="no call that lists the members"):
            await Directory(session).read_members("g1")


async def test_a_mirror_that_is_made_anew_meanwhile_gets_all_members() -> None:
    api = account(400)
    async with open_session(api, surface=Surface.SCIM) as session:
        mirror = session.mirror
        assert isinstance(mirror, SqliteMirror)
        broken = asyncio.ensure_future(_damage_at_first_part(session, mirror))
        await Directory(session).read_members("g1")
        await broken
        assert (await size(session)).known_members == len(await mirror.matching(IN_SALES)) == 200


async def _damage_at_first_part(session: Session, mirror: SqliteMirror) -> None:
    stored = list[Event]()
    session.events.subscribe(stored.append)
    await until(lambda: stored)
    await damage(mirror)


async def test_a_read_that_began_before_a_change_does_not_undo_it() -> None:
    api, time = account(), ManualTime()
    api.unread = ()
    async with open_session(api, time=time, surface=Surface.SCIM) as session:
        directory = Directory(session)
        await directory.read_members("g1")
        found = await api.group_members("g1")
        requested_at_ms = session.clock()
        time.advance(1)
        api.edit(person(0).id, groups=("g1",))
        api.edit(person(2).id, groups=("g2",))
        await directory.reread(person(0).id)
        await directory.reread(person(2).id)
        await directory.store_members(found, requested_at_ms)
        joined, left = await session.mirror.user(person(0).id), await session.mirror.user(person(2).id)
        assert joined is not None
        assert left is not None
        assert (joined.user.groups, left.user.groups) == (("g1",), ("g2",))
        assert (await size(session)).known_members == 30


async def test_members_who_are_no_users_are_found_once_the_account_is_loaded() -> None:
    api = account()
    api.dangling = {"g1": ("gone-1", "gone-2"), "g2": ("gone-2",)}
    async with open_session(api, surface=Surface.SCIM) as session:
        directory, news = Directory(session), News(session)
        news.listen()
        for group in ("g1", "g2"):
            await directory.read_members(group)
        await check_unlisted(session, directory, "g1")
        assert not api.asked("get_user")
        assert (await size(session)).known_members == 32
        await sweep(session, lambda _: None)
        await check_unlisted(session, directory, "g1")
        assert api.asked("get_user") == [("gone-1",), ("gone-2",)]
        assert {call.priority for call in api.calls if call.name == "get_user"} == {Priority.BACKGROUND}
        expected = (GroupSize(SALES, 30, session.clock(), 2), GroupSize(SUPPORT, 15, session.clock(), 1))
        assert await session.mirror.groups() == expected
        await directory.read_members("g1")
        assert await session.mirror.groups() == expected
        assert not news.count.any
        api.users.append(User("gone-1", groups=("g1",)))
        api.dangling = {}
        await directory.reread("gone-1")
        await directory.read_members("g1")
        assert await size(session) == GroupSize(SALES, 31, session.clock())


async def test_checks_of_members_end_with_the_first_failure_that_others_would_meet() -> None:
    api = account()
    api.dangling = {"g1": ("gone-1", "gone-2")}
    async with open_session(api, surface=Surface.SCIM) as session:
        await sweep(session, lambda _: None)
        await Directory(session).read_members("g1")
        api.offline = Unreachable("The server does not answer.")
        await check_unlisted(session, Directory(session), "g1")
        assert api.asked("get_user") == [("gone-1",)]


async def test_a_table_of_members_shows_them_while_they_are_stored() -> None:
    api = account()
    async with open_session(api, surface=Surface.SCIM) as session, serving(session, query=IN_SALES) as (_, listing):
        await until(lambda: listing.total is not None)
        await Directory(session).read_members("g1")
        await until(lambda: listing.total is not None and listing.total.count == 30)
        await until(lambda: emails(listing, 0, 0) == [person(2).email])
        api.remove(person(2).id)
        await Directory(session).read_members("g1")
        await until(lambda: emails(listing, 0, 0) == [person(3).email])


async def test_a_deleted_user_is_reported_as_gone_and_a_stranger_is_not() -> None:
    api, events = account(), list[Event]()
    api.dangling = {"g1": ("gone-1",)}
    async with open_session(api, surface=Surface.SCIM) as session:
        directory = Directory(session)
        await directory.read_members("g1")
        await directory.reread(person(2).id)
        api.remove(person(2).id)
        session.events.subscribe(events.append)
        for user_id in (person(2).id, "gone-1"):
            with pytest.raises(NotFound):
                await directory.reread(user_id)
        was = [event.was for event in events if isinstance(event, UserForgotten)]
        assert was == [person(2)._replace(groups=UNKNOWN), None]


async def test_an_unwritable_mirror_is_reported() -> None:
    mirror = BrokenMirror()
    async with open_session(account(), surface=Surface.SCIM, mirror=mirror) as session:
        mirror.full = True
        with pytest.raises(MirrorUnavailable):
            await Directory(session).read_members("g1")


async def test_a_record_whose_groups_cannot_be_read_does_not_contradict_the_group() -> None:
    async with open_session(account(), surface=Surface.SCIM) as session:
        mirror, user = session.mirror, person(2)
        await Directory(session).read_members("g1")
        await mirror.save_user(user._replace(groups=("g1", "g2")), session.clock())
        stored = await mirror.save_user(User(user.id, extra={"groups": 5}), session.clock())
        assert (stored.user.groups, stored.some_groups) == (UNKNOWN, ("g1",))
        assert len(await mirror.matching(IN_SALES)) == 30


async def test_a_group_that_an_incomplete_list_lacks_keeps_its_members() -> None:
    api = account()
    async with open_session(api, surface=Surface.SCIM) as session:
        directory = Directory(session)
        await directory.read_members("g1")
        api.groups, api.group_warnings = [SUPPORT], ("The server sent 1 of 2 groups.",)
        await directory.refresh_groups()
        assert len(await session.mirror.matching(IN_SALES)) == 30
        api.group_warnings = ()
        await directory.refresh_groups()
        assert not await session.mirror.matching(IN_SALES)
