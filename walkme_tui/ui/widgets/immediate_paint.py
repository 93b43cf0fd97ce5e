"""Painting without waiting for Textual's next frame."""

from textual.widget import Widget


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
