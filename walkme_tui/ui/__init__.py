"""Everything Textual: screens, panes, dialogs, themes and the table of users."""
