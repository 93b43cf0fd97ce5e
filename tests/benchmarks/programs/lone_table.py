"""The browser's table alone with 1 000 users in memory, to measure the widget without the program."""

from tests.support.fake_directory import people
from tests.support.fake_listing import FakeListing
from tests.support.table_driver import TableApp
from walkme_tui.ui.terminal.driver import BrowserDriver
from walkme_tui.ui.widgets.user_table.table import UserTable


class LoneTable(TableApp):
    """An app with only the table."""

    def __init__(self) -> None:
        super().__init__(FakeListing(people(1000)))
        self.driver_class = BrowserDriver

    def on_mount(self) -> None:
        self.query_one(UserTable).focus()


if __name__ == "__main__":
    LoneTable().run()
