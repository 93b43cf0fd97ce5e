"""Servers that keep sending without finishing: a command ends at its total deadline, and shows the wait."""

import asyncio
import gzip
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from tests.support.fake_directory import FakeDirectory
from tests.support.sessions import open_session
from tests.support.tcp import Received, Script, http_answer, scripted_server
from walkme_tui.cli import deadline
from walkme_tui.cli.deadline import CommandDeadline
from walkme_tui.cli.main import run
from walkme_tui.cli.output import progress
from walkme_tui.domain.errors import Unreachable
from walkme_tui.domain.traffic import RequestRecord

TOKEN = http_answer(json.dumps({"access_token": "t", "token_type": "Bearer", "expires_in": 3600}))
TOTAL_SECONDS = 1.5


def dripping(head: bytes, drop: bytes, seconds: float = 0.01) -> Script:
    """Send ``head``, then ``drop`` repeatedly while the connection is open."""

    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing():
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(seconds)

    return script


GZIP_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n\r\n"
LIST = gzip.compress(b'{"users": [], "total": 0, "page": 1}')
SLOW: dict[str, Script] = {
    "a body": dripping(http_answer(b" " * 100_000)[:-100_000], b" "),
    "a head": dripping(b"HTTP/1.1 200 OK\r\n", b"X-More: of the same\r\n"),
    "100 Continue": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0),
    "behind the end of gzip": dripping(GZIP_HEAD + LIST, b"\0"),
    "silence": dripping(b"", b"", 0.1),
}


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """The URL of a scripted server on a thread of its own."""
    loop, ready, over = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    urls: list[str] = []

    async def serve() -> None:
        async with scripted_server(script) as server:
            urls.append(server.url)
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield urls[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(30)
        loop.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """A command line with a short total deadline for a URL."""
    monkeypatch.setattr(deadline, "TOTAL_SECONDS", TOTAL_SECONDS)
    monkeypatch.setattr(deadline, "QUIET_SECONDS", 0.1)
    monkeypatch.setattr(deadline, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.2)
    for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
        monkeypatch.setenv(f"WALKME_TUI_{kind}_DIR", str(tmp_path / kind))
    monkeypatch.setenv("WALKME_CLIENT_ID", "id-1")
    monkeypatch.setenv("WALKME_CLIENT_SECRET", "hunter2")
    return lambda url: monkeypatch.setenv("WALKME_BASE_URL", url)


@pytest.mark.parametrize("at", ["/accounts/connect/token", "/users", "/groups"])
@pytest.mark.parametrize("way", SLOW)
def test_a_command_ends_at_its_total_deadline(
    way: str, at: str, quick: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    async def script(request: Received, writer: asyncio.StreamWriter) -> None:
        if request.target.startswith(at):
            await SLOW[way](request, writer)
        elif request.target.startswith("/accounts"):
            writer.write(TOKEN)
        else:
            user = {"id": "u1", "email": "zoe@example.com", "status": "active", "groups": ["g1"]}
            writer.write(http_answer(json.dumps({"users": [user], "total": 1, "page": 1})))

    with serving(script) as url:
        quick(url)
        code = run(["whois", "zoe@example.com"])
    said = capsys.readouterr().err
    place = url.removeprefix("http://")
    assert code == 4, said
    assert f"{place} sent no usable answer within {TOTAL_SECONDS:g} s, over all attempts." in said
    assert f"waiting for {place}…, 1 s of {TOTAL_SECONDS:g} s" in said


def test_the_wait_is_one_line_on_a_terminal() -> None:
    class Terminal:
        def __init__(self) -> None:
            self.text = ""

        def isatty(self) -> bool:
            return True

        def write(self, text: str) -> None:
            self.text += text

        def flush(self) -> None:
            pass

    async def wait() -> None:
        api = FakeDirectory()
        api.hold()
        async with open_session(api) as session:
            waiting = CommandDeadline(session)
            with pytest.raises(Unreachable):
                async with waiting.running():
                    await session.api.list_groups()

    terminal = Terminal()
    stream: TextIO = terminal  # type: ignore[assignment]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deadline, "TOTAL_SECONDS", 1.0)
        patch.setattr(deadline, "QUIET_SECONDS", 0.1)
        patch.setattr(deadline, "TICK_SECONDS", 0.02)
        patch.setattr(sys, "stderr", stream)
        asyncio.run(wait())
    assert "\n" not in terminal.text
    assert "s of 1 s" in terminal.text
    assert terminal.text.endswith(" \r")


async def test_each_answer_restarts_the_wait_if_answers_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "TOTAL_SECONDS", 2.0)
    monkeypatch.setattr(deadline, "TICK_SECONDS", 0.02)
    api = FakeDirectory()
    async with open_session(api) as session:
        async with CommandDeadline(session, after_each_answer=True).running():
            for number in range(6):
                await asyncio.sleep(0.5)
                api.records.append(RequestRecord(number, "GET", "/users", 200, "ok", 1, 1))
        strict = CommandDeadline(session)
        for _ in range(2):
            async with strict.running():
                await asyncio.sleep(0.7)
        with pytest.raises(Unreachable):
            async with strict.running():
                await asyncio.Event().wait()
