"""Runs asynchronous work with a session, which is closed in every case."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from walkme_tui.cli.context import Context
from walkme_tui.cli.output.messages import print_message
from walkme_tui.config import crash_hooks
from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.services.ports import Session

if TYPE_CHECKING:
    from walkme_tui.services.changes.change_services import ChangeServices
    from walkme_tui.services.reconcile.comparison import Sides

T = TypeVar("T")


class StoppedBySignal(KeyboardInterrupt):
    """A signal ended the work, after its cleanup."""


def with_session(context: Context, work: Callable[[Session], Awaitable[T]]) -> T:
    """Open the selected account, run the work, close the session; Ctrl+C, SIGTERM and SIGHUP cancel the work first.

    Notices of the mirror are printed on standard error.
    """

    async def whole() -> T:
        session = context.open_session()
        try:
            return await work(session)
        finally:
            await _close(session)

    return run_async(whole())


def with_sides(context: Context, work: "Callable[[Sides], Awaitable[T]]") -> T:
    """Like ``with_session``, with both surfaces of the account; raises ``ConfigurationError`` where one is missing."""

    async def whole() -> T:
        from walkme_tui.services.reconcile.comparison import Sides

        sides = Sides(*map(context.open_surface, Surface))
        try:
            return await work(sides)
        finally:
            await asyncio.gather(*map(_close, sides))

    return run_async(whole())


def with_change_services(
    context: Context, work: Callable[[Session, "ChangeServices"], Awaitable[T]], check: Callable[[Account], None]
) -> T:
    """Like ``with_session``, with what changes the account; it is closed before the session.

    ``check`` raises if the account cannot be used for this work, before any request is sent.
    """

    async def whole() -> T:
        session = context.open_session()
        try:
            check(session.account)
            # Imports, sign-in and the first reads of the local copy run concurrently.
            preparing = asyncio.create_task(session.prepare())
            opening = asyncio.create_task(asyncio.to_thread(context.open_change_services, session))
            try:
                return await work(session, await opening)
            finally:
                preparing.cancel()
                # If this failed, the first request of the work has reported why.
                await asyncio.gather(preparing, return_exceptions=True)
                await (await opening).aclose()
        finally:
            await _close(session)

    return run_async(whole())


async def _close(session: Session) -> None:
    for notice in session.mirror.notices:
        print_message(notice)
    await session.aclose()


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run the work on a new event loop; Ctrl+C, SIGTERM and SIGHUP cancel it, and its cleanup runs."""
    # Not the result of the task: asyncio makes the repr of its main task as it ends, which of a large job takes 500 MB.
    results: list[T] = []

    async def watched() -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def end() -> None:
            if task is not None:
                task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        results.append(await work)

    crash_hooks.watch_asyncio()
    try:
        asyncio.run(watched())
        return results[0]
    except asyncio.CancelledError:
        # Only a signal cancels the whole work.
        raise StoppedBySignal from None
