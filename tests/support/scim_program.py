"""The program's command line in this process, on an account that it reaches over TCP by SCIM.

program = ScimProgram(monkeypatch, capsys, folder, url, token)
answer = program("export", "--json")           # tests.support.command_line.Answer
"""

from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import Answer
from walkme_tui.api import pacing
from walkme_tui.api.retry import RetryPolicy
from walkme_tui.cli.main import run
from walkme_tui.services.changes import read_back


class ScimProgram:
    """``walkme-tui`` with folders of its own below ``folder``; its profile ``env`` has a SCIM connection and no REST.

    Requests are not paced, as each run would begin slowly, and waits are short.
    """

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        folder: Path,
        url: str,
        token: str,
    ) -> None:
        self._capsys = capsys
        for kind in ("CONFIG", "CACHE", "DATA", "STATE"):
            monkeypatch.setenv(f"WALKME_TUI_{kind}_DIR", str(folder / kind.lower()))
        monkeypatch.setenv("WALKME_SCIM_BASE_URL", url)
        monkeypatch.setenv("WALKME_SCIM_TOKEN", token)
        monkeypatch.setattr(pacing, "BURST", 1e6)
        monkeypatch.setattr(RetryPolicy, "back_off", lambda *_: 0.001)
        monkeypatch.setattr(read_back, "SECOND_READ_SECONDS", 0.01)

    def __call__(self, *words: str) -> Answer:
        """Run one command line."""
        self._capsys.readouterr()
        code = run(list(words))
        captured = self._capsys.readouterr()
        return Answer(int(code), captured.out, captured.err)

    def done(self, *words: str) -> Any:
        """The JSON of a command that must end with exit code 0."""
        answer = self(*words, "--json")
        assert answer.code == 0, (words, answer.err, answer.out)
        return answer.json

    def changed(self, *words: str) -> Any:
        """The JSON of a change that must be executed, every step of it verified."""
        result = self.done(*words, "--yes")
        assert result["state"] == "done", result
        assert set(result["counts"]) == {"done"}, result
        return result
