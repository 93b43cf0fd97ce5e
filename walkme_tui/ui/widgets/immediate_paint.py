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


def paint_below_dialogs(screen: "Screen[Any]") -> bool:
    """Repaint what changed on a screen below dialogs at the next frame; False if no dialog is above it.

    Each dialog keeps the lines of the screen below it. Textual forgets only those of the topmost one, and then repaints
    the whole screen.
    """
    stack = screen.app.screen_stack
    if screen is stack[-1] or screen not in stack:
        return False
    if regions := screen._compositor._dirty_regions:  # noqa: SLF001
        for dialog in stack[stack.index(screen) + 1 :]:
            dialog._set_dirty(*regions)  # noqa: SLF001 - refresh would forget what a dialog has to paint itself
        stack[-1]._dirty_widgets.add(stack[-1])  # noqa: SLF001
        stack[-1].check_idle()
        regions.clear()
        screen._dirty_widgets.clear()  # noqa: SLF001
    return True
