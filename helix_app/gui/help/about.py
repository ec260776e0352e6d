"""What this program is and which version."""

from __future__ import annotations

import platform

from PySide6.QtCore import Qt, qVersion
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from helix_app import __version__
from helix_app.base import paths
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.icons import pixmap
from helix_app.gui.look.theme import Theme


class AboutDialog(Dialog):
    """Name, version and where the person's files are."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Helix"))
        mark = QLabel()
        mark.setPixmap(pixmap("app", "", 48, max(2.0, self.devicePixelRatioF())))
        name = QLabel(self.tr("Helix {version}").format(version=__version__))
        name.setFont(theme.fonts.title)
        what = QLabel(self.tr("Chat with language models on your own computer, and watch why it is fast."))
        what.setWordWrap(True)
        facts = QLabel(
            self.tr("Python {python} · Qt {qt}\nModels: {models}\nLog files: {logs}").format(
                python=platform.python_version(), qt=qVersion(), models=paths.models_dir(), logs=paths.log_dir()
            )
        )
        facts.setProperty("tone", "muted")
        facts.setWordWrap(True)
        facts.setTextFormat(Qt.TextFormat.PlainText)
        facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        close = ThemedButton(theme, self.tr("Close"), kind="primary")
        close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        close.setDefault(True)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        for widget in (mark, name, what, facts):
            column.addWidget(widget)
        column.addLayout(row)
        self.setFixedWidth(440)
