"""A dialog that makes room for its texts."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QDialog, QHBoxLayout

from helix_app.gui.kit.controls.buttons import ThemedButton


class Dialog(QDialog):
    """Grows when a text comes to need more lines.

    Qt keeps a dialog above the least size of what is in it, but reckons wrapped texts with one width only: after that
    they press their neighbours, whose descenders are cut.
    """

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Show):
            self._make_room()
        return done

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._make_room()

    def _make_room(self) -> None:
        layout = self.layout()
        if layout is not None and layout.hasHeightForWidth():
            least = layout.totalMinimumSize().width()  # Qt keeps neither once one of them is set here
            self.setMinimumWidth(least)
            self.setMinimumHeight(layout.totalMinimumHeightForWidth(max(least, self.width())))


def answer_row(
    dialog: QDialog, reset: ThemedButton, on_reset: Callable[[], None], cancel: ThemedButton, save: ThemedButton
) -> QHBoxLayout:
    """The buttons of a dialog that edits a copy: put it back, leave it, or keep it with Enter."""
    for button in (reset, cancel, save):
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    reset.clicked.connect(lambda: on_reset())
    cancel.clicked.connect(dialog.reject)
    save.clicked.connect(dialog.accept)
    save.setDefault(True)
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(reset)
    row.addStretch()
    row.addWidget(cancel)
    row.addWidget(save)
    return row
