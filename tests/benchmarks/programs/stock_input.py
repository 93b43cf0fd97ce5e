"""Textual's own inputs, as many as the form of a user has fields."""

from textual.app import App, ComposeResult
from textual.widgets import Input


class StockInput(App[None]):
    """An app with only the inputs."""

    def compose(self) -> ComposeResult:
        for number in range(1, 7):
            yield Input(placeholder=f"input {number}", compact=True)


if __name__ == "__main__":
    StockInput().run()
