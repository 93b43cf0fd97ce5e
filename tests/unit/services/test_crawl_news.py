"""Changes found by a crawl: deleted, new and changed users."""

from pathlib import Path

from tests.support.crawls import DAY_SECONDS, account, crawling, interrupted_crawl, phases, wait_for_phase
from tests.support.fake_directory import FakeDirectory, people, person
from tests.support.sessions import ManualTime, OddDirectory, idle, until
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.mirrored import Update
from walkme_tui.domain.traffic import Priority
from walkme_tui.services.events import Event, UserForgotten, UsersChanged, UserStored
from walkme_tui.services.sync.progress import CrawlPhase
from walkme_tui.store.mirror.mirror import open_mirror


async def test_users_missing_from_the_list_are_requested_and_deleted_on_a_404() -> None:
    api, time = FakeDirectory(people(300)), ManualTime()
    events: list[Event] = []
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        session.events.subscribe(events.append)
        seen = phases(crawl, session)
        hidden = api.users.pop(20)
        del api.users[10:15]
        original = api.get_user

        async def get_user_with_hidden(user_id: str, priority: Priority = Priority.DEMAND) -> object:
            if user_id == person(20).id:
                return hidden
            return await original(user_id, priority)

        api.get_user = get_user_with_hidden  # type: ignore[method-assign, assignment]  # a list that hides somebody
        crawl.restart()
        await until(lambda: CrawlPhase.DONE in seen)
        assert seen == [CrawlPhase.CRAWLING, CrawlPhase.CHECKING, CrawlPhase.DONE]
        assert {change.user_id for change in events if isinstance(change, UserForgotten)} == {
            person(number).id for number in range(10, 15)
        }
        assert [change.user_id for change in events if isinstance(change, UserStored)] == [person(20).id]
        assert {call.priority for call in api.calls if call.name == "get_user"} == {Priority.BACKGROUND}
        assert await session.mirror.user(person(12).id) is None
        assert await session.mirror.user(person(20).id) is not None
        assert (crawl.progress.checked, crawl.progress.to_check) == (6, 6)


async def test_at_most_200_missing_users_are_requested_and_none_after_an_incomplete_sweep() -> None:
    api, time = OddDirectory(people(900)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        del api.users[100:400]
        api.claims = [601]
        seen = phases(crawl, session)
        crawl.restart()
        await until(lambda: CrawlPhase.DONE in seen)
        assert api.asked("get_user") == []
        api.claims = []
        for count in (200, 300):
            seen.clear()
            crawl.restart()
            await until(lambda: CrawlPhase.DONE in seen)
            assert len(api.asked("get_user")) == count


async def test_checks_of_missing_users_stop_in_an_outage_and_wait_during_a_pause() -> None:
    api, time = FakeDirectory(people(300)), ManualTime()
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        await wait_for_phase(crawl, CrawlPhase.DONE)
        del api.users[10:20]
        gate = api.hold("get_user")
        crawl.restart()
        await wait_for_phase(crawl, CrawlPhase.CHECKING)
        await until(lambda: api.asked("get_user"))
        crawl.pause()
        gate.set()
        await wait_for_phase(crawl, CrawlPhase.PAUSED)
        assert len(api.asked("get_user")) == 1
        api.fail_next(Unreachable("Away."), name="get_user")
        crawl.resume()
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert len(api.asked("get_user")) == 2


async def test_news_are_users_added_or_changed_since_the_first_complete_sweep() -> None:
    api, time = FakeDirectory(people(50)), ManualTime()
    news: list[UsersChanged] = []
    async with account(api, time=time) as session, crawling(session, time) as crawl:
        session.events.subscribe(lambda change: news.append(change) if isinstance(change, UsersChanged) else None)
        await wait_for_phase(crawl, CrawlPhase.DONE)
        await idle(session)
        assert news == []
        api.users.append(person(9000))
        api.users[45] = person(45)._replace(last_name="Changed")
        time.advance(DAY_SECONDS)
        await until(lambda: news)
        await wait_for_phase(crawl, CrawlPhase.DONE)
        assert news == [UsersChanged((person(9000).id,), (Update(person(45).id, frozenset({"last_name"})),))]


async def test_an_interrupted_first_walk_reports_no_new_users(tmp_path: Path) -> None:
    api, time, path = OddDirectory(people(400)), ManualTime(), tmp_path / "mirror.sqlite3"
    await interrupted_crawl(api, time, path)
    news: list[Event] = []
    async with account(api, time=time, mirror=open_mirror(path, account_key="test")) as session:
        session.events.subscribe(lambda change: news.append(change) if isinstance(change, UsersChanged) else None)
        async with crawling(session, time) as crawl:
            await wait_for_phase(crawl, CrawlPhase.DONE)
    assert news == []
