"""What the browser is put together from."""
