"""Errors where they belong, and quiet notices: one sentence, details on request, dismissible."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.icons import pixmap
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events
from helix_app.protocol.models.hub import DownloadFailed

MOST_NOTICES = 3
PASSING_MS = 15_000  # how long a notice of something that is over is shown
PASSING = ("bench_exported", "bench_stopped", "bench_incomplete", "engine_restarted")  # others stay while they hold
BUTTON = 26  # height of the small buttons


class _Message(QFrame):
    """An icon, a sentence, "Details" when there are any, one action and a button to dismiss it.

    Signals:
        dismissed: the person closed it.
        acted: the person pressed its action.
        height_changed: it needs another height.
    """

    dismissed = Signal()
    acted = Signal()
    height_changed = Signal()

    def __init__(self, theme: Theme, style: str, symbol: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(style)
        self._theme = theme
        self._symbol = symbol
        self.passing: QTimer | None = None
        self._colour = "danger_text" if style == "error" else "accent_text"
        self._icon = QLabel()
        self._icon.setFixedSize(16, BUTTON)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        inset = max(0, (BUTTON - self.sentence.fontMetrics().height()) // 2)
        self.sentence.setContentsMargins(0, inset, 0, inset)  # its first line stands level with the button
        self.detail = QLabel()
        self.detail.setObjectName("detail")
        self.detail.setFont(theme.fonts.mono_small)
        self.detail.setWordWrap(True)
        self.detail.setTextFormat(Qt.TextFormat.PlainText)
        self.detail.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.detail.hide()
        self.details = ThemedButton(theme, self.tr("Details"), kind="link", name=self.tr("Show or hide details"))
        self.details.setCheckable(True)
        self.details.toggled.connect(self.on_details_toggled)
        self.action = ThemedButton(theme, "", kind="link")
        self.action.clicked.connect(self.acted)
        self.action.hide()
        self.close_button = ThemedButton(theme, symbol="close", kind="smallicon", name=self.tr("Dismiss"))
        self.close_button.setToolTip(self.tr("Dismiss"))
        self.close_button.clicked.connect(self.dismissed)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self.sentence, 1)
        top.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        self._buttons = QWidget()
        self._row = QHBoxLayout(self._buttons)
        self._row.setContentsMargins(20, 0, 0, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self.action)
        self._row.addWidget(self.details)
        self._row.addStretch()
        self.detail.setContentsMargins(24, 0, 8, 4)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 4, 4, 4)
        self._column.setSpacing(0)
        self._column.addLayout(top)
        self._column.addWidget(self._buttons)
        self._column.addWidget(self.detail)
        theme.changed.connect(self.on_theme_changed)
        self.on_theme_changed()

    def pass_after(self, milliseconds: int) -> None:
        """Go by itself, but not from under the cursor or while its details are read."""
        self.passing = QTimer(self)
        self.passing.setInterval(milliseconds)
        self.passing.timeout.connect(self.on_passing)
        self.passing.start()

    def on_passing(self) -> None:
        """Its time is over."""
        if not self.underMouse() and not self.details.isChecked():
            self.dismissed.emit()

    def fill(self, sentence: str, detail: str = "", action: str = "") -> None:
        """Set the texts; an empty one hides its part."""
        self.sentence.setText(sentence)
        self.setAccessibleName(sentence)
        self.detail.setText(detail)
        self.details.setVisible(bool(detail))
        self.details.setChecked(False)
        self.action.setText(action)
        self.action.setAccessibleName(action)
        self.action.setVisible(bool(action))
        self._buttons.setVisible(bool(action or detail))
        self.height_changed.emit()

    def height_for(self, width: int) -> int:
        """Height at a width, for a Column."""
        for child in self.findChildren(QWidget):
            child.ensurePolished()
        self._column.invalidate()
        return self._column.totalHeightForWidth(width)

    def on_details_toggled(self, shown: bool) -> None:
        """Show or hide the technical text."""
        self.detail.setVisible(shown)
        self.height_changed.emit()

    def on_theme_changed(self) -> None:
        """Recolour the icon."""
        colour = getattr(self._theme.palette, self._colour)
        self._icon.setPixmap(pixmap(self._symbol, colour, 16, self.devicePixelRatioF()))


class ErrorBox(_Message):
    """An expected failure in one sentence with a next step."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, "error", "alert", parent)

    def show_failure(self, failed: events.Failed | DownloadFailed, action: str = "") -> None:
        """Show a failure."""
        self.fill(messages.error_text(failed.code, failed.fields), failed.detail, action)
        self.show()

    def add_failure(self, failed: events.Failed) -> None:
        """Show another one below those that are shown."""
        sentence = messages.error_text(failed.code, failed.fields)
        if self.isHidden():
            self.show_failure(failed)
        elif sentence not in self.sentence.text().split("\n"):
            self.fill(f"{self.sentence.text()}\n{sentence}", self.detail.text(), self.action.text())


class OfferBox(_Message):
    """A sentence with what can be done about it: one action, or two.

    Signals:
        other_chosen: the person pressed the second one.
    """

    other_chosen = Signal()

    def __init__(
        self, theme: Theme, sentence: str, action: str, other: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(theme, "notice", "info", parent)
        self.other = ThemedButton(theme, other, kind="link", name=other)
        self.other.clicked.connect(self.other_chosen)
        self._row.insertWidget(1, self.other)
        self.fill(sentence, action=action)
        self.other.setVisible(bool(other))
        self.close_button.hide()


class NoticeBar(QWidget):
    """What the person should know that stops nothing; the last few, each once.

    A notice goes when its matter is over: with the next load or conversation (``clear``), or by itself if it tells of
    something that has happened and holds no longer. Above them may stand what is so for as long as it is said
    (``stand``).

    Attributes:
        lead: shows that.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._notices: list[_Message] = []
        self.lead = _Message(theme, "notice", "info", self)
        self.lead.hide()
        self.lead.dismissed.connect(self._on_read)
        self._read: set[str] = set()  # standing sentences that a person has closed
        self._column = QVBoxLayout(self)
        self._column.addWidget(self.lead)
        self.set_margins(24)
        self._column.setSpacing(4)
        self.hide()

    def add(self, notice: events.Notice) -> None:
        """Show a notice; the same sentence is not shown twice."""
        sentence = messages.notice_text(notice.code, notice.fields)
        if any(shown.sentence.text() == sentence for shown in self._notices):
            return
        message = _Message(self._theme, "notice", "info", self)
        message.fill(sentence, notice.detail)
        message.dismissed.connect(lambda: self._remove(message))
        if notice.code in PASSING:
            message.pass_after(PASSING_MS)
        self._notices.append(message)
        self._column.addWidget(message)
        if len(self._notices) > MOST_NOTICES:
            self._remove(self._notices[0])
        self.show()

    def stand(self, sentence: str) -> None:
        """Say this above the notices until something else is to be said there; closed once, it is not said again."""
        self.lead.fill(sentence)
        self.lead.setVisible(bool(sentence) and sentence not in self._read)
        self._refresh()

    def _on_read(self) -> None:
        self._read.add(self.lead.sentence.text())
        self.lead.hide()
        self._refresh()

    def standing(self) -> str:
        """What stands above the notices; empty for nothing."""
        return "" if self.lead.isHidden() else self.lead.sentence.text()

    def _refresh(self) -> None:
        self.setVisible(bool(self._notices) or not self.lead.isHidden())

    def set_margins(self, side: int) -> None:
        """Distance to the left and right edge."""
        self._column.setContentsMargins(side, 8, side, 0)

    def sentences(self) -> list[str]:
        """What is shown."""
        return [notice.sentence.text() for notice in self._notices]

    def clear(self) -> None:
        """Dismiss all."""
        for notice in list(self._notices):
            self._remove(notice)

    def _remove(self, message: _Message) -> None:
        if message in self._notices:
            self._notices.remove(message)
            self._column.removeWidget(message)
            message.hide()
            message.deleteLater()
        self._refresh()
