"""The conversations as a list that is drawn, not built: thousands of them cost what is in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Union

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QContextMenuEvent, QFont, QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from helix_app.gui.chats.rows import Row, tr
from helix_app.gui.look.icons import icon
from helix_app.gui.look.theme import RADIUS, Theme

HEADING, LINE, FOUND = 30, 32, 50  # heights
ROW = Qt.ItemDataRole.UserRole
_MARKS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier  # with a click
_ROLES = {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.EditRole}
Index = Union[QModelIndex, QPersistentModelIndex]


class ChatModel(QAbstractListModel):
    """The lines.

    Signals:
        renamed: (id of a conversation, title that a person gave it).
    """

    renamed = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Row] = []

    def set_rows(self, rows: Sequence[Row]) -> None:
        """Show these; what stays is not touched, so that the place in the list stays."""
        new = list(rows)
        same = 0
        while same < min(len(new), len(self._rows)) and new[same] == self._rows[same]:
            same += 1
        tail = 0
        while tail < min(len(new), len(self._rows)) - same and new[-1 - tail] == self._rows[-1 - tail]:
            tail += 1
        old_count, new_count = len(self._rows) - same - tail, len(new) - same - tail
        if old_count == new_count:
            self._rows = new
            if new_count:
                self.dataChanged.emit(self.index(same), self.index(same + new_count - 1))
            return
        if old_count:
            self.beginRemoveRows(QModelIndex(), same, same + old_count - 1)
            del self._rows[same : same + old_count]
            self.endRemoveRows()
        if new_count:
            self.beginInsertRows(QModelIndex(), same, same + new_count - 1)
            self._rows[same:same] = new[same : same + new_count]
            self.endInsertRows()

    def rows(self) -> list[Row]:
        """The lines."""
        return self._rows

    def row_of(self, chat_id: str) -> int:
        """Where a conversation is; -1 when it is not in the list."""
        return next((i for i, row in enumerate(self._rows) if row.entry is not None and row.entry.id == chat_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self._rows[index.row()]
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.title if row.entry is not None else None
        if role == Qt.ItemDataRole.AccessibleTextRole and row.writing:
            return tr("{title}, a reply is being written").format(title=row.title)
        return row.title if role in _ROLES else None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        entry = self._rows[index.row()].entry
        if entry is None or role != Qt.ItemDataRole.EditRole:
            return False
        title = " ".join(str(value).split())
        if title != entry.title:
            self.renamed.emit(entry.id, title)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        row = self._rows[index.row()]
        if row.entry is not None:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable
        return Qt.ItemFlag.ItemIsEnabled if row.folder else Qt.ItemFlag.NoItemFlags


class _Delegate(QStyledItemDelegate):
    """A title; under it, in a search, where the words are."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: Row = index.data(ROW)
        if row.entry is None:
            return QSize(100, HEADING)
        return QSize(100, FOUND if row.hit is not None and row.hit.excerpt else LINE)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row: Row = index.data(ROW)
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        rect: QRect = option.rect  # type: ignore[attr-defined]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if row.entry is None:
            self._paint_heading(painter, rect, row)
        else:
            self._paint_chat(painter, rect, row, state)
        painter.restore()

    def _paint_heading(self, painter: QPainter, rect: QRect, row: Row) -> None:
        p = self._theme.palette
        left = rect.left() + 8
        if row.folder:
            symbol = "chevron-right" if row.folded else "chevron-down"
            icon(symbol, p.muted).paint(painter, QRect(left - 2, rect.bottom() - 20, 16, 16))
            left += 18
        painter.setPen(QColor(p.muted))
        painter.setFont(self._theme.fonts.small)
        words = QRect(left, rect.top() + 8, rect.right() - left - 8, rect.height() - 8)
        text = painter.fontMetrics().elidedText(row.title, Qt.TextElideMode.ElideRight, words.width())
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_chat(self, painter: QPainter, rect: QRect, row: Row, state: QStyle.StateFlag) -> None:
        p, fonts = self._theme.palette, self._theme.fonts
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        focused = selected and bool(state & QStyle.StateFlag.State_HasFocus)
        back = p.pressed if selected else p.hover if hovered else ""
        painter.setPen(QPen(QColor(p.accent), 1) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(back) if back else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.toRectF().adjusted(0.5, 1.5, -0.5, -1.5), RADIUS, RADIUS)
        inner = rect.adjusted(8, 0, -8, 0)
        if row.writing:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(p.accent))
            painter.drawEllipse(QRect(inner.right() - 7, rect.top() + LINE // 2 - 4, 8, 8))
            inner.adjust(0, 0, -14, 0)
        title = QRect(inner.left(), rect.top(), inner.width(), LINE)
        marks = row.hit.title_marks if row.hit is not None else ()
        self._draw(painter, title, row.title, marks, fonts.ui, p.text)
        if row.hit is not None and row.hit.excerpt:
            below = QRect(inner.left(), rect.top() + LINE - 6, inner.width(), rect.height() - LINE)
            self._draw(painter, below, row.hit.excerpt, row.hit.marks, fonts.small, p.text if selected else p.muted)

    def _draw(
        self, painter: QPainter, rect: QRect, text: str, marks: Sequence[tuple[int, int]], font: QFont, colour: str
    ) -> None:
        """One line; the marked pieces on the colour of a selection. The first one is in sight."""
        p = self._theme.palette
        painter.setFont(font)
        metrics = QFontMetrics(font)
        start = 0
        if marks and metrics.horizontalAdvance(text[: marks[0][1]]) > rect.width():
            start = max(0, marks[0][0] - 8)
        shown = ("…" if start else "") + text[start:]
        offset = start - (1 if start else 0)
        shown = metrics.elidedText(shown, Qt.TextElideMode.ElideRight, rect.width())
        line = QRect(rect.left(), rect.top() + (rect.height() - metrics.height()) // 2, rect.width(), metrics.height())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(p.selection))
        for low, high in marks:
            low, high = max(0, low - offset), min(len(shown), high - offset)
            if low < high:
                left = metrics.horizontalAdvance(shown[:low])
                width = metrics.horizontalAdvance(shown[:high]) - left
                painter.drawRoundedRect(QRect(line.left() + left, line.top(), width, line.height()), 3, 3)
        painter.setPen(QColor(p.text if marks else colour))
        painter.drawText(line, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setObjectName("renameChat")
        editor.setAccessibleName(tr("Title of the conversation"))
        editor.setMaxLength(200)
        return editor

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            editor.setText(index.data(Qt.ItemDataRole.EditRole))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QLineEdit):
            model.setData(index, editor.text())

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        rect: QRect = option.rect  # type: ignore[attr-defined]
        editor.setGeometry(QRect(rect.left(), rect.top(), rect.width(), LINE))


class ChatListView(QListView):
    """The list with its keys: Enter opens, F2 renames, Delete deletes. Shift and Ctrl mark several.

    Signals:
        chosen: a Row that a person opens.
        delete_requested: ids of conversations.
        menu_requested: (Row, place on the screen).
        left: Escape was pressed.
        unmarked: the person is done with several that were marked.
    """

    chosen = Signal(object)
    delete_requested = Signal(tuple)
    menu_requested = Signal(object, QPoint)
    left = Signal()
    unmarked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._marking = False  # by the click that is under way
        self.setObjectName("chats")
        self.rows = ChatModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(_Delegate(theme, self))
        self.setAccessibleName(tr("Conversations"))
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setMouseTracking(True)
        self.clicked.connect(self._on_clicked)
        theme.changed.connect(self.viewport().update)

    def row(self, index: Index) -> Row | None:
        """The line at an index."""
        return index.data(ROW) if index.isValid() else None

    def marked(self) -> tuple[str, ...]:
        """Ids of the conversations that are marked, in the order of the list."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        entries = (self.rows.rows()[row].entry for row in rows)
        return tuple(entry.id for entry in entries if entry is not None)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these; of several that are marked, each stays so wherever it is now."""
        marked, at = self.marked(), self.row(self.currentIndex())
        self.rows.set_rows(rows)
        if len(marked) < 2:
            return
        kept = QItemSelection()
        for index in map(self.rows.index, filter(lambda row: row >= 0, map(self.rows.row_of, marked))):
            kept.select(index, index)
        self.selectionModel().select(kept, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        row = -1 if at is None or at.entry is None else self.rows.row_of(at.entry.id)
        if row >= 0:
            self.selectionModel().setCurrentIndex(self.rows.index(row), QItemSelectionModel.SelectionFlag.NoUpdate)

    def select(self, chat_id: str) -> None:
        """Mark a conversation; one that is not in the list marks none."""
        row = self.rows.row_of(chat_id)
        if row < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif row != self.currentIndex().row() or not self.selectionModel().isSelected(self.currentIndex()):
            self.setCurrentIndex(self.rows.index(row))

    def rename(self, chat_id: str) -> None:
        """Let a person write another title."""
        row = self.rows.row_of(chat_id)
        if row >= 0:
            self.setFocus()
            self.setCurrentIndex(self.rows.index(row))
            self.edit(self.rows.index(row))

    def _on_clicked(self, index: QModelIndex) -> None:
        row = self.row(index)
        if row is not None and not self._marking:
            self.chosen.emit(row)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._marking = bool(event.modifiers() & _MARKS)
        if self.indexAt(event.position().toPoint()).isValid():
            super().mousePressEvent(event)
        elif not self._marking:
            self.unmarked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        at = self.currentIndex()
        row = self.row(at) if self.selectionModel().isSelected(at) else None
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row is not None:
            self.chosen.emit(row)
        elif key == Qt.Key.Key_Delete and self.marked():
            self.delete_requested.emit(self.marked())
        elif key == Qt.Key.Key_Escape and len(self.marked()) > 1:
            self.unmarked.emit()
        elif key == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        keyboard = event.reason() == QContextMenuEvent.Reason.Keyboard
        index = self.currentIndex() if keyboard else self.indexAt(event.pos())
        row = self.row(index)
        if row is not None and (row.entry is not None or row.folder):
            place = self.visualRect(index).center() if keyboard else event.pos()
            self.menu_requested.emit(row, self.viewport().mapToGlobal(place))
