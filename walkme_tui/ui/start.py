"""Starts the browser: what runs before the app, around it and after it."""

import asyncio
import gc
import math
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from walkme_tui.config import crash_hooks
from walkme_tui.domain.errors import WalkmeError
from walkme_tui.services.ports import Session
from walkme_tui.ui.browser_start import BrowserStart
from walkme_tui.ui.plan_preload import PlanPreload
from walkme_tui.ui.preload import preload_rows
from walkme_tui.ui.textual_import import import_textual

if TYPE_CHECKING:
    from walkme_tui.config.themes import ThemeSpec
    from walkme_tui.domain.jobs import Job
    from walkme_tui.ui.app import WalkmeApp

# Textual reads these when it is imported: over SSH every frame costs bytes, and nothing here is animated.
QUIET_TEXTUAL: Final = {"TEXTUAL_ANIMATIONS": "none", "TEXTUAL_SMOOTH_SCROLL": "0", "TEXTUAL_FPS": "60"}
COLLECT_AFTER_SECONDS: Final = 1.0
SWITCH_SECONDS: Final = 0.001
# A page of a thousand users is thousands of objects that live until it is saved: collecting garbage after every 700 of
# them, as Python does, takes 5 % of the time to read an account.
GARBAGE_AT: Final = 10_000
POLLING_SECONDS: Final = 0.01
NOTICE_SECONDS: Final = 1.0
CLOSING_SECONDS: Final = 1.0
ENDING_SECONDS: Final = 3.0
SETTLING_SECONDS: Final = 8.0  # more than JobTasks.aclose waits
INTERRUPTED: Final = 130  # the exit code of the command line where a job is left unfinished


def run_browser(start: BrowserStart) -> int:
    """Run the browser until the user quits; returns the exit code: 0, 70 after a crash, 128 + n after signal n."""
    # The GC stays off during start-up: it costs 20 % and frees nothing.
    gc.disable()
    # A thread that decodes or writes yields to the event loop after a millisecond, not after five.
    sys.setswitchinterval(SWITCH_SECONDS)
    for name, value in QUIET_TEXTUAL.items():
        os.environ.setdefault(name, value)
    _use_the_terminals_size()
    threads = ThreadPoolExecutor(thread_name_prefix="walkme")
    crash_hooks.watch_asyncio()
    loop = asyncio.new_event_loop()
    loop.set_default_executor(threads)
    try:
        code = loop.run_until_complete(_browse(start))
        loop.run_until_complete(_cancel_the_rest())
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()
    _leave_threads_behind(threads, code)
    return code


def _use_the_terminals_size() -> None:
    """Remove ``COLUMNS`` and ``LINES`` if the terminal knows its size: Python, rich and Textual prefer them to it."""
    with suppress(OSError, ValueError):
        if all(os.get_terminal_size(sys.stdout.fileno())):
            os.environ.pop("COLUMNS", None)
            os.environ.pop("LINES", None)


async def _cancel_the_rest() -> None:
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=CLOSING_SECONDS)


def _leave_threads_behind(threads: ThreadPoolExecutor, code: int) -> None:
    """End the process if a thread is still busy: Python would wait for a secret's command, which may take 30 s."""
    waiting = threading.Thread(target=threads.shutdown, daemon=True)
    waiting.start()
    waiting.join(CLOSING_SECONDS)
    if waiting.is_alive():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(crash_hooks.final_code(code))


async def _browse(start: BrowserStart) -> int:
    session, problem = await _open(start)
    plan: PlanPreload | None = None
    app: WalkmeApp | None = None
    try:
        if session is not None and start.secret_command:
            await asyncio.gather(_read_secret(session, start.secret_command), asyncio.to_thread(_import_app))
        plan = _preload_plan(start, session)
        first = start.first_query(session.account) if session is not None else None
        preload = await preload_rows(session, first[0]) if session is not None and first is not None else None
        if plan is not None:
            await plan.sent()
        # In a thread, so that answers are processed meanwhile.
        await asyncio.to_thread(_import_app)
        from walkme_tui.ui.app import WalkmeApp as App
        from walkme_tui.ui.terminal.signals import exit_on_signals
        from walkme_tui.ui.theming.ascii_signs import AsciiSigns, needs_ascii_signs

        signs = AsciiSigns(sys.stdout.encoding) if needs_ascii_signs(os.environ) else None
        app = App(start, session, _theme(start), problem=problem, preload=preload, plan=plan, first=first, signs=signs)
        asyncio.get_running_loop().call_later(COLLECT_AFTER_SECONDS, _collect_garbage_again)
        with exit_on_signals(app, partial(_grace_seconds, app)):
            await app.run_async()
    finally:
        await _close(app, app.session if app is not None else session, plan)
    return _exit_code(app, start.state_folder)


async def _read_secret(session: Session, command: str) -> None:
    """Sign in while the secret's command can still prompt on the terminal; wait for the command only."""
    from walkme_tui.config.secret_command import HAS_PROMPTED, MAY_PROMPT

    MAY_PROMPT.set()
    signing_in = asyncio.create_task(session.prepare(), name="sign in before the screen")
    # A failure is reported by the first call.
    signing_in.add_done_callback(lambda task: task.cancelled() or task.exception())
    loop = asyncio.get_running_loop()
    notice_at = loop.time() + NOTICE_SECONDS
    try:
        while not (signing_in.done() or HAS_PROMPTED.is_set()):
            await asyncio.sleep(POLLING_SECONDS)
            if loop.time() > notice_at:
                notice_at = math.inf
                print(f"\nWaiting for {command}, which gives the secret. Ctrl+C ends.", file=sys.stderr)  # noqa: T201
    finally:
        MAY_PROMPT.clear()


def _preload_plan(start: BrowserStart, session: Session | None) -> PlanPreload | None:
    if start.task is None or session is None:
        return None
    return PlanPreload(start.task, session, start.open_change_services)


def _grace_seconds(app: "WalkmeApp") -> float:
    """How long the program may take to end after a signal; longer while a job settles what is in flight."""
    jobs = SETTLING_SECONDS if app.job_tasks is not None and app.job_tasks.running else 0.0
    return ENDING_SECONDS + jobs


async def _open(start: BrowserStart) -> tuple[Session | None, str]:
    """The session to begin with, or None and the reason; with a task the error is raised for the command line."""
    try:
        if start.demo:
            return await asyncio.to_thread(start.open_demo, start.surface), ""
        if start.profile is not None:
            return await asyncio.to_thread(start.open_session, start.profile, start.surface), ""
    except WalkmeError as error:
        if start.task is not None:
            raise
        return None, str(error)
    return None, ""


def _import_app() -> None:
    import_textual()
    import walkme_tui.ui.app  # noqa: F401 - imports it ahead of time


def _collect_garbage_again() -> None:
    """Exclude what lives until the end from collection, and enable it."""
    gc.freeze()
    gc.set_threshold(GARBAGE_AT)
    gc.enable()


async def _close(app: "WalkmeApp | None", session: Session | None, plan: PlanPreload | None) -> None:
    """Close what was opened; a server that does not answer delays the end by ``CLOSING_SECONDS`` at most."""
    try:
        if app is not None and app.job_tasks is not None:
            await app.job_tasks.aclose()
        if plan is not None:
            await asyncio.wait_for(plan.aclose(), CLOSING_SECONDS)
        if session is not None:
            await asyncio.wait_for(session.aclose(), CLOSING_SECONDS)
    except TimeoutError:
        return
    except WalkmeError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the terminal is restored, and the failure should be seen


def _theme(start: BrowserStart) -> "ThemeSpec":
    from walkme_tui.config.themes import DEFAULT_DARK, MONO, read_theme, shipped_folder

    name = MONO if start.no_color else start.theme or DEFAULT_DARK
    for folder in (start.themes_folder, shipped_folder()):
        if folder is not None:
            spec, _ = read_theme(folder / f"{name}.toml")
            if spec is not None and spec.name == name:
                return spec
    return _any_theme(start, name)


def _any_theme(start: BrowserStart, name: str) -> "ThemeSpec":
    """A theme whose file has another name; the default one where no theme has that name."""
    from walkme_tui.config.themes import DEFAULT_DARK, load_themes

    loaded = load_themes(start.themes_folder).loaded
    return loaded.get(name) or loaded[DEFAULT_DARK]


def _exit_code(app: "WalkmeApp", state_folder: Path | None) -> int:
    if app.broken_by is not None:
        import tempfile

        crash_hooks.record_crash(app.broken_by, state_folder or Path(tempfile.mkdtemp(prefix="walkme-tui-")))
        return crash_hooks.final_code(crash_hooks.CRASHED)
    if app.job_tasks is not None and app.job_tasks.plan_failure is not None:
        raise app.job_tasks.plan_failure
    left = app.job_tasks.unfinished.values() if app.job_tasks is not None else ()
    for job in left:
        _print_unfinished(job, demo=app.session is not None and app.session.account.demo)
    return app.return_code or (INTERRUPTED if left else 0)


def _print_unfinished(job: "Job", *, demo: bool) -> None:
    """Print what is left of a job, unless the terminal is closed."""
    count = len(job.unsettled)
    steps = "1 step is" if count == 1 else f"{count} steps are"
    how = "This was the demo: nothing real was changed." if demo else f"Resume it with: walkme-tui jobs resume {job.id}"
    with suppress(OSError):
        print(f"Job {job.id} is unfinished; {steps} left. {how}", file=sys.stderr)  # noqa: T201
