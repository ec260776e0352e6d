"""The colours of all themes are readable and can be told apart."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from helix_app.gui.look.palette import CONTRAST, CONTRAST_PAIRS, DARK, LIGHT, Palette, contrast, luminance

pytestmark = pytest.mark.styled


def test_contrast_of_known_colours() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("palette", [LIGHT, DARK, CONTRAST], ids=["light", "dark", "contrast"])
@pytest.mark.parametrize(("text", "surface"), CONTRAST_PAIRS)
def test_text_contrast(palette: Palette, text: str, surface: str) -> None:
    assert contrast(getattr(palette, text), getattr(palette, surface)) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK, CONTRAST], ids=["light", "dark", "contrast"])
def test_code_colours_contrast(palette: Palette) -> None:
    for name, colour in palette.syntax:
        assert contrast(colour, palette.code) >= 4.5, name


@pytest.mark.parametrize("palette", [LIGHT, DARK, CONTRAST], ids=["light", "dark", "contrast"])
def test_curves_are_visible(palette: Palette) -> None:
    for name in ("accepted", "accent_text", "text", "plain"):
        assert contrast(getattr(palette, name), palette.panel) >= 3.0, name


@pytest.mark.parametrize("palette", [LIGHT, DARK, CONTRAST], ids=["light", "dark", "contrast"])
def test_every_colour_is_one(palette: Palette) -> None:
    colours = [value for name, value in vars(palette).items() if isinstance(value, str) and name != "name"]
    colours += [*palette.sequences, *(colour for _, colour in palette.syntax)]
    assert len(colours) > 40
    assert [colour for colour in colours if not re.fullmatch(r"#[0-9a-f]{6}", colour)] == []


@pytest.mark.parametrize("palette", [LIGHT, DARK, CONTRAST], ids=["light", "dark", "contrast"])
def test_sequences_differ_from_each_other_and_from_what_is_free(palette: Palette) -> None:
    assert len({*palette.sequences, palette.track, palette.cached}) == len(palette.sequences) + 2 == 10


@pytest.mark.parametrize(("text", "surface"), CONTRAST_PAIRS)
def test_high_contrast_is_high(text: str, surface: str) -> None:
    assert contrast(getattr(CONTRAST, text), getattr(CONTRAST, surface)) >= 7.0


def test_in_high_contrast_every_control_has_a_line_around_it() -> None:
    for line in ("control", "border_strong", "border"):
        assert contrast(getattr(CONTRAST, line), CONTRAST.canvas) >= 4.5, line


def test_all_themes_colour_the_same_meanings() -> None:
    assert [name for name, _ in LIGHT.syntax] == [name for name, _ in DARK.syntax] == [n for n, _ in CONTRAST.syntax]
    assert {name for pair in CONTRAST_PAIRS for name in pair} <= {field.name for field in fields(Palette)}


def test_the_dark_theme_is_light_on_dark() -> None:
    assert luminance("#000000") == 0.0
    assert luminance("#ffffff") == pytest.approx(1.0)
    for palette, dark in ((LIGHT, False), (DARK, True), (CONTRAST, True)):
        for surface in (palette.canvas, palette.panel, palette.raised):
            assert (luminance(palette.text) > luminance(surface)) is dark
