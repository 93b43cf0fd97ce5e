"""Everything that is known of one user."""

from walkme_tui.ui.widgets.detail.pane import DetailPane

__all__ = ["DetailPane"]
