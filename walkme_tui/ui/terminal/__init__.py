"""The connection to the terminal: the driver, what it shows, signals, the clipboard, and control characters."""
