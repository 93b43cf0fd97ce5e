"""Words that stand in place of rows, in lines as wide as the table."""

from textual.content import Content
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget


def wrapped(widget: Widget, text: Content, margin: int) -> list[Strip]:
    """A text in the colours of a widget and as wide as it is, ``margin`` blank cells on both sides."""
    width = max(1, widget.size.width - 2 * margin)
    strips = Visual.to_strips(widget, text, width, None, widget.visual_style)
    style = widget.rich_style
    strips = [strip.crop_pad(width, margin, margin, style) for strip in strips]
    strips = [strip.adjust_cell_length(widget.size.width, style) for strip in strips]
    for line_filter in widget.get_line_filters():
        strips = [strip.apply_filter(line_filter, widget.background_colors[1]) for strip in strips]
    return strips
