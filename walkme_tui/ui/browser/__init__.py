"""The main screen, with its presenters and controllers."""
