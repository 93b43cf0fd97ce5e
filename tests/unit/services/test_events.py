"""Events: subscription, order and unsubscription."""

from walkme_tui.services.events import Event, Events, GroupsStored, UserStored


def test_everyone_who_is_subscribed_hears_everything_in_order() -> None:
    changes = Events()
    first: list[Event] = []
    second: list[Event] = []
    changes.subscribe(first.append)
    unsubscribe = changes.subscribe(second.append)
    changes.publish(UserStored("a"))
    unsubscribe()
    unsubscribe()
    changes.publish(GroupsStored())
    assert first == [UserStored("a"), GroupsStored()]
    assert second == [UserStored("a")]


def test_who_leaves_while_something_is_told_keeps_it_from_nobody() -> None:
    changes = Events()
    heard: list[Event] = []

    def leave(change: Event) -> None:
        unsubscribe()

    unsubscribe = changes.subscribe(leave)
    changes.subscribe(heard.append)
    changes.publish(GroupsStored())
    assert heard == [GroupsStored()]


def test_subscribing_twice_is_ended_one_by_one() -> None:
    changes = Events()
    heard: list[Event] = []
    leave_first = changes.subscribe(heard.append)
    changes.subscribe(heard.append)
    leave_first()
    changes.publish(GroupsStored())
    assert len(heard) == 1
