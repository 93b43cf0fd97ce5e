"""The widgets of a form's fields."""
