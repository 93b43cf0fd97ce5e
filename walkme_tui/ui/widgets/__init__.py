"""The widgets of the screens and dialogs."""
