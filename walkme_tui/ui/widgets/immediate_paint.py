"""Painting without waiting for Textual's next frame."""

from typing import TYPE_CHECKING, Any

from textual.widget import Widget

if TYPE_CHECKING:
    from textual.screen import Screen


def paint_now(*widgets: Widget) -> None:
    """Paint those of these widgets that need it, all on one screen, in one frame.

    Textual would paint them after two queues and a timer of 1/60 s.
    """
    screen = widgets[0].screen
    waiting = [widget for widget in widgets if widget._repaint_required]  # noqa: SLF001
    if screen.is_current and waiting:
        for widget in waiting:
            widget._repaint_required = False  # noqa: SLF001
            screen._dirty_widgets.add(widget)  # noqa: SLF001
        screen._on_timer_update()  # noqa: SLF001


def paint_screen_now(screen: "Screen[Any]") -> None:
    """Lay out and paint a screen that was just shown."""
    if screen.is_current:
        screen._on_timer_update()  # noqa: SLF001
