"""Events: subscription, order and unsubscription."""

from walkme_tui.services.events import Event, Events, GroupsStored, UserStored


def test_all_subscribers_receive_all_events_in_order() -> None:
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


def test_unsubscribing_during_an_event_does_not_affect_other_subscribers() -> None:
    changes = Events()
    heard: list[Event] = []

    def leave(change: Event) -> None:
        unsubscribe()

    unsubscribe = changes.subscribe(leave)
    changes.subscribe(heard.append)
    changes.publish(GroupsStored())
    assert heard == [GroupsStored()]


def test_a_listener_subscribed_twice_is_unsubscribed_one_by_one() -> None:
    changes = Events()
    heard: list[Event] = []
    leave_first = changes.subscribe(heard.append)
    changes.subscribe(heard.append)
    leave_first()
    changes.publish(GroupsStored())
    assert len(heard) == 1
