"""Fonts and the current theme."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication

from helix_app.gui.formulas.formulas import Formulas
from helix_app.gui.look.focus import FocusRings
from helix_app.gui.look.palette import CONTRAST, DARK, LIGHT, Palette
from helix_app.gui.look.stylesheet import stylesheet

CONTROL = 32  # height of a control
_STYLED = "helixStyled"  # property of an application that has its style
RADIUS = 6


MONO_FAMILIES = [
    "Cascadia Mono",
    "Consolas",
    "SF Mono",
    "Menlo",
    "JetBrains Mono",
    "DejaVu Sans Mono",
    "Liberation Mono",
]


@dataclass(frozen=True)
class Fonts:
    """The fonts of the window, sized from the system's own."""

    ui: QFont
    strong: QFont
    small: QFont
    chat: QFont
    title: QFont
    mono: QFont
    mono_small: QFont
    figure: QFont
    code: QFont


def make_fonts(text_size: int = 100) -> Fonts:
    """Fonts from the system font; sizes follow the person's system setting, never under 13 px.

    ``text_size``: of what is read in conversations, in percent of that.
    """
    base = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    size = max(13, QFontInfo(base).pixelSize())
    installed = set(QFontDatabase.families())
    families = [name for name in MONO_FAMILIES if name in installed]
    fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)

    def ui(pixels: int, strong: bool = False) -> QFont:
        font = QFont(base)
        font.setPixelSize(pixels)
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        return font

    def mono(pixels: int, strong: bool = False) -> QFont:
        font = QFont(fixed)
        if families:
            font.setFamilies(families)
        font.setStyleHint(QFont.StyleHint.Monospace)
        font.setFixedPitch(True)
        font.setPixelSize(pixels)
        font.setWeight(QFont.Weight.DemiBold if strong else QFont.Weight.Normal)
        return font

    return Fonts(
        ui=ui(size),
        strong=ui(size, strong=True),
        small=ui(size - 1),
        chat=ui(round((size + 1) * text_size / 100)),
        title=ui(size + 9, strong=True),
        mono=mono(size),
        mono_small=mono(size - 1),
        figure=mono(size + 7, strong=True),
        code=mono(round(size * text_size / 100)),
    )


class Theme(QObject):
    """The theme in effect; widgets that paint themselves listen to ``changed``.

    Attributes:
        palette: colours of the theme in effect.
        fonts: the fonts.
        formulas: drawings of formulas, in any of its colours.

    Signals:
        changed: the palette is another one now.
        resized: the text of conversations has another size now.
    """

    changed = Signal()
    resized = Signal()

    def __init__(
        self, app: QApplication, choice: str = "system", text_size: int = 100, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._text_size = text_size
        self._app = app
        self._choice = choice
        self.fonts = make_fonts(text_size)
        self.formulas = Formulas(parent=self)
        self.palette = LIGHT
        if app.property(_STYLED) is None:  # once: with a stylesheet the application's style no longer has its name
            app.setStyle("Fusion")
            app.setProperty(_STYLED, True)
        app.setFont(self.fonts.ui)
        FocusRings(app, lambda: self.colour("accent"), self)
        app.styleHints().colorSchemeChanged.connect(self.on_scheme_changed)
        self._apply()

    @property
    def choice(self) -> str:
        """``system``, ``light``, ``dark`` or ``contrast``."""
        return self._choice

    def choose(self, choice: str) -> None:
        """Follow the system, or be light, dark or of high contrast whatever the system says."""
        if choice != self._choice:
            self._choice = choice
            self._apply()

    def resize_text(self, percent: int) -> None:
        """Let the text of conversations have another size."""
        if percent != self._text_size:
            self._text_size = percent
            self.fonts = make_fonts(percent)
            self.resized.emit()

    def on_scheme_changed(self) -> None:
        """The system switched between light and dark."""
        if self._choice == "system":
            self._apply()

    def _apply(self) -> None:
        hints = self._app.styleHints()
        scheme = Qt.ColorScheme
        wanted = {"light": scheme.Light, "dark": scheme.Dark, "contrast": scheme.Dark}.get(self._choice, scheme.Unknown)
        hints.blockSignals(True)
        hints.setColorScheme(wanted)  # also turns the title bar where the platform can
        hints.blockSignals(False)
        if self._choice == "system":
            dark = hints.colorScheme() == Qt.ColorScheme.Dark
        else:
            dark = self._choice == "dark"
        self.palette = CONTRAST if self._choice == "contrast" else DARK if dark else LIGHT
        self._app.setPalette(qt_palette(self.palette))
        sheet = stylesheet(self.palette)
        if self._app.styleSheet() != sheet:  # or every widget there is would be styled anew for nothing
            self._app.setStyleSheet(sheet)
        self.changed.emit()

    def colour(self, name: str) -> QColor:
        """A colour of the palette in effect by its field name."""
        return QColor(getattr(self.palette, name))


def qt_palette(p: Palette) -> QPalette:
    """The palette for what the stylesheet does not reach, such as native-looking file dialogs."""
    role = QPalette.ColorRole
    palette = QPalette()
    for target, colour in (
        (role.Window, p.panel),
        (role.WindowText, p.text),
        (role.Base, p.raised),
        (role.AlternateBase, p.panel),
        (role.Text, p.text),
        (role.PlaceholderText, p.muted),
        (role.Button, p.raised),
        (role.ButtonText, p.text),
        (role.ToolTipBase, p.raised),
        (role.ToolTipText, p.text),
        (role.Highlight, p.accent),
        (role.HighlightedText, p.on_accent),
        (role.Link, p.accent_text),
        (role.Mid, p.border),
        (role.Dark, p.border_strong),
        (role.Light, p.raised),
    ):
        palette.setColor(target, QColor(colour))
    for target in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, QColor(p.disabled))
    return palette
