"""Small screens over the browser; each returns a typed value and saves nothing."""
