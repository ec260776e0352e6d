"""What this program is, which version, and what it is made with."""

from __future__ import annotations

import platform
import time
from html import escape

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, Qt, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from helix_app import __version__
from helix_app.base.process import paths
from helix_app.base.process.components import components
from helix_app.gui.help.installation import InstallationDialog, launcher_command
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.icons import pixmap
from helix_app.gui.look.theme import Theme
from helix_app.protocol.inquiries import UpdateKnown

OLD_SECONDS = 2 * 24 * 3600.0  # since the releases page was reached, which is asked once a day


def tr(text: str) -> str:
    """Translate in the context of About."""
    return QCoreApplication.translate("about", text)


def update_text(known: UpdateKnown) -> str:
    """What is known of newer versions, in a sentence; empty while nobody looks for them."""
    return {
        "off": "",
        "no_address": tr("This Helix knows no releases page, so it cannot look for newer versions."),
        "unknown": tr("The releases page has not answered yet, so nobody knows whether there is a newer version."),
        "newest": _newest(known.looked),
        "newer": tr("Helix {version} is available.").format(version=known.version),
    }[known.state]


def _newest(looked: float | None) -> str:
    if looked is None:
        return tr("This is the newest version.")
    day = QLocale().toString(QDateTime.fromMSecsSinceEpoch(round(1000 * looked)).date(), tr("d MMM yyyy"))
    if time.time() - looked < OLD_SECONDS:
        return tr("This is the newest version, as of {day}.").format(day=day)
    old = tr("This was the newest version on {day}. The releases page has not been reached since.")
    return old.format(day=day)


class AboutDialog(Dialog):
    """Name, version, licences, and where the person's files are."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setWindowTitle(self.tr("About Helix"))
        mark = QLabel()
        mark.setPixmap(pixmap("app", "", 48, max(2.0, self.devicePixelRatioF())))
        name = QLabel(self.tr("Helix {version}").format(version=__version__))
        name.setFont(theme.fonts.title)
        what = QLabel(self.tr("Chat with language models on your own computer, and watch why it is fast."))
        what.setWordWrap(True)
        self.facts = QLabel(
            self.tr("Python {python} · Qt {qt}\nModels: {models}\nLog files: {logs}").format(
                python=platform.python_version(), qt=qVersion(), models=paths.models_dir(), logs=paths.log_dir()
            )
        )
        self.facts.setProperty("tone", "muted")
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.update_line = QLabel()
        self.update_line.setWordWrap(True)
        self.update_line.setOpenExternalLinks(True)
        self.update_line.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        licence = QLabel(self.tr("Helix itself is under the MIT licence. It is made with:"))
        licence.setWordWrap(True)
        self.parts = self._parts()
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        for widget in (mark, name, self.update_line, what, self.facts, licence, self.parts):
            column.addWidget(widget)
        column.addLayout(self._buttons())
        self.setFixedWidth(520)
        self.show_update(UpdateKnown("off"))

    def show_update(self, known: UpdateKnown) -> None:
        """Say what is known of newer versions, with the way to their page; nothing while nobody looks for them."""
        text = update_text(known)
        if known.state == "newer" and known.page:
            link = escape(self.tr("Open its page"))
            text = f'{escape(text)} <a href="{escape(known.page)}">{link}</a>'
        self.update_line.setText(text)
        self.update_line.setVisible(bool(text))
        self.update_line.setProperty("tone", "accent" if known.state == "newer" else "muted")

    def _parts(self) -> QTreeWidget:
        made = QTreeWidget()
        made.setObjectName("keys")  # as the list of keys looks
        made.setHeaderLabels([self.tr("Component"), self.tr("Version"), self.tr("Licence")])
        made.setAccessibleName(self.tr("What Helix is made with"))
        made.setRootIsDecorated(False)
        made.setUniformRowHeights(True)
        made.setTabKeyNavigation(False)
        for part in components():
            cells = [part.name, part.version.partition("+")[0], part.licence or figures.UNKNOWN]
            item = QTreeWidgetItem(cells)
            item.setToolTip(2, part.licence)
            made.addTopLevelItem(item)
        made.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        made.header().setStretchLastSection(True)
        made.setFixedHeight(200)
        return made

    def _buttons(self) -> QHBoxLayout:
        self.copied = ThemedButton(self._theme, self.tr("Copy versions"))
        self.copied.clicked.connect(self.on_copy_clicked)
        close = ThemedButton(self._theme, self.tr("Close"), kind="primary")
        close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        close.setDefault(True)
        close.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.addWidget(self.copied)
        self.installation: ThemedButton | None = None
        if (command := launcher_command()) is not None:
            self.installation = ThemedButton(self._theme, self.tr("Accelerator and repair…"))
            self.installation.clicked.connect(lambda: self._open_installation(command))
            row.addWidget(self.installation)
        row.addStretch()
        row.addWidget(close)
        return row

    def on_copy_clicked(self) -> None:
        """Put names, versions and licences on the clipboard."""
        lines = [f"Helix {__version__}", f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}"]
        lines += [f"{part.name} {part.version} ({part.licence or figures.UNKNOWN})" for part in components()]
        QGuiApplication.clipboard().setText("\n".join(lines) + "\n")
        self.copied.setText(self.tr("Copied"))

    def _open_installation(self, command: list[str]) -> None:
        dialog = InstallationDialog(self._theme, command, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        window = self.parentWidget()
        if window is not None:
            dialog.restarting.connect(self.accept)
            dialog.restarting.connect(window.window().close)
        dialog.open()
