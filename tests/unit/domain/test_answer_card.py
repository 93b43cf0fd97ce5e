"""The answer card: dated, with what is unknown and old, safe in every form, impersonal when redacted."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.markdown import HOSTILE, OURS, tokens
from walkme_tui.domain.accounts import Account, Environment, Surface
from walkme_tui.domain.answer_card import MAX_GROUPS, CardForm, GroupCard, UserCard, plain_value, rendered
from walkme_tui.domain.coverage import Coverage
from walkme_tui.domain.groups import Group, GroupSize
from walkme_tui.domain.mirrored import MirroredUser
from walkme_tui.domain.times import DAY, HOUR, MINUTE
from walkme_tui.domain.users import UNKNOWN, User

NOW = 1_800_000_042_000  # 2027-01-15 08:00:42 UTC
ACCOUNT = Account("acme", Environment.PRODUCTION, Surface.REST, "https://api.walkme.com")
ANN = User(
    "0000-7",
    "ann@example.com",
    "Ann",
    "Lee",
    "Viewer",
    "inactive",
    "okta|ann@example.com",
    groups=("g1", "g2"),
)
NAMES = {"g1": "Sales", "g2": None}
WHOLE = Coverage(loaded=250, total=250, with_groups=250, as_of_ms=NOW - 3 * MINUTE)


def of(user: User, *, listed: int = 3_000, detailed: int | None = 3_000, redacted: bool = False) -> UserCard:
    """The card of a user who was read so many milliseconds ago, from the list and alone."""
    read_at_ms = None if detailed is None else NOW - detailed
    return UserCard(MirroredUser(1, user, 0, NOW - listed, read_at_ms), NAMES, ACCOUNT, NOW, redacted)


def text(card: UserCard | GroupCard) -> str:
    return rendered([card], CardForm.TEXT)


def parsed(card: UserCard | GroupCard) -> Any:
    return json.loads(rendered([card], CardForm.JSON))


# ---------------------------------------------------------------- what it says


def test_a_card_is_one_dated_sentence() -> None:
    assert text(of(ANN)) == (
        "As of 2027-01-15 08:00 UTC, ann@example.com (Ann Lee, id 0000-7) is inactive, role Viewer; "
        "member of Sales, g2; record owned by okta; source REST API of acme (production), verified 3 s ago."
    )


def test_the_markdown_says_the_same_as_a_list() -> None:
    assert rendered([of(ANN)], CardForm.MARKDOWN).splitlines() == [
        "- As of 2027-01-15 08:00 UTC, `ann@example.com` (`Ann Lee`, id `0000-7`) is inactive, role `Viewer`",
        "  - Member of `Sales`, `g2`",
        "  - Record owned by `okta`",
        "  - Source REST API of `acme` (production), verified 3 s ago",
    ]


def test_a_redacted_card_names_the_user_by_id_and_keeps_groups_role_and_status() -> None:
    assert text(of(ANN, redacted=True)) == (
        "As of 2027-01-15 08:00 UTC, the user 0000-7 is inactive, role Viewer; member of Sales, g2; "
        "record owned by an identity provider; source REST API of acme (production), verified 3 s ago."
    )
    shown = parsed(of(ANN, redacted=True))
    assert shown["user"] == {"id": "0000-7", "role": "Viewer", "status": "inactive"}
    assert (shown["redacted"], shown["unknown"]) == (True, [])


@pytest.mark.parametrize("user_id", ["ann@example.com", "u-Ann", "x:lee:y"])
def test_an_id_that_is_personal_is_hidden_too(user_id: str) -> None:
    card = of(ANN._replace(id=user_id), redacted=True)
    assert "a user (id hidden, because it contains personal data)" in text(card)
    assert parsed(card)["user"]["id"] is None
    assert user_id in text(of(ANN._replace(id=user_id)))


def test_a_uuid_is_no_name_by_chance() -> None:
    uuid = "adaadaad-0000-4000-8000-000000000001"
    assert f"the user {uuid} " in text(of(User(uuid, first_name="Ada"), redacted=True))


def test_what_is_unknown_is_said_and_differs_from_what_is_empty() -> None:
    unknown, empty = of(User("u-1")), of(User("u-1", None, None, None, None, None, None, groups=()))
    assert "the user u-1 (email unknown) has an unknown status, role unknown; groups unknown;" in text(unknown)
    assert "the user u-1 (no email) has no status, no role; member of no group;" in text(empty)
    names = ["email", "firstName", "lastName", "role", "status", "externalId", "groups"]
    assert (parsed(unknown)["unknown"], parsed(unknown)["groups"], parsed(unknown)["user"]) == (
        names,
        None,
        {"id": "u-1"},
    )
    assert (parsed(empty)["unknown"], parsed(empty)["groups"]) == ([], [])


@pytest.mark.parametrize(
    ("listed", "detailed", "said"),
    [
        (3_000, 3_000, "As of 2027-01-15 08:00 UTC, ann"),
        (3_000, 3_000, "verified 3 s ago."),
        (59_999, 59_999, "verified 59 s ago."),
        (2 * HOUR, 2 * HOUR, "As of 2027-01-15 06:00 UTC, ann"),
        (2 * HOUR, 2 * HOUR, "verified 2 h before this was written at 2027-01-15 08:00 UTC."),
        (5 * MINUTE, None, "read from the list 5 min before this was written at 2027-01-15 08:00 UTC, never in full."),
        (1_000, 3 * DAY, "read from the list 1 s ago, in full 3 d before this was written at 2027-01-15 08:00 UTC."),
    ],
)
def test_the_age_of_the_data_is_said(listed: int, detailed: int | None, said: str) -> None:
    assert said in text(of(ANN, listed=listed, detailed=detailed))


def test_more_groups_than_fit_are_counted() -> None:
    shown = text(of(ANN._replace(groups=tuple(f"group{number}" for number in range(MAX_GROUPS + 12)))))
    assert f"group{MAX_GROUPS - 1} and 12 more;" in shown
    assert f"group{MAX_GROUPS}" not in shown


# ---------------------------------------------------------------- groups


def group_card(coverage: Coverage, members: int = 37) -> GroupCard:
    return GroupCard(GroupSize(Group("g1", "Sales"), members), coverage, ACCOUNT, NOW)


def test_members_that_the_group_listed_are_exact_although_few_users_are_loaded() -> None:
    size = GroupSize(Group("g1", "Sales"), 37, read_at_ms=NOW - 60_000)
    card = GroupCard(size, WHOLE._replace(loaded=3, with_groups=0), ACCOUNT, NOW)
    first, second, *_ = card.phrases(str)
    assert "has 37 members" in first
    assert (second, card.to_json()["exact"], card.to_json()["members"]) == ("read from the group itself", True, 37)


@pytest.mark.parametrize(
    ("coverage", "members", "said", "extent"),
    [
        (WHOLE, 37, "has 37 members", "all 250 users read"),
        (WHOLE, 1, "has 1 member;", "all 250 users read"),
        (WHOLE._replace(loaded=200), 37, "has at least 37 members", "200 of 250 users read"),
        (WHOLE._replace(total=None), 37, "has at least 37 members", "250 of an unknown number of users read"),
        (
            WHOLE._replace(with_groups=180),
            37,
            "has at least 37 members",
            "all 250 users read, the groups of 180 of them known",
        ),
        (
            WHOLE._replace(with_groups=0),
            0,
            "has an unknown number of members",
            "all 250 users read, the groups of 0 of them known",
        ),
        (Coverage(0, None, 0, None), 0, "has an unknown number of members", "0 of an unknown number of users read"),
        (Coverage(0, 0, 0, NOW), 0, "has 0 members", "all 0 users read"),
    ],
)
def test_the_number_of_members_says_what_it_rests_on(coverage: Coverage, members: int, said: str, extent: str) -> None:
    card = group_card(coverage, members)
    assert said in text(card)
    assert extent in text(card)
    assert parsed(card)["exact"] is ("at least" not in said and "unknown" not in said)
    assert (parsed(card)["members"] is None) is ("unknown" in said)


def test_the_card_of_a_group_is_as_of_its_oldest_record() -> None:
    assert text(group_card(WHOLE)) == (
        "As of 2027-01-15 07:57 UTC, the group Sales (id g1) has 37 members; all 250 users read; "
        "source REST API of acme (production), the oldest record read 3 min before this was written at "
        "2027-01-15 08:00 UTC."
    )


def test_several_cards_are_lines_lists_and_a_json_list() -> None:
    cards = [of(ANN), of(ANN._replace(id="u-2"))]
    assert len(rendered(cards, CardForm.TEXT).splitlines()) == 2
    assert rendered(cards, CardForm.MARKDOWN).count("\n- As of") == 1
    assert [each["user"]["id"] for each in json.loads(rendered(cards, CardForm.JSON))] == ["0000-7", "u-2"]


# ---------------------------------------------------------------- hostile text


def known(values: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return values | st.none() | st.just(UNKNOWN)


@st.composite
def cards(draw: st.DrawFn) -> UserCard | GroupCard:
    """Cards in which every text from the account is hostile."""
    account = ACCOUNT._replace(profile=draw(HOSTILE))
    some = st.lists(HOSTILE, max_size=30).map(tuple)
    fields = {name: draw(known(HOSTILE)) for name in ("email", "first_name", "last_name", "role", "status")}
    user = User(draw(HOSTILE), **fields, external_id=draw(known(HOSTILE)), groups=draw(some | st.just(UNKNOWN)))
    names = {group: draw(HOSTILE | st.none()) for group in user.groups} if isinstance(user.groups, tuple) else {}
    if draw(st.booleans()):
        return UserCard(MirroredUser(1, user, 0, NOW - 5, NOW), names, account, NOW, draw(st.booleans()))
    coverage = WHOLE._replace(with_groups=draw(st.sampled_from((0, 9, 250))))
    return GroupCard(GroupSize(Group(draw(HOSTILE), draw(HOSTILE | st.none())), 3), coverage, account, NOW)


@settings(max_examples=300)
@given(cards())
def test_the_text_is_one_bounded_line_of_printable_characters(card: UserCard | GroupCard) -> None:
    shown = text(card)
    assert shown.isprintable()
    assert len(shown.splitlines()) == 1
    assert len(shown) < 20_000


@settings(max_examples=300)
@given(cards())
def test_the_markdown_is_a_list_with_code_spans_and_nothing_else(card: UserCard | GroupCard) -> None:
    markdown = rendered([card], CardForm.MARKDOWN)
    found = tokens(markdown)
    assert {token.type for token in found} <= OURS
    assert len(markdown.splitlines()) == len([token for token in found if token.type == "list_item_open"])
    plain = "".join(token.content for token in found if token.type == "text")
    assert not re.search(r"[<>\[\]`|]", plain)


@settings(max_examples=200)
@given(cards())
def test_the_json_is_printable_and_whole(card: UserCard | GroupCard) -> None:
    written = rendered([card], CardForm.JSON)
    assert all(character.isprintable() or character == "\n" or ord(character) > 0x300 for character in written)
    assert json.loads(written)["profile"] == card.account.profile


# Letters that stand nowhere else on a card.
PERSONAL = st.text("äßçđéğ", min_size=1, max_size=8)


@settings(max_examples=300)
@given(
    st.tuples(PERSONAL, PERSONAL, PERSONAL),
    st.sampled_from(("u-1", "u-{0}", "{1}", "x{2}x")),
    st.sampled_from(CardForm),
)
def test_a_redacted_card_contains_neither_names_nor_emails(
    parts: tuple[str, str, str], id_pattern: str, form: CardForm
) -> None:
    first, last, local = parts
    email, user_id = f"{local}@ŵŵ.ŷ", id_pattern.format(*parts)
    user = ANN._replace(
        id=user_id,
        email=email,
        first_name=first,
        last_name=last,
        external_id=f"{email}|{email}",
        extra={"other": first},
    )
    shown = rendered([of(user, redacted=True)], form)
    assert not set(shown) & set("äßçđéğ@ŵŷ")
    assert all(part in rendered([of(user)], CardForm.TEXT) for part in (first, last, email))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Sales", "Sales"),
        ("Field-EMEA & more", "Field-EMEA & more"),
        ("Sales; role Admin", '"Sales; role Admin"'),
        ("Lee, Ann", '"Lee, Ann"'),
        ('a "b"', '"a \\"b\\""'),
        (" x", '" x"'),
        ("  ", "(blank)"),
    ],
)
def test_a_value_cannot_end_a_phrase(value: str, shown: str) -> None:
    assert plain_value(value) == shown
