"""Textual's own DataTable with 1 000 users in the columns of the browser."""

from textual.app import App, ComposeResult
from textual.widgets import DataTable

from tests.support.fake_directory import person

HEADINGS = ("EMAIL", "FIRST", "LAST", "ROLE", "STATUS", "GRP", "UPD", "EXTERNAL ID")
WIDTHS = (34, 12, 13, 7, 10, 3, 6, 12)


class StockTable(App[None]):
    """An app with only the table."""

    def compose(self) -> ComposeResult:
        yield DataTable(cursor_type="row")

    def on_mount(self) -> None:
        table: DataTable[str] = self.query_one(DataTable)
        for heading, width in zip(HEADINGS, WIDTHS, strict=True):
            table.add_column(heading, width=width)
        for number in range(1000):
            user = person(number)
            cells = (
                user.email,
                user.first_name,
                user.last_name,
                user.role,
                f"● {user.status}",
                "3",
                "1 y",
                user.external_id,
            )
            table.add_row(*(str(cell or "") for cell in cells))
        table.focus()


if __name__ == "__main__":
    StockTable().run()
