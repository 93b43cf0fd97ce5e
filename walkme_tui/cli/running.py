"""Running a piece of asynchronous work with a session, so that it always tidies up."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from walkme_tui.cli.context import Context
from walkme_tui.cli.speaking import say
from walkme_tui.services.ports import Session

T = TypeVar("T")


class Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP came; the work was cancelled and tidied up first."""


def with_session(context: Context, work: Callable[[Session], Awaitable[T]]) -> T:
    """Open the account that is meant, do the work, close it; Ctrl+C, SIGTERM and SIGHUP cancel the work first.

    What befell the local copy meanwhile is said on standard error.
    """

    async def whole() -> T:
        session = context.open_session()
        try:
            return await work(session)
        finally:
            for notice in session.mirror.notices:
                say(notice)
            await session.aclose()

    return _run(whole())


def _run(work: Coroutine[Any, Any, T]) -> T:
    ended = False

    async def watched() -> T:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()

        def end() -> None:
            nonlocal ended
            ended = True
            if task is not None:
                task.cancel()

        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, end)
        return await work

    try:
        return asyncio.run(watched())
    except asyncio.CancelledError:
        if ended:
            raise Ended from None
        raise
