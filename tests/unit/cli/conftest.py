"""The command line over an account of seven people and three groups."""

from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.fake_directory import FakeDirectory, people
from tests.support.lookups import GROUPS


@pytest.fixture
def api() -> FakeDirectory:
    return FakeDirectory(people(7), groups=GROUPS)


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, api: FakeDirectory
) -> CommandLine:
    return CommandLine(monkeypatch, capsys, tmp_path, api)
