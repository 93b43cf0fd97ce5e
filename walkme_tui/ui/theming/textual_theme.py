"""A ``ThemeSpec`` as a Textual theme, with the variables that the style sheets of this program use.

Beside Textual's own names: ``$dim``, ``$line``, ``$zebra``, ``$cursor``, ``$cursor-text``, ``$marked``,
``$production``, ``$sandbox``, ``$on-filled``, and the text styles ``$strong-style``, ``$dim-style``, ``$cursor-style``,
``$cursor-blurred-style``, ``$filled-style`` and ``$mark-style``, which replace the colours where there are none.
"""

from textual.theme import Theme

from walkme_tui.config.themes import ThemeColors, ThemeSpec

DEFAULT = "ansi_default"


def textual_theme(spec: ThemeSpec) -> Theme:
    """The Textual theme of a theme file; one without colours uses bold, dim and reverse."""
    return _without_colors(spec) if spec.palette is None else _with_colors(spec, spec.palette)


def is_colorless(theme: Theme) -> bool:
    """True for the Textual theme of a theme file without colours."""
    return theme.variables.get("cursor-style") == "reverse"


def _with_colors(spec: ThemeSpec, palette: ThemeColors) -> Theme:
    native = any(color is not None and color.startswith("ansi_") for color in palette)
    return Theme(
        name=spec.name,
        primary=palette.accent,
        secondary=palette.dim,
        accent=palette.accent,
        warning=palette.warning,
        error=palette.error,
        success=palette.success,
        foreground=palette.text,
        background=palette.background,
        surface=palette.background,
        panel=palette.panel,
        boost=palette.panel,
        dark=spec.dark,
        ansi=native,
        variables={
            "ansi-background": palette.background,  # Textual's own style sheets ask for these two in native colours
            "ansi-foreground": palette.text,
            "dim": palette.dim,
            "line": palette.line,
            "zebra": palette.zebra or palette.background,
            "cursor": palette.cursor,
            "cursor-text": palette.cursor_text,
            "marked": palette.selection,
            "production": palette.production,
            "sandbox": palette.sandbox,
            "on-filled": palette.background,
            "strong-style": "bold",
            "dim-style": "none",
            "cursor-style": "none",
            "cursor-blurred-style": "none",
            "filled-style": "bold",
            "mark-style": "none",
            "text": palette.text,
            "text-muted": palette.dim,
            "text-disabled": palette.dim,
            "border": palette.accent,
            "border-blurred": palette.line,
            "input-cursor-background": palette.accent,
            "input-cursor-foreground": palette.background,
            "input-selection-background": palette.selection,
            "scrollbar": palette.line,
            "scrollbar-hover": palette.dim,
            "scrollbar-active": palette.dim,
            "scrollbar-background": palette.background,
            "scrollbar-background-hover": palette.background,
            "scrollbar-background-active": palette.background,
            "scrollbar-corner-color": palette.background,
        },
    )


def _without_colors(spec: ThemeSpec) -> Theme:
    names = (
        "dim line zebra cursor cursor-text marked production sandbox on-filled text text-muted text-disabled border"
        " ansi-background ansi-foreground border-blurred scrollbar scrollbar-hover scrollbar-active"
        " scrollbar-background scrollbar-background-hover scrollbar-background-active scrollbar-corner-color"
        " input-cursor-background input-cursor-foreground input-selection-background input-selection-foreground"
        " screen-selection-background"
    )
    return Theme(
        name=spec.name,
        primary=DEFAULT,
        secondary=DEFAULT,
        accent=DEFAULT,
        warning=DEFAULT,
        error=DEFAULT,
        success=DEFAULT,
        foreground=DEFAULT,
        background=DEFAULT,
        surface=DEFAULT,
        panel=DEFAULT,
        boost=DEFAULT,
        dark=spec.dark,
        ansi=True,
        variables={
            **dict.fromkeys(names.split(), DEFAULT),
            "strong-style": "bold",
            "dim-style": "dim",
            "cursor-style": "reverse",
            "cursor-blurred-style": "underline",
            "filled-style": "bold reverse",
            "mark-style": "bold",
            "input-cursor-text-style": "reverse",
        },
    )
