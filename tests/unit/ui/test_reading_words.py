"""The texts of the backfill: its cost, its progress and its result."""

import pytest

from walkme_tui.domain.errors import RateLimited
from walkme_tui.services.sync.group_backfill import BackfillCost, BackfillProgress
from walkme_tui.ui.flows.group_backfill import (
    answers,
    duration_text,
    finished_text,
    question,
    status_message,
    stopped_text,
)
from walkme_tui.ui.widgets.text_style import TextStyle


def said(cost: BackfillCost) -> str:
    return " ".join(text for text, _ in question(cost))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (119.4, "119 s"),
        (150, "2 min"),
        (89 * 60, "89 min"),
        (90 * 60, "1 h 30 min"),
        (7 * 3600 + 4 * 60 + 29, "7 h 4 min"),
        (8 * 3600 - 10, "8 h"),
        (47 * 3600 + 59 * 60, "47 h 59 min"),
        (48 * 3600, "2 d"),
        (51 * 3600, "2 d 3 h"),
    ],
)
def test_the_duration_of_a_backfill(seconds: float, words: str) -> None:
    assert duration_text(seconds) == words


def test_the_question_starts_with_the_cost() -> None:
    cost = BackfillCost(unknown=249_188, in_view=249_188, not_loaded=0, per_second=9.8)
    assert question(cost)[0] == ("249 188 requests at up to 9.8/s: about 7 h 4 min.", TextStyle.PLAIN)
    assert "M stops it at any time" in said(cost)
    assert [answer.key for answer in answers(cost)] == ["a"]


def test_a_view_with_fewer_users_can_be_read_separately() -> None:
    cost = BackfillCost(unknown=249_188, in_view=812, not_loaded=0, per_second=9.8)
    assert "Only for this view: 812 requests at up to 9.8/s: about 83 s." in said(cost)
    assert "The users of this view are read first" in said(cost)
    assert [answer.key for answer in answers(cost)] == ["a", "v"]


@pytest.mark.parametrize("in_view", [0, 200])
def test_a_view_without_a_choice_is_not_offered(in_view: int) -> None:
    cost = BackfillCost(unknown=200, in_view=in_view, not_loaded=0, per_second=4.0)
    assert "view" not in said(cost)
    assert [answer.key for answer in answers(cost)] == ["a"]


def test_users_who_are_not_loaded_are_part_of_the_cost() -> None:
    cost = BackfillCost(unknown=62_000, in_view=62_000, not_loaded=188_000, per_second=10.0)
    assert "188 000 users are not loaded yet." in said(cost)
    assert "250 000 requests at up to 10.0/s: about 6 h 57 min in all." in said(cost)


def test_no_duration_is_shown_for_an_unknown_rate() -> None:
    assert question(BackfillCost(1, 1, 0, 0.0))[0][0] == "1 request."


def test_the_status_line_shows_the_progress() -> None:
    progress = BackfillProgress(total=249_188, read=1_200, gone=4, per_second=9.8, seconds_left=25_304.0)
    message = status_message(progress)
    assert message.text == "Reading the groups of users: 1 204 of 249 188, 9.8/s, 7 h 2 min left. M stops."
    assert message.style is TextStyle.DIM
    assert "left" not in status_message(BackfillProgress(total=249_188)).text
    assert "is stopping after the requests in flight" in status_message(progress, stopping=True).text


def test_the_status_line_shows_the_failure_and_the_wait() -> None:
    message = status_message(BackfillProgress(10, failure=RateLimited("Too many\x1b requests."), waiting_seconds=12.0))
    assert message.text.startswith("Reading the groups of users resumes in 12 s. M stops. Too many")
    assert "\x1b" not in message.text
    assert message.style is TextStyle.WARN


def test_the_result_lists_the_exceptions() -> None:
    assert finished_text(BackfillProgress(total=812, read=812)) == "The groups of 812 users were read."
    ended = finished_text(BackfillProgress(total=20, read=14, gone=1, refused=3, without_groups=2))
    assert ended == (
        "The groups of 14 users were read. 1 user is gone. 3 users could not be read. "
        "The server returned no groups for 2 users."
    )


def test_a_stopped_backfill_shows_the_rest() -> None:
    assert stopped_text(BackfillProgress(total=250, read=40, gone=1)) == (
        "Stopped: the groups of 40 users were read, 209 users are left. 1 user is gone. M resumes."
    )
    assert "no response contained groups" in stopped_text(BackfillProgress(total=250, without_groups=20))
