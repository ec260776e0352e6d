"""Replies for other programs, as lines: what was asked, and how far the reply is."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from helix_app.base import messages
from helix_app.gui.kit import figures
from helix_app.gui.look.theme import RADIUS, Theme
from helix_app.protocol.serving import ServedReply

ROW = 48
_REPLY = Qt.ItemDataRole.UserRole


def tr(text: str) -> str:
    """Translate in the context of the local API."""
    return QCoreApplication.translate("server", text)


def state_text(reply: ServedReply) -> str:
    """How far a reply is, in a word."""
    return {
        "writing": tr("writing"),
        "done": tr("complete"),
        "stopped": tr("stopped"),
        "failed": tr("failed"),
    }[reply.state]


def figures_text(reply: ServedReply) -> str:
    """Tokens and speed of a reply."""
    parts = [messages.fill(tr("{n:token|tokens}"), n=reply.tokens)]
    if reply.tokens_per_second:
        parts.append(tr("{rate} tok/s").format(rate=figures.rate(reply.tokens_per_second)))
    if reply.acceptance_rate is not None:
        parts.append(tr("{share} accepted").format(share=figures.percent(reply.acceptance_rate)))
    return " · ".join(parts)


def time_text(seconds: float) -> str:
    """Time of the day of a moment since 1970."""
    return QLocale().toString(QDateTime.fromMSecsSinceEpoch(round(1000 * seconds)), "HH:mm:ss")


class _Delegate(QStyledItemDelegate):
    """Two lines: what was asked and the state, the time and the figures."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        reply: ServedReply = index.data(_REPLY)
        p, fonts = self._theme.palette, self._theme.fonts
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        rect: QRect = option.rect  # type: ignore[attr-defined]
        selected = bool(state & QStyle.StateFlag.State_Selected)
        back = p.pressed if selected else p.hover if state & QStyle.StateFlag.State_MouseOver else ""
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(p.accent), 1) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(back) if back else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.toRectF().adjusted(0.5, 1.5, -0.5, -1.5), RADIUS, RADIUS)
        inner = rect.adjusted(8, 4, -8, -4)
        high = inner.height() // 2
        top = QRect(inner.left(), inner.top(), inner.width(), high)
        quiet = p.text if selected else p.muted
        for line, left, right, font, colour, side in (
            (top, reply.prompt or "–", state_text(reply), fonts.ui, p.text, fonts.small),
            (
                top.translated(0, high),
                figures_text(reply),
                time_text(reply.began),
                fonts.small,
                quiet,
                fonts.mono_small,
            ),
        ):
            painter.setFont(side)
            painter.setPen(QColor(p.accent_text if line is top and reply.state == "writing" else quiet))
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
            taken = painter.fontMetrics().horizontalAdvance(right) + 12
            painter.setFont(font)
            painter.setPen(QColor(colour))
            room = line.adjusted(0, 0, -taken, 0)
            text = painter.fontMetrics().elidedText(left, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


class ReplyList(QListWidget):
    """The replies, the newest first."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("replies")
        self.setItemDelegate(_Delegate(theme, self))
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setAccessibleName(tr("Replies for other programs"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setMouseTracking(True)
        theme.changed.connect(self.viewport().update)

    def show_replies(self, replies: tuple[ServedReply, ...]) -> None:
        """Show these; whichever was chosen stays chosen."""
        chosen = self.chosen()
        while self.count() > len(replies):
            self.takeItem(self.count() - 1)
        for row, reply in enumerate(replies):
            if row == self.count():
                self.addItem(QListWidgetItem())
            item = self.item(row)
            item.setData(_REPLY, reply)
            words = (reply.prompt, state_text(reply), figures_text(reply))
            item.setData(Qt.ItemDataRole.AccessibleTextRole, ", ".join(word for word in words if word))
            if chosen is not None and reply.request_id == chosen.request_id:
                self.setCurrentRow(row)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.count():
            painter = QPainter(self.viewport())
            painter.setPen(QColor(self._theme.palette.muted))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, tr("Nothing was asked yet"))
            painter.end()

    def chosen(self) -> ServedReply | None:
        """The reply whose line is chosen."""
        item = self.currentItem()
        reply: ServedReply | None = item.data(_REPLY) if item is not None else None
        return reply
