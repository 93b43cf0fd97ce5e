"""Background work of a screen that is removed."""

import gc
import warnings

import pytest
from textual.app import App

from walkme_tui.ui.workers import WorkerGroup, start_worker


async def test_work_that_is_cancelled_before_its_first_step_leaves_no_coroutine() -> None:
    done: list[str] = []

    async def work() -> None:
        done.append("begun")

    app: App[None] = App()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with app.run_test():
            start_worker(app, WorkerGroup.STATUS, work, name="too late")
            app.workers.cancel_all()
        gc.collect()
    assert done == []


@pytest.mark.parametrize(("exclusive", "ended"), [(True, ["second"]), (False, ["first", "second"])])
async def test_exclusive_work_cancels_its_own_group(exclusive: bool, ended: list[str]) -> None:
    done: list[str] = []

    async def first() -> None:
        done.append("first")

    async def second() -> None:
        done.append("second")

    app: App[None] = App()
    async with app.run_test() as pilot:
        start_worker(app, WorkerGroup.STATUS, first, name="first")
        start_worker(app, WorkerGroup.STATUS, second, name="second", exclusive=exclusive)
        await pilot.pause()
    assert done == ended
