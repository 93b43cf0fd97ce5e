"""A simulated WalkMe account: an ASGI application for the demo, for development and for the tests."""
