"""A simulated account over TCP that can hold a write at a named moment, and the program as a process that talks to it.

with HeldAccount.serving(users=200) as account:
    program = Program(account.url, tmp_path)
    account.hold(3)                                # the third write waits before it is executed
    running = program.start("offboard", email, "--yes")
    account.wait_until_held()
    running.send_signal(signal.SIGTERM)
    account.release()
    answer = running.answer()
"""

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from starlette.types import Message, Receive, Scope, Send

from tests.support.tcp import asgi_server
from walkme_tui.simulator.app import Simulator
from walkme_tui.simulator.settings import SimulatorSettings

Stream = int | TextIO
ROOT: Final = Path(__file__).parents[2]
READING: Final = frozenset({"GET", "HEAD"})
TOKEN_PATH: Final = "/accounts/connect/token"
PATIENCE_SECONDS: Final = 30.0
TAKE_TERMINAL: Final = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "tests.support.unpaced_program", *sys.argv[1:]])
"""


class HeldAccount:
    """The account at ``url``; ``writes`` are the executed ones in order, as ``PATCH /users/…``."""

    def __init__(self, simulator: Simulator) -> None:
        self.url = ""
        self.writes: list[str] = []
        self._simulator = simulator
        self._arrived = 0
        self._held: dict[int, bool] = {}
        self._held_event = threading.Event()
        self._released = threading.Event()

    @classmethod
    @contextmanager
    def serving(cls, **settings: Any) -> "Iterator[HeldAccount]":
        """Serve an account with these settings; held writes are released at the end."""
        account = cls(Simulator(SimulatorSettings(**settings)))
        with asgi_server(account) as url:
            account.url = url
            try:
                yield account
            finally:
                account.release()

    def person(self, email: str) -> dict[str, Any]:
        """The current record of the user with this email."""
        found = self._simulator.account.find(email)
        assert found is not None, email
        return dict(found)

    def active_members(self, count: int, *, groups: int = 2) -> list[str]:
        """Emails of the first users who are active and in at least ``groups`` groups."""
        records = self._simulator.account.users(0, 1000)
        found = [each for each in records if each["status"] == "active" and len(_groups(each)) >= groups]
        return [str(each["email"]) for each in found[:count]]

    def hold(self, number: int, *, executed: bool = False) -> None:
        """Hold the write with this number, from 1: before it is executed, or only its answer."""
        self._held[number] = executed
        self._held_event.clear()
        self._released.clear()

    def wait_until_held(self) -> None:
        """Return when a write is held; AssertionError if none is in time."""
        assert self._held_event.wait(PATIENCE_SECONDS), f"no write was held; executed: {self.writes}"

    def release(self) -> None:
        """Release held writes, and hold no other."""
        self._held.clear()
        self._released.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["method"] in READING or scope["path"] == TOKEN_PATH:
            await self._simulator(scope, receive, send)
            return
        self._arrived += 1
        executed = self._held.get(self._arrived)
        if executed is False:
            await self._wait()

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                if 200 <= message["status"] < 300:
                    self.writes.append(f"{scope['method']} {scope['path']}")
                if executed:
                    await self._wait()
            await send(message)

        await self._simulator(scope, receive, send_noted)

    async def _wait(self) -> None:
        self._held_event.set()
        await asyncio.to_thread(self._released.wait, PATIENCE_SECONDS)


@dataclass(frozen=True, slots=True)
class Ended:
    """The exit code and output of a program."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the JSON that it is."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Running:
    """A running program."""

    process: subprocess.Popen[str]

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def wait_for_error(self, text: str) -> str:
        """Read standard error until a line holds this; the lines up to it."""
        assert self.process.stderr is not None
        lines = ""
        for line in self.process.stderr:
            lines += line
            if text in line:
                return lines
        raise AssertionError(f"{text!r} was never said: {lines}")

    def answer(self, seconds: float = PATIENCE_SECONDS) -> Ended:
        """Wait for its end."""
        try:
            out, err = self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"it did not end: {out}{err}") from None
        return Ended(self.process.returncode, out, err)


class InTerminal:
    """A program in a terminal of its own; ``output`` is what it wrote, escape sequences and all."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self._terminal, child = pty.openpty()
        self.output = ""
        # The child first makes this its controlling terminal, so that closing it hangs up.
        self.process = subprocess.Popen(
            [sys.executable, "-c", TAKE_TERMINAL, *words],
            cwd=ROOT,
            env=dict(environment),
            stdin=child,
            stdout=child,
            stderr=child,
            start_new_session=True,
        )
        os.close(child)

    def wait_for(self, text: str) -> None:
        """Return when it has written this; AssertionError if it does not in time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.output:
            ready, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"{text!r} never came: {self.output}"
            self.output += os.read(self._terminal, 1 << 16).decode(errors="replace")

    def type(self, text: str) -> None:
        """Type this."""
        os.write(self._terminal, text.encode())

    def hang_up(self) -> None:
        """Close the terminal."""
        if self._terminal >= 0:
            os.close(self._terminal)
            self._terminal = -1

    def end(self) -> int:
        """Wait for its end; the exit code."""
        try:
            return self.process.wait(PATIENCE_SECONDS)
        finally:
            self.process.kill()
            self.process.wait()
            self.hang_up()


@dataclass(frozen=True, slots=True)
class Program:
    """``walkme-tui``, unpaced, with folders of its own below ``folder``, and an account as its profile ``env``."""

    url: str
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, *words: str, stdout: Stream = subprocess.PIPE, stderr: Stream = subprocess.PIPE) -> Running:
        """Start it without a terminal."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.unpaced_program", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )
        return Running(process)

    def start_in_terminal(self, *words: str) -> InTerminal:
        """Start it in a terminal of its own."""
        return InTerminal(words, {**self.environment, "TERM": "xterm-256color"})

    def __call__(self, *words: str) -> Ended:
        """Run it to its end."""
        return self.start(*words).answer()

    @property
    def environment(self) -> dict[str, str]:
        """Its environment variables."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("WALKME_")}
        kinds = ("CONFIG", "CACHE", "DATA", "STATE")
        folders = {f"WALKME_TUI_{kind}_DIR": str(self.folder / kind.lower()) for kind in kinds}
        account = {"WALKME_BASE_URL": self.url, "WALKME_CLIENT_ID": "demo", "WALKME_CLIENT_SECRET": "demo"}
        return {**kept, **folders, **account, **self.variables}


def _groups(record: Mapping[str, Any]) -> list[str]:
    return list(record["groups"] or ())
