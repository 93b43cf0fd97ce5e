"""Themes: the contrast of the shipped ones, and the messages for invalid ones."""

from pathlib import Path

import pytest

from walkme_tui.config.themes import ThemeColors, load_themes, read_theme, shipped_folder
from walkme_tui.domain.errors import ConfigurationError

SHIPPED = load_themes().loaded
COLORED = {name: theme.palette for name, theme in SHIPPED.items() if theme.palette is not None}
WHOLE = "name = 'x'\ndark = true\n[colors]\n" + "".join(
    f"{role} = '#102030'\n" for role in ThemeColors._fields if role != "zebra"
)


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_contrast_formula_gives_known_values() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_a_dark_a_light_and_a_mono_theme_ship() -> None:
    assert load_themes().failed == ()
    assert sorted((theme.dark, theme.palette is None) for theme in SHIPPED.values()) == [
        (False, False),
        (True, False),
        (True, True),
    ]
    assert all(theme.source.stem == name for name, theme in SHIPPED.items())


@pytest.mark.parametrize("name", sorted(COLORED))
def test_text_has_enough_contrast_in_every_theme(name: str) -> None:
    palette = COLORED[name]
    grounds = [palette.background, palette.panel, palette.selection, *([palette.zebra] if palette.zebra else [])]
    inks = ("text", "accent", "success", "warning", "error")
    too_low = {
        f"{ink} on {ground}": round(contrast(getattr(palette, ink), ground), 2)
        for ink in inks
        for ground in grounds
        if contrast(getattr(palette, ink), ground) < 4.5
    }
    assert too_low == {}
    assert min(contrast(palette.dim, ground) for ground in grounds) >= 3
    assert contrast(palette.cursor_text, palette.cursor) >= 4.5
    assert contrast(palette.dim, palette.cursor) >= 2.2
    assert contrast(palette.background, palette.production) >= 4.5
    assert contrast(palette.background, palette.sandbox) >= 4.5


@pytest.mark.parametrize("name", sorted(COLORED))
def test_dim_has_less_contrast_than_text_and_production_has_a_colour_of_its_own(name: str) -> None:
    palette = COLORED[name]
    assert contrast(palette.dim, palette.background) < contrast(palette.text, palette.background)
    others = (palette.error, palette.warning, palette.accent, palette.sandbox)
    assert palette.production not in others


@pytest.mark.parametrize("name", sorted(COLORED))
def test_dark_and_light_themes_have_matching_backgrounds(name: str) -> None:
    assert (luminance(COLORED[name].background) < luminance(COLORED[name].text)) == SHIPPED[name].dark


def test_no_color_selects_mono_despite_a_requested_theme() -> None:
    themes = load_themes()
    assert themes.choose("paper", no_color=True).name == "mono"
    assert themes.choose("paper").name == "paper"
    assert themes.choose(None).dark
    with pytest.raises(ConfigurationError, match='Did you mean "paper"'):
        themes.choose("papr")


def test_themes_of_the_user_are_added_and_override_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(WHOLE)
    (tmp_path / "paper.toml").write_text(WHOLE.replace("'x'", "'paper'"))
    themes = load_themes(tmp_path)
    assert themes.loaded["x"].palette is not None
    assert themes.loaded["paper"].source.parent == tmp_path
    assert themes.loaded.keys() > SHIPPED.keys() - {"paper"}


def test_all_invalid_themes_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("name = ")
    (tmp_path / "b.toml").write_text(WHOLE.replace("dim =", "dimm ="))
    themes = load_themes(tmp_path)
    assert themes.loaded.keys() == SHIPPED.keys()
    assert "a.toml, b.toml" in themes.failure
    assert load_themes(tmp_path / "none").failure == ""


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (WHOLE.replace("'x'", "'My Theme'"), 1, "is not a valid name"),
        (WHOLE.replace("name = 'x'\n", ""), None, 'no "name"'),
        (WHOLE.replace("dark = true\n", ""), None, 'whether it is "dark"'),
        (WHOLE.replace("dark = true", "dark = 1"), 2, "must be true or false"),
        (WHOLE.replace("accent = '#102030'", "accent = 'blue'"), 8, "not a colour"),
        (WHOLE.replace("accent = '#102030'", "accent = '#12'"), 8, "not a colour"),
        (WHOLE.replace("accent = '#102030'", "accent = 'ansi_blu'"), 8, 'Did you mean "ansi_blue"'),
        (WHOLE.replace("accent = '#102030'\n", ""), 3, "lacks accent"),
        (WHOLE.replace("accent =", "acent ="), 8, 'Did you mean "accent"'),
        (WHOLE + "mono = true", 18, '"mono" is not a valid key'),
        ("x = 1\n" + WHOLE, 1, '"x" is not a valid key'),
    ],
)
def test_a_mistake_in_a_theme_is_reported_with_its_line(
    tmp_path: Path, text: str, line: int | None, words: str
) -> None:
    file = tmp_path / "x.toml"
    file.write_text(text)
    theme, problems = read_theme(file)
    assert theme is None
    assert [problem for problem in problems if problem.line == line and words in str(problem.error())], problems


def test_a_theme_may_use_the_terminals_own_colours(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    file.write_text(WHOLE.replace("'#102030'", "'ansi_default'") + "zebra = '#ABCDEF'")
    theme, problems = read_theme(file)
    assert problems == ()
    assert theme is not None
    assert theme.palette is not None
    assert (theme.palette.text, theme.palette.zebra) == ("ansi_default", "#abcdef")


def test_a_missing_theme_file_is_reported(tmp_path: Path) -> None:
    theme, problems = read_theme(tmp_path / "none.toml")
    assert theme is None
    assert "no such file" in str(problems[0].error())


def test_an_installed_package_uses_its_own_theme_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Path(__file__).resolve().parents[3]
    assert shipped_folder() == checkout / "themes"
    package = tmp_path / "site-packages" / "walkme_tui"
    (package / "themes").mkdir(parents=True)
    monkeypatch.setattr("walkme_tui.config.themes.__file__", str(package / "config" / "themes.py"))
    assert shipped_folder() == package / "themes"
