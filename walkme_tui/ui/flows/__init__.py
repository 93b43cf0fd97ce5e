"""Actions of several steps: they call the services, update the screen and report failures."""
