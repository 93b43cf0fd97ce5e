"""Records what the program copies to the clipboard of the terminal."""

import base64

import pytest

from walkme_tui.ui.terminal import clipboard


class Clipboard:
    """The copied texts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.texts: list[str] = []
        sequence = clipboard.clipboard_sequence

        def noting(text: str, environment: dict[str, str]) -> str | None:
            sent = sequence(text, environment)
            if sent is not None:
                self.texts.append(base64.b64decode(sent.split(";")[2].split("\a")[0]).decode())
            return sent

        monkeypatch.setattr(clipboard, "clipboard_sequence", noting)
