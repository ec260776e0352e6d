"""Something failed that nobody expected: what it was, what is safe, and a report that can be sent."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.base.process import paths
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.icons import pixmap
from helix_app.gui.look.theme import Theme
from helix_app.protocol.faults import Fault

WIDTH = 600


class FaultDialog(Dialog):
    """One sentence about what happened, one about what is safe, and what can be done.

    Args:
        has_run: whether there is a run of a reply to be saved.

    Signals:
        save_requested: write the last run into a file.
        quit_requested: end the program.
    """

    save_requested = Signal()
    quit_requested = Signal()

    def __init__(self, theme: Theme, fault: Fault, *, has_run: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._others = theme, 0
        self._complete = False  # what was looked for is in the report
        self._wanted = False  # Copy was pressed before that
        self.setWindowTitle(self.tr("Something went wrong"))
        self._mark = QLabel()
        self._mark.setFixedWidth(32)
        theme.changed.connect(self._on_theme_changed)
        self._on_theme_changed()
        self.sentence = QLabel(self._what(fault))
        self.sentence.setFont(theme.fonts.strong)
        self.safe = QLabel(self._kept(fault))
        self.more = QLabel()
        self.more.hide()
        told = self.tr(
            "The report below has versions, facts of this computer and the last lines of the log, and nothing that was "
            "written in conversations. A run file holds the last reply with its prompt."
        )
        self.told = QLabel(told)
        self.told.setProperty("tone", "muted")
        for label in (self.sentence, self.safe, self.more, self.told):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.report = QPlainTextEdit()
        self.report.setReadOnly(True)
        self.report.setFont(theme.fonts.mono_small)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.report.setAccessibleName(self.tr("Report"))
        self.report.setPlaceholderText(self.tr("Looking at this computer…"))
        self.report.setTabChangesFocus(True)
        self.report.setMinimumHeight(180)
        words = QVBoxLayout()
        words.setSpacing(8)
        for label in (self.sentence, self.safe, self.more):
            words.addWidget(label)
        top = QHBoxLayout()
        top.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addLayout(top)
        column.addWidget(self.told)
        column.addWidget(self.report, 1)
        column.addLayout(self._buttons(fault, has_run))
        self.setMinimumWidth(WIDTH)
        self.goes_on.setFocus()

    def _buttons(self, fault: Fault, has_run: bool) -> QHBoxLayout:
        theme = self._theme
        self.copied = ThemedButton(theme, self.tr("Copy report"))
        self.copied.clicked.connect(self.on_copy_clicked)
        self.save = ThemedButton(theme, self.tr("Save run file…"))
        self.save.clicked.connect(self.save_requested)
        self.save.setEnabled(has_run)
        if not has_run:
            self.save.setToolTip(self.tr("No reply was written since Helix was started"))
        self.logs = ThemedButton(theme, self.tr("Open log folder"))
        self.logs.clicked.connect(self.on_logs_clicked)
        self.quits = ThemedButton(theme, self.tr("Quit"))
        self.quits.clicked.connect(self.on_quit_clicked)
        self.quits.setVisible(fault.origin != "before")
        self.goes_on = ThemedButton(theme, self.tr("Continue"), kind="primary")
        self.goes_on.setDefault(True)
        self.goes_on.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(8)
        for button in (self.copied, self.save, self.logs):
            row.addWidget(button)
        row.addStretch()
        for button in (self.quits, self.goes_on):
            row.addWidget(button)
        for button in (self.copied, self.save, self.logs, self.quits, self.goes_on):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return row

    def _on_theme_changed(self) -> None:
        colour = self._theme.palette.danger_text
        self._mark.setPixmap(pixmap("alert", colour, 24, self.devicePixelRatioF()))

    def _what(self, fault: Fault) -> str:
        if fault.origin == "window":
            return self.tr("Something failed in the window, and what it was just doing is not done.")
        if fault.origin == "engine":
            return self.tr("Something failed in the engine, and what it was just doing is not done.")
        return self.tr("Helix crashed the last time ({cause}).").format(cause=fault.cause)

    def _kept(self, fault: Fault) -> str:
        if fault.origin == "before":
            return self.tr(
                "Your conversations are kept; a reply that was being written is kept as far as it was written."
            )
        return self.tr("Your conversations are kept, and so is what was written of a reply. You can go on.")

    def show_report(self, text: str, complete: bool) -> None:
        """Fill the report in; until it is ``complete``, Copy waits."""
        self.report.setPlainText(text)
        self._complete = self._complete or complete
        if self._complete and self._wanted:
            self._copy()

    def add_other(self) -> None:
        """Another fault came while this is open."""
        self._others += 1
        some = self.tr("{n:other fault|other faults} came after it; the report has them, too.")
        self.more.setText(messages.fill(some, n=self._others))
        self.more.show()

    def on_copy_clicked(self) -> None:
        """Put the report on the clipboard, as soon as it is complete."""
        if self._complete:
            self._copy()
            return
        self._wanted = True
        self.copied.setEnabled(False)
        self.copied.setText(self.tr("Looking at this computer…"))

    def _copy(self) -> None:
        self._wanted = False
        QGuiApplication.clipboard().setText(self.report.toPlainText())
        self.copied.setEnabled(True)
        self.copied.setText(self.tr("Copied"))

    def on_logs_clicked(self) -> None:
        """Show the log files in the system's own program."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(paths.log_dir())))

    def on_quit_clicked(self) -> None:
        """End the program."""
        self.accept()
        self.quit_requested.emit()
