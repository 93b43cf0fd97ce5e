"""A WalkMe account to try things on: an ASGI app for the demo, for development and for the tests."""
