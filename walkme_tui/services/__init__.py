"""What the program does: asyncio only, no Textual, no httpx, no sqlite3."""
