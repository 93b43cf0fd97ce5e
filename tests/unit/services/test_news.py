"""What changed while somebody looked on: collected, counted, seen, forgotten."""

from tests.support.fake_directory import FakeDirectory, people
from tests.support.sessions import open_session
from walkme_tui.domain.mirrored import Update
from walkme_tui.domain.users import User
from walkme_tui.services.events import UserForgotten, UsersChanged
from walkme_tui.services.sync.news import MOST_REMEMBERED, News, NewsCount

STATUS = frozenset({"status"})
ROLE = frozenset({"role"})


async def test_changes_are_counted_once_a_person_and_their_fields_added_up() -> None:
    async with open_session(FakeDirectory(people(3))) as session:
        news = News(session)
        told: list[NewsCount] = []
        news.changed = lambda: told.append(news.count)
        stop = news.listen()
        session.events.publish(UsersChanged(("new",), (Update("a", STATUS), Update("b", frozenset()))))
        session.events.publish(UsersChanged((), (Update("a", ROLE),)))
        session.events.publish(UserForgotten("gone", User("gone", email="zoe@example.com")))
        assert news.count == NewsCount(session.clock(), new=1, gone=1, changed=1)
        assert news.updated == {"a": STATUS | ROLE}
        assert news.unseen("a") == STATUS | ROLE
        assert news.gone == {"gone": User("gone", email="zoe@example.com")}
        assert news.is_new("new")
        assert [each.changed for each in told] == [1, 1]
        stop()
        session.events.publish(UsersChanged(("later",), ()))
        assert news.new == ("new",)


async def test_what_was_seen_is_not_marked_but_still_told() -> None:
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


async def test_who_came_and_went_again_is_no_news() -> None:
    async with open_session(FakeDirectory(people(3))) as session:
        news = News(session)
        news.listen()
        session.events.publish(UsersChanged(("new",), ()))
        session.events.publish(UserForgotten("new"))
        assert not news.count.any
        session.events.publish(UserForgotten("old"))
        session.events.publish(UsersChanged(("old",), ()))
        assert news.count[1:] == (1, 0, 0)


async def test_an_account_that_changes_as_a_whole_does_not_fill_the_memory() -> None:
    async with open_session(FakeDirectory(people(3))) as session:
        news = News(session)
        news.listen()
        many = tuple(Update(f"user{number}", STATUS) for number in range(MOST_REMEMBERED + 5))
        session.events.publish(UsersChanged((), many))
        assert news.count.changed == MOST_REMEMBERED + 5
        assert len(news.updated) == MOST_REMEMBERED
