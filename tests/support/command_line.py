"""The command line in this process, over an account in memory and a real mirror on disk.

cli = CommandLine(monkeypatch, capsys, folder, FakeDirectory(people(7)))
answer = cli("whois", "person00001@example.com", "--json")
answer.code, answer.out, answer.err, answer.json
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from tests.support.fake_directory import FakeDirectory
from walkme_tui import session as composition
from walkme_tui.cli.main import run
from walkme_tui.config.paths import Paths
from walkme_tui.config.profiles import Profile
from walkme_tui.domain.accounts import Account, Surface
from walkme_tui.services.events import Events
from walkme_tui.services.ports import Session
from walkme_tui.services.ports.directory_api import DirectoryApi, GroupApi
from walkme_tui.store.mirror.mirror import open_mirror

NOON_MS = 1_800_000_000_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The exit code and output of one run."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object that it is."""
        return json.loads(self.out)


class CommandLine:
    """Runs command lines; each run passes one second of ``clock``. ``opened`` and ``surfaces`` are what was opened."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        folder: Path,
        api: DirectoryApi | None = None,
    ) -> None:
        self.api = api if api is not None else FakeDirectory()
        self.paths = Paths.below(folder)
        self.opened: list[tuple[Profile, bool]] = []
        self.surfaces: list[Surface] = []
        self.closed = 0
        self.now_ms = NOON_MS
        self._capsys = capsys
        for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
            monkeypatch.setenv(f"WALKME_TUI_{kind}_DIR", str(folder / kind.lower()))
        monkeypatch.setenv("WALKME_CLIENT_ID", "id-1")
        monkeypatch.setenv("WALKME_CLIENT_SECRET", "hunter2")
        monkeypatch.setattr(composition, "open_session", self._open)
        monkeypatch.setattr(self.api, "aclose", self._stay_open)

    def __call__(self, *words: str) -> Answer:
        """Run one command line."""
        self.now_ms += 1000
        self._capsys.readouterr()
        code = run(list(words))
        captured = self._capsys.readouterr()
        return Answer(int(code), captured.out, captured.err)

    def configure(self, text: str) -> Path:
        """Write config.toml."""
        self.paths.config.mkdir(parents=True, exist_ok=True)
        self.paths.config_file.write_text(text, encoding="utf-8")
        return self.paths.config_file

    def _open(
        self, profile: Profile, *, paths: Paths, surface: Surface | None = None, read_only: bool = False
    ) -> Session:
        surface = profile.surface(surface)
        self.opened.append((profile, read_only))
        self.surfaces.append(surface)
        address = profile.connections[surface].base_url
        account = Account(profile.name, profile.environment, surface, address, read_only)
        mirror = open_mirror(paths.cache / profile.name / composition.MIRROR_FILES[surface], account_key="test")
        session = Session(account, self.api, mirror, lambda: self.now_ms, self.now_ms, "the test", Events())
        return session._replace(group_api=cast("GroupApi", self.api)) if surface is Surface.SCIM else session

    async def _stay_open(self) -> None:
        """Keep the account open for the next run."""
        self.closed += 1
