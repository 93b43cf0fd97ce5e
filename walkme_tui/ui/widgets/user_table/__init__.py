"""The virtual table of users."""

from walkme_tui.ui.widgets.user_table.table import UserTable

__all__ = ["UserTable"]
