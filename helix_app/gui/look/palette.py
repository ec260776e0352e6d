"""The colours of the themes: light, dark, and one of high contrast.

One accent, one neutral scale and the Okabe-Ito meanings of the field: the same accepted-green in the
plot, the map and the text. ``CONTRAST_PAIRS`` names every text-on-surface pair; a test computes them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Palette:
    """The colours of one theme as ``#rrggbb``.

    Attributes:
        canvas, panel, raised: the surfaces: conversation; bars and docks; cards, menus and inputs.
        border, control, border_strong: lines between surfaces, around controls, and where a line must stand out.
        track: empty part of a bar and a free block.
        sequences: hues of at most eight sequences in the block map.
        syntax: colours of code by meaning.
    """

    name: str
    canvas: str
    panel: str
    raised: str
    hover: str
    pressed: str
    border: str
    control: str
    border_strong: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_hover: str
    on_accent: str
    accent_text: str
    accent_soft: str
    selection: str
    danger_text: str
    danger_soft: str
    bubble: str
    code: str
    track: str
    grid: str
    accepted: str
    corrected: str
    bonus: str
    plain: str
    cached: str
    sequences: tuple[str, ...]
    syntax: tuple[tuple[str, str], ...]


LIGHT = Palette(
    name="light",
    canvas="#ffffff",
    panel="#f6f7f9",
    raised="#ffffff",
    hover="#eaedf1",
    pressed="#dfe3e9",
    border="#e0e4ea",
    control="#d3d8e0",
    border_strong="#848c99",
    text="#1a1d23",
    muted="#59606d",
    disabled="#9aa1ad",
    accent="#3557cd",
    accent_hover="#2a48b3",
    on_accent="#ffffff",
    accent_text="#2f4fc4",
    accent_soft="#e7ecfb",
    selection="#c6d3f9",
    danger_text="#a8261c",
    danger_soft="#fbecea",
    bubble="#eff2f6",
    code="#f6f7f9",
    track="#e6e9ee",
    grid="#8a919e",
    accepted="#009e73",
    corrected="#d55e00",
    bonus="#56b4e9",
    plain="#808080",
    cached="#b4bac4",
    sequences=("#0072b2", "#e69f00", "#cc79a7", "#56b4e9", "#7b3294", "#b8a800", "#882255", "#009e73"),
    syntax=(
        ("keyword", "#7a2aa8"),
        ("string", "#1a6b3c"),
        ("number", "#a03d00"),
        ("comment", "#5f6672"),
        ("function", "#1f4fbf"),
        ("type", "#0b6478"),
        ("builtin", "#8a3a1a"),
        ("added", "#1a6b3c"),
        ("removed", "#a8261c"),
    ),
)

DARK = Palette(
    name="dark",
    canvas="#15171b",
    panel="#1b1e23",
    raised="#22262c",
    hover="#2a2f37",
    pressed="#353b45",
    border="#2c3139",
    control="#3d444f",
    border_strong="#727a87",
    text="#e6e9ed",
    muted="#a2a9b5",
    disabled="#6a717d",
    accent="#4467dd",
    accent_hover="#5576ea",
    on_accent="#ffffff",
    accent_text="#9db2ff",
    accent_soft="#262f4a",
    selection="#34488c",
    danger_text="#ff9c92",
    danger_soft="#382325",
    bubble="#262b33",
    code="#1b1e23",
    track="#2d323b",
    grid="#8a919e",
    accepted="#1fb98c",
    corrected="#e8702a",
    bonus="#6cc0f0",
    plain="#a0a0a0",
    cached="#5c6470",
    sequences=("#3b9fe0", "#e69f00", "#d98ab6", "#7fd0ff", "#b07ad0", "#e6dc4a", "#c0507f", "#1fb98c"),
    syntax=(
        ("keyword", "#d0a3ff"),
        ("string", "#8fd6a4"),
        ("number", "#f0ab7a"),
        ("comment", "#949ba7"),
        ("function", "#8fb4ff"),
        ("type", "#74cfe0"),
        ("builtin", "#f2b58f"),
        ("added", "#8fd6a4"),
        ("removed", "#ff9c92"),
    ),
)

CONTRAST = Palette(  # for who sees little: text at 7:1 and more, lines around everything
    name="contrast",
    canvas="#000000",
    panel="#000000",
    raised="#0a0a0a",
    hover="#262626",
    pressed="#383838",
    border="#8c8c8c",
    control="#d0d0d0",
    border_strong="#ffffff",
    text="#ffffff",
    muted="#e4e4e4",
    disabled="#a6a6a6",
    accent="#ffd60a",
    accent_hover="#ffe45c",
    on_accent="#000000",
    accent_text="#ffd60a",
    accent_soft="#2a2400",
    selection="#00508c",
    danger_text="#ffb4ab",
    danger_soft="#330d0a",
    bubble="#1c1c1c",
    code="#0d0d0d",
    track="#404040",
    grid="#bdbdbd",
    accepted="#33e6b2",
    corrected="#ff9455",
    bonus="#9adcff",
    plain="#cfcfcf",
    cached="#8f98a6",
    sequences=("#5cb8ff", "#ffb31a", "#ff9fd0", "#a6e3ff", "#cf9cff", "#f5ee6a", "#ff6fa8", "#33e6b2"),
    syntax=(
        ("keyword", "#e0c2ff"),
        ("string", "#a8f0bc"),
        ("number", "#ffc499"),
        ("comment", "#c8c8c8"),
        ("function", "#b3ccff"),
        ("type", "#9ae8f5"),
        ("builtin", "#ffd0b0"),
        ("added", "#a8f0bc"),
        ("removed", "#ffb4ab"),
    ),
)

CONTRAST_PAIRS: tuple[tuple[str, str], ...] = (
    ("text", "canvas"),
    ("text", "panel"),
    ("text", "raised"),
    ("text", "bubble"),
    ("text", "hover"),
    ("text", "pressed"),
    ("text", "selection"),
    ("text", "code"),
    ("text", "accent_soft"),
    ("muted", "canvas"),
    ("muted", "panel"),
    ("muted", "raised"),
    ("muted", "hover"),
    ("muted", "bubble"),
    ("muted", "code"),
    ("accent_text", "canvas"),
    ("accent_text", "panel"),
    ("accent_text", "raised"),
    ("accent_text", "accent_soft"),
    ("on_accent", "accent"),
    ("danger_text", "canvas"),
    ("danger_text", "panel"),
    ("danger_text", "raised"),
    ("danger_text", "danger_soft"),
)


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
