"""Which version of a message is shown, and the way to the others."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme


class VersionSwitch(QWidget):
    """``‹ 2/3 ›``, hidden while there is one version alone.

    Signals:
        stepped: to the version before (-1) or after (1).
    """

    stepped = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.earlier = ThemedButton(theme, symbol="chevron-left", kind="smallicon", name=self.tr("Version before"))
        self.later = ThemedButton(theme, symbol="chevron-right", kind="smallicon", name=self.tr("Version after"))
        for button, by in ((self.earlier, -1), (self.later, 1)):
            button.setToolTip(button.accessibleName())
            button.clicked.connect(lambda _=False, by=by: self.stepped.emit(by))
        self.label = QLabel()
        self.label.setFont(theme.fonts.mono_small)
        self.label.setProperty("tone", "muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for widget in (self.earlier, self.label, self.later):
            row.addWidget(widget)
        self.hide()

    def show_version(self, number: int, count: int) -> None:
        """Number of the version that is shown, from 1, and how many there are."""
        self.label.setText(f"{number}/{count}")
        self.setAccessibleName(self.tr("Version {n} of {all}").format(n=number, all=count))
        self.earlier.setEnabled(number > 1)
        self.later.setEnabled(number < count)
        self.setVisible(count > 1)
