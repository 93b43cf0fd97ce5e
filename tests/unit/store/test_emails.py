"""Finding many users by their emails at once."""

from collections.abc import AsyncIterator

import pytest

from walkme_tui.domain.users import UNKNOWN, User, UserPage
from walkme_tui.store.mirror import emails
from walkme_tui.store.mirror.mirror import SqliteMirror, open_mirror


@pytest.fixture
async def mirror() -> AsyncIterator[SqliteMirror]:
    opened = open_mirror(None, account_key="account")
    yield opened
    await opened.aclose()


@pytest.fixture(params=["one by one", "all at once"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "all at once":
        monkeypatch.setattr(emails, "FEW", 0)
        monkeypatch.setattr(emails, "STEP", 3)
        monkeypatch.setattr(emails, "BATCH", 2)


STORED = (
    User("u1", "Amina@Example.com", groups=()),
    User("u2", "zoe\u0308@example.com"),
    User("u3", "K\u0131l\u0131c@example.com"),
    User("u4", None),
    User("u5", UNKNOWN),
    User("u6", ""),
    User("u7", "bo@example.com"),
    User("u8", "\u212a@example.com"),
)


@pytest.mark.usefixtures("way")
async def test_emails_are_compared_without_case_and_unicode_form(mirror: SqliteMirror) -> None:
    await mirror.save_page(UserPage(1, 10, STORED, len(STORED)), 1000)
    wanted = [
        "amina@EXAMPLE.com",
        "ZO\u00cb@example.com",
        "k@example.com",
        "nobody@example.com",
        "",
        "kilic@example.com",
    ]
    found = await mirror.users_by_emails(wanted)
    assert {key: user.user.id for key, user in found.items()} == {
        "amina@example.com": "u1",
        "zo\u00eb@example.com": "u2",
        "k@example.com": "u8",
    }
    assert found["amina@example.com"].user == STORED[0]


@pytest.mark.usefixtures("way")
async def test_of_several_users_with_one_email_the_last_fetched_is_found(mirror: SqliteMirror) -> None:
    await mirror.save_user(User("u1", "bo@example.com"), 3000)
    await mirror.save_user(User("u2", "BO@example.com"), 2000)
    assert (await mirror.users_by_emails(["bo@example.com"]))["bo@example.com"].user.id == "u1"
    await mirror.save_user(User("u2", "BO@example.com"), 4000)
    assert (await mirror.users_by_emails(["bo@example.com"]))["bo@example.com"].user.id == "u2"


@pytest.mark.usefixtures("way")
async def test_an_empty_mirror_finds_nobody(mirror: SqliteMirror) -> None:
    assert await mirror.users_by_emails(["bo@example.com"]) == {}
