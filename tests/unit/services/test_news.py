"""News: changes since the start of the session are collected, counted, marked as seen and cleared."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.support.crawls import PAGE
from tests.support.executor_bench import ACTIVE, account, open_executor
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import ManualTime, OddDirectory, open_session, running, until
from walkme_tui.domain.errors import NotFound
from walkme_tui.domain.mirrored import Update
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UNKNOWN, User
from walkme_tui.services.changes.lookups import GroupNames, PlanLookUps
from walkme_tui.services.changes.planner import Planner
from walkme_tui.services.directory import Directory
from walkme_tui.services.events import UserForgotten, UsersChanged
from walkme_tui.services.ports import Session, SyncSettings
from walkme_tui.services.sync.crawl import Crawl
from walkme_tui.services.sync.group_backfill import GroupBackfill
from walkme_tui.services.sync.news import MAX_REMEMBERED, News, NewsCount
from walkme_tui.services.sync.sweep import sweep

STATUS = frozenset({"status"})
ROLE = frozenset({"role"})


async def test_changes_are_counted_once_per_user_with_all_changed_fields() -> None:
    async with open_session(FakeDirectory(people(3))) as session:
        news = News(session)
        published: list[NewsCount] = []
        news.changed = lambda: published.append(news.count)
        stop = news.listen()
        session.events.publish(UsersChanged(("new",), (Update("a", STATUS), Update("b", frozenset()))))
        session.events.publish(UsersChanged((), (Update("a", ROLE),)))
        session.events.publish(UserForgotten("gone", User("gone", email="zoe@example.com")))
        assert news.count == NewsCount(session.clock(), new=1, gone=1, changed=1)
        assert news.updated == {"a": STATUS | ROLE}
        assert news.unseen("a") == STATUS | ROLE
        assert news.gone == {"gone": User("gone", email="zoe@example.com")}
        assert news.is_new("new")
        assert [each.changed for each in published] == [1, 1]
        stop()
        session.events.publish(UsersChanged(("later",), ()))
        assert news.new == ("new",)


async def test_seen_changes_are_no_longer_marked_but_still_listed() -> None:
    async with open_session(FakeDirectory(people(3))) as session:
        news = News(session)
        news.listen()
        session.events.publish(UsersChanged(("new",), (Update("a", STATUS),)))
        assert news.see("a")
        assert not news.see("a")
        assert news.see("new")
        assert news.unseen("a") == frozenset()
        assert not news.is_new("new")
        assert news.count[1:] == (1, 0, 1)
        session.events.publish(UsersChanged((), (Update("a", ROLE),)))
        assert news.unseen("a") == ROLE
        news.forget()
        assert not news.count.any
        assert news.unseen("a") == frozenset()


async def test_a_user_added_and_deleted_again_is_no_news() -> None:
    async with open_session(FakeDirectory(people(3))) as session:
        news = News(session)
        news.listen()
        session.events.publish(UsersChanged(("new",), ()))
        session.events.publish(UserForgotten("new"))
        assert not news.count.any
        session.events.publish(UserForgotten("old"))
        session.events.publish(UsersChanged(("old",), ()))
        assert news.count[1:] == (1, 0, 0)


async def test_the_number_of_collected_changes_is_limited() -> None:
    async with open_session(FakeDirectory(people(3))) as session:
        news = News(session)
        news.listen()
        many = tuple(Update(f"user{number}", STATUS) for number in range(MAX_REMEMBERED + 5))
        session.events.publish(UsersChanged((), many))
        assert news.count.changed == MAX_REMEMBERED + 5
        assert len(news.updated) == MAX_REMEMBERED


# ------------------------------------------------------------ every source of records

WHO, EMAIL = person(7).id, "person00007@example.com"
Reading = Callable[[Session], Awaitable[object]]


async def backfill(session: Session) -> None:
    """Read the groups of everyone."""
    await GroupBackfill(session).run(UserQuery())


READINGS: dict[str, Reading] = {
    "a plan": lambda session: Planner(session).offboard([WHO]),
    "a plan by email": lambda session: Planner(session).offboard([EMAIL]),
    "a second reading": lambda session: PlanLookUps(session, GroupNames(session)).current([WHO]),
    "a look-up": lambda session: Directory(session).look_up(EMAIL),
    "the details": lambda session: Directory(session).reread(WHO),
    "the group backfill": backfill,
}


@pytest.mark.parametrize("way", READINGS)
async def test_changes_found_by_any_request_for_one_user_are_news(way: str) -> None:
    api = FakeDirectory(people(12))
    async with open_session(api) as session:
        page = await api.list_users(1, 12)
        listed = tuple(user._replace(groups=UNKNOWN) for user in page.rows if isinstance(user, User))
        await session.mirror.save_page(page._replace(rows=listed), session.clock())
        news = News(session)
        news.listen()
        api.edit(WHO, role="Owner")
        await READINGS[way](session)
        assert news.updated == {WHO: ROLE}


@pytest.mark.parametrize("way", [way for way in READINGS if way != "the group backfill"])
async def test_an_unknown_user_is_new_only_after_the_first_complete_sweep(way: str) -> None:
    api = FakeDirectory(people(12))
    added = api.users.pop(7)
    async with open_session(api) as session:
        news = News(session)
        news.listen()
        await sweep(session, lambda progress: None)
        api.users.insert(7, added)
        await READINGS[way](session)
        assert news.new == (WHO,)


async def test_a_check_of_a_missing_user_is_news() -> None:
    api, time = OddDirectory(people(60)), ManualTime()
    async with open_session(api, time=time) as opened:
        session = opened._replace(sync=SyncSettings())
        crawl = Crawl(session, page_size=PAGE, monotonic=time.monotonic, sleep=time.sleep)
        crawl.begin()
        async with running(crawl.run):
            await until(lambda: crawl.progress.note == "complete")
            news = News(session)
            news.listen()
            hidden = api.users.pop(7)
            assert isinstance(hidden, User)
            original = api.get_user

            async def hidden_from_the_list(user_id: str, *priority: object) -> User:
                return hidden._replace(role="Owner") if user_id == WHO else await original(user_id)

            api.get_user = hidden_from_the_list  # type: ignore[method-assign, assignment]
            crawl.restart()
            await until(lambda: api.answered > 2 * 60 / PAGE - 1 and news.count.any)
            assert news.updated == {WHO: ROLE}


async def test_a_read_back_reports_changes_by_others_and_not_our_own(tmp_path: Path) -> None:
    api = account()
    async with open_executor(api, tmp_path) as desk:
        await desk.session.mirror.save_page(await api.list_users(1, 12), 0)
        news = News(desk.session)
        news.listen()
        plan = desk.offboarding(6)
        api.edit(ACTIVE.id, role="Owner")
        await desk.run(plan)
        assert news.updated == {ACTIVE.id: ROLE}


@pytest.mark.parametrize("way", ["a plan", "the details"])
async def test_an_id_unknown_to_the_mirror_is_not_reported_as_deleted(way: str) -> None:
    async with open_session(FakeDirectory(people(3))) as session:
        news = News(session)
        news.listen()
        with pytest.raises(NotFound):
            await READINGS[way](session)
        assert not news.count.any
