"""One arm: what it is, how far it is, its text, and what went wrong."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.compare.arms import LETTERS
from helix_app.gui.compare.badge import Letter
from helix_app.gui.compare.formatted import FormattedPane
from helix_app.gui.compare.text_pane import TextPane
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.notices import ErrorBox
from helix_app.gui.look.theme import Theme
from helix_app.runs.comparison import ArmRecord


class _Title(QLabel):
    """Text that ends in dots where there is no room for it."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter, text)
        painter.end()


class ArmPane(QFrame):
    """The text of one arm under a line that says what it is and how fast.

    Attributes:
        text: the text as the model wrote it, where the first difference is marked.
        formatted: the same as the chat shows it.
        title: what the arm is.
        figures: tokens and speed, or what it is waiting for.
        error: what went wrong in this arm.
    """

    def __init__(self, theme: Theme, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("comparePaneFrame")
        self._record = ArmRecord()
        letter = LETTERS[index]
        self.title = _Title()
        self.title.setFont(theme.fonts.strong)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.figures = QLabel()
        self.figures.setProperty("tone", "muted")
        self.figures.setFont(theme.fonts.mono_small)
        self.figures.setAccessibleName(self.tr("Progress of {arm}").format(arm=letter))
        head = QHBoxLayout()
        head.setContentsMargins(8, 4, 12, 4)
        head.setSpacing(8)
        head.addWidget(Letter(theme, index))
        head.addWidget(self.title, 1)
        head.addWidget(self.figures)
        self.text = TextPane(theme, self.tr("Reply of {arm}").format(arm=letter))
        self.formatted = FormattedPane(theme, self.tr("Reply of {arm}, formatted").format(arm=letter))
        self._views = QStackedWidget()
        self._views.addWidget(self.formatted)
        self._views.addWidget(self.text)
        self.notice = QLabel()
        self.notice.setProperty("tone", "muted")
        self.notice.setFont(theme.fonts.small)
        self.notice.setWordWrap(True)
        self.notice.setTextFormat(Qt.TextFormat.PlainText)
        self.notice.setContentsMargins(12, 4, 12, 4)
        self.notice.hide()
        self.error = ErrorBox(theme)
        self.error.close_button.hide()
        self.error.hide()
        line = QFrame()
        line.setObjectName("divider")
        line.setFixedHeight(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(line)
        column.addWidget(self._views, 1)
        column.addWidget(self.notice)
        column.addWidget(self.error)

    def set_title(self, text: str) -> None:
        """Say what the arm is."""
        self.title.setText(text)
        self.title.setToolTip(text)

    def show_formatted(self, formatted: bool) -> None:
        """Show the reply as the chat does, or as the model wrote it."""
        self._views.setCurrentWidget(self.formatted if formatted else self.text)

    def begin(self, record: ArmRecord, verbatim: bool = False) -> None:
        """A new comparison: show this record from now on; with ``verbatim`` nothing in its text is Markdown."""
        self._record = record
        self.text.clear_all()
        self.formatted.begin(verbatim)
        self.figures.setText(self.tr("waiting"))
        self.notice.hide()
        self.error.hide()

    def show_live(self) -> None:
        """Show all there is."""
        record = self._record
        self.text.set_text(record.text)
        self._show_until(record.length)
        if record.failed is not None and self.error.isHidden():
            self.error.show_failure(record.failed)
        if record.notices:
            self.notice.setText("\n".join(messages.notice_text(n.code, n.fields) for n in record.notices))
            self.notice.show()
        if record.stage is not None:
            percent = "" if record.stage.fraction is None else f" {figures.percent(record.stage.fraction)}"
            self.figures.setText(messages.stage_text(record.stage.stage) + percent)
        elif record.seconds:
            self._show_step(len(record.seconds) - 1)
        elif record.failed is not None:
            self.figures.setText(self.tr("failed"))

    def not_run(self) -> None:
        """The comparison ended before this arm could write."""
        if not self._record.seconds and self._record.failed is None:
            self.figures.setText(self.tr("not run"))

    def show_at(self, seconds: float) -> None:
        """Show what had been written by then."""
        record = self._record
        step = record.step_at(seconds)
        self._show_until(record.characters[step] if step >= 0 else 0)
        if record.seconds:
            self._show_step(step)

    def _show_until(self, length: int) -> None:
        self.text.show_until(length)
        self.formatted.show_text(self._record.text[:length])

    def _show_step(self, step: int) -> None:
        record = self._record
        count = record.tokens[step] if step >= 0 else 0
        tokens = messages.fill(self.tr("{n:token|tokens}"), n=count)
        rate = record.rates[step] if step >= 0 else None
        if step == len(record.seconds) - 1 and record.metrics is not None:
            rate = record.metrics.decode_tokens_per_second
        self.figures.setText(self.tr("{n} · {rate} tok/s").format(n=tokens, rate=figures.rate(rate)))
