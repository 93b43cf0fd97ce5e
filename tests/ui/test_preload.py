"""The first page is requested before Textual is imported if no rows are stored."""

import asyncio

from tests.support.browser import Browser, Setting
from tests.support.fake_directory import FakeDirectory, people
from tests.support.sessions import BrokenMirror, until
from walkme_tui.domain.coverage import Total
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.queries import UserQuery
from walkme_tui.domain.users import UserPage
from walkme_tui.store.mirror.mirror import open_mirror
from walkme_tui.ui.preload import preload_rows


async def test_with_stored_rows_the_preload_sends_no_request() -> None:
    api, mirror = FakeDirectory(people(5)), open_mirror(None, account_key="acme")
    await mirror.save_page(UserPage(page=1, page_size=100, rows=tuple(people(5)), total=5), 0)
    session = Setting(api=api, mirror=mirror).session()
    preload = await preload_rows(session, UserQuery())
    assert preload.serving is None
    assert preload.pages.total == Total(5, exact=True)
    assert preload.listing.row(4) is not None
    assert not api.calls
    await session.aclose()


async def test_without_stored_rows_the_preload_requests_the_first_page() -> None:
    api = FakeDirectory(people(250))
    gate = api.hold("list_users")
    session = Setting(api=api).session()
    preload = await asyncio.wait_for(preload_rows(session, UserQuery()), 5)
    assert preload.serving is not None
    assert api.asked("list_users") == [(1, 100)]
    gate.set()
    await until(lambda: preload.pages.confirmed(1))
    preload.serving.cancel()
    await session.aclose()


async def test_an_unreadable_local_copy_counts_as_empty() -> None:
    mirror = BrokenMirror()
    mirror.broken = True
    session = Setting(api=FakeDirectory(people(5)), mirror=mirror).session()
    preload = await asyncio.wait_for(preload_rows(session, UserQuery()), 5)
    assert preload.serving is not None
    preload.serving.cancel()
    await session.aclose()


async def test_the_browser_takes_over_the_preloaded_rows() -> None:
    setting = Setting(api=FakeDirectory(people(250)))
    app = setting.app()
    assert app.session is not None
    app._preload = await preload_rows(app.session, UserQuery())
    async with app.run_test(size=(80, 24)) as pilot:
        browser = Browser(pilot, app, setting)
        await browser.loaded()
        assert browser.row_count == 250
        assert setting.api.asked("list_users").count((1, 100)) == 1  # type: ignore[attr-defined]
        await browser.press("G")
        await browser.settled(lambda: browser.cursor_email == "person00249@example.com")
    await app.session.aclose()


async def test_an_unreachable_server_does_not_delay_the_start() -> None:
    api = FakeDirectory(people(5))
    api.offline = Unreachable("Cannot reach api.walkme.com.")
    session = Setting(api=api).session()
    preload = await asyncio.wait_for(preload_rows(session, UserQuery()), 5)
    assert preload.serving is not None
    preload.serving.cancel()
    await session.aclose()
