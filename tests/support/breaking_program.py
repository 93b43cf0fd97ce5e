"""The program with an injected exception, run by ``test_crash_ways.py``: ``breaking_program WAY WORD…``.

``WAYS`` names what breaks; every exception holds ``SECRET`` in its text.
"""

import asyncio
import atexit
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

SECRET = "sesame-" + "open-4711"


def _strike(*_: object) -> Any:
    raise ValueError(SECRET)


strike: Any = _strike


def _replace(owner: object, name: str, value: object) -> None:
    setattr(owner, name, value)


async def strike_in_a_task() -> None:
    raise ValueError(SECRET)


def when_a_session_opens(plant: Callable[[], object]) -> None:
    """Run ``plant`` on the event loop when a session opens."""
    from walkme_tui.cli.context import Context

    real = Context.open_session

    def open_session(self: Context) -> Any:
        plant()
        return real(self)

    _replace(Context, "open_session", open_session)


def in_the_command() -> None:
    from walkme_tui.cli.commands import whois

    _replace(whois, "run", strike)


def as_a_group() -> None:
    from walkme_tui.cli.commands import whois

    def run(options: object) -> int:
        raise BaseExceptionGroup(SECRET, [GeneratorExit(SECRET), ValueError(SECRET)])

    _replace(whois, "run", run)


def as_an_exit_with_a_text() -> None:
    from walkme_tui.cli.commands import whois

    _replace(whois, "run", lambda options: sys.exit(SECRET))


def while_importing() -> None:
    class Finder:
        @staticmethod
        def find_spec(name: str, *_: object) -> None:
            if name == "walkme_tui.cli.main":
                strike()

    sys.meta_path.insert(0, Finder)


def in_a_task_that_is_not_awaited() -> None:
    when_a_session_opens(lambda: asyncio.get_running_loop().create_task(strike_in_a_task()))


def in_a_task_that_is_left_to_the_collector() -> None:
    def plant() -> None:
        kept: list[Any] = []
        kept += [kept, asyncio.get_running_loop().create_task(strike_in_a_task())]

    when_a_session_opens(plant)


def in_a_callback() -> None:
    when_a_session_opens(lambda: asyncio.get_running_loop().call_soon(strike))


def on_a_thread() -> None:
    when_a_session_opens(lambda: threading.Thread(target=strike).start())


def in_a_finalizer() -> None:
    class Broken:
        def __del__(self) -> None:
            strike()

    when_a_session_opens(Broken)


def in_a_future() -> None:
    """An exception that asyncio only logs, with its traceback."""

    def plant() -> None:
        future: Future[bool] = ThreadPoolExecutor().submit(threading.Event().wait, 0.01)
        future.add_done_callback(strike)

    when_a_session_opens(plant)


def in_an_exit_handler() -> None:
    atexit.register(strike)


def on_the_thread_of_the_database() -> None:
    from walkme_tui.store.sqlite_thread import SqliteThread

    real, calls = SqliteThread._next, iter(range(1, 100))

    def take_next(self: SqliteThread) -> Any:
        return strike() if next(calls) == 2 else real(self)

    _replace(SqliteThread, "_next", take_next)


def on_the_thread_of_the_simulator() -> None:
    from walkme_tui.simulator.thread import SimulatorThread

    _replace(SimulatorThread, "_call", strike)


def on_the_thread_of_the_simulator_at_its_start() -> None:
    from walkme_tui.simulator import app

    def refuse(settings: object) -> Any:
        raise SystemExit(SECRET)

    _replace(app, "Simulator", refuse)


def in_the_loop_of_the_simulator() -> None:
    from walkme_tui.simulator.thread import SimulatorThread

    real = SimulatorThread._call

    async def call(self: SimulatorThread, *arguments: Any) -> Any:
        asyncio.get_running_loop().call_soon(strike)
        return await real(self, *arguments)

    _replace(SimulatorThread, "_call", call)


WAYS: dict[str, Callable[[], None]] = {
    plant.__name__: plant
    for plant in (
        in_the_command,
        as_a_group,
        as_an_exit_with_a_text,
        while_importing,
        in_a_task_that_is_not_awaited,
        in_a_task_that_is_left_to_the_collector,
        in_a_callback,
        on_a_thread,
        in_a_finalizer,
        in_an_exit_handler,
        on_the_thread_of_the_database,
        on_the_thread_of_the_simulator,
        on_the_thread_of_the_simulator_at_its_start,
        in_the_loop_of_the_simulator,
        in_a_future,
    )
}


if __name__ == "__main__":
    way = sys.argv.pop(1)
    WAYS[way]()
    from walkme_tui.__main__ import main

    sys.exit(main())
