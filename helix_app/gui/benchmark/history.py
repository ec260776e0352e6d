"""The benchmarks of this computer, the latest first."""

from __future__ import annotations

from PySide6.QtCore import (
    QDateTime,
    QItemSelection,
    QLocale,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from helix_app.base import messages
from helix_app.gui.benchmark.kinds import differing, tr
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import RADIUS, Theme
from helix_app.protocol.bench_views import BenchEntry

ROW, TALL = 48, 66
_ENTRY, _DIFFERS = Qt.ItemDataRole.UserRole, Qt.ItemDataRole.UserRole + 1


def when(created: str) -> str:
    """Day and time of this place."""
    moment = QDateTime.fromString(created, Qt.DateFormat.ISODate)
    return QLocale().toString(moment.toLocalTime(), tr("d MMM yyyy, HH:mm")) if moment.isValid() else figures.UNKNOWN


class _Delegate(QStyledItemDelegate):
    """Two lines: model and speedup, day and interval; between them what it has that other runs have not."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, TALL if index.data(_DIFFERS) else ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry: BenchEntry = index.data(_ENTRY)
        differs: str = index.data(_DIFFERS) or ""
        p, fonts = self._theme.palette, self._theme.fonts
        state: QStyle.StateFlag = option.state  # type: ignore[attr-defined]
        rect: QRect = option.rect  # type: ignore[attr-defined]
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused = bool(state & QStyle.StateFlag.State_HasFocus)
        back = p.pressed if selected else p.hover if hovered else ""
        painter.setPen(QPen(QColor(p.accent), 1) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(back) if back else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(rect.toRectF().adjusted(0.5, 1.5, -0.5, -1.5), RADIUS, RADIUS)
        inner = rect.adjusted(8, 4, -8, -4)
        count = 3 if differs else 2
        high = inner.height() // count
        top, *middle, below = (QRect(inner.left(), inner.top() + i * high, inner.width(), high) for i in range(count))
        name = entry.title.partition(" · ")[0] if differs else entry.title
        quiet = p.text if selected else p.muted  # muted would be too faint on a pressed row
        for line, left, right, colour, font, mono in (
            (top, name, entry.speedup, p.text, fonts.ui, fonts.mono),
            *((line, differs, "", p.text, fonts.small, fonts.mono_small) for line in middle),
            (below, subline(entry), entry.interval, quiet, fonts.small, fonts.mono_small),
        ):
            painter.setPen(QColor(colour))
            painter.setFont(mono)
            taken = painter.fontMetrics().horizontalAdvance(right) + (12 if right else 0)
            painter.drawText(line, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, right)
            painter.setFont(font)
            room = line.adjusted(0, 0, -taken, 0)
            text = painter.fontMetrics().elidedText(left, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()


def subline(entry: BenchEntry) -> str:
    """Day, and whether all of it was measured."""
    moment = when(entry.created)
    if entry.complete:
        return moment
    return tr("stopped early · {when}").format(when=moment)


class _List(QListWidget):
    """Signals: delete_requested: Delete was pressed."""

    delete_requested = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.delete_requested.emit()
        else:
            super().keyPressEvent(event)


class History(QWidget):
    """The list, with New, Compare and Delete.

    Attributes:
        list: the runs.

    Signals:
        new_requested: set up another benchmark.
        opened: id of the run that is to be shown.
        compare_requested: ids of two runs, the older one first.
        delete_requested: a BenchEntry.
    """

    new_requested = Signal()
    opened = Signal(int)
    compare_requested = Signal(int, int)
    delete_requested = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.new = ThemedButton(theme, self.tr("New benchmark"), symbol="benchmark")
        self.new.clicked.connect(self.new_requested)
        self.list = _List()
        self.list.setObjectName("sections")
        self.list.setAccessibleName(self.tr("Benchmarks of this computer"))
        self.list.setItemDelegate(_Delegate(theme, self.list))
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self.list.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.list.delete_requested.connect(self._on_delete)
        empty = QLabel(self.tr("No benchmark yet. Those you run are kept here."))
        empty.setProperty("tone", "muted")
        empty.setWordWrap(True)
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stack = QStackedWidget()
        self._stack.addWidget(empty)
        self._stack.addWidget(self.list)
        head = QHBoxLayout()
        head.setContentsMargins(8, 0, 8, 0)
        for text in (self.tr("Model and day"), self.tr("Speedup [95 %]")):
            label = QLabel(text)
            label.setProperty("tone", "muted")
            label.setFont(theme.fonts.small)
            label.setWordWrap(True)
            last = bool(head.count())
            label.setAlignment(Qt.AlignmentFlag.AlignRight if last else Qt.AlignmentFlag.AlignLeft)
            head.addWidget(label)
        self.hint = QLabel(self.tr("Hold Ctrl and click a second run to compare two."))
        self.hint.setProperty("tone", "muted")
        self.hint.setFont(theme.fonts.small)
        self.hint.setWordWrap(True)
        self.compare = ThemedButton(theme, self.tr("Compare"), symbol="compare", name=self.tr("Compare two benchmarks"))
        self.compare.clicked.connect(self._on_compare)
        self.delete = ThemedButton(theme, symbol="trash", kind="icon", name=self.tr("Delete this benchmark"))
        self.delete.setToolTip(self.tr("Delete this benchmark (Del)"))
        self.delete.clicked.connect(self._on_delete)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.compare, 1)
        foot.addWidget(self.delete)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.new)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        column.addWidget(self.hint)
        column.addLayout(foot)
        theme.changed.connect(self.list.viewport().update)
        self.show_entries(())

    def show_entries(self, entries: tuple[BenchEntry, ...]) -> None:
        """Replace the list; what was selected stays so."""
        chosen = {entry.id for entry in self.selected()}
        self.list.blockSignals(True)
        model = self.list.selectionModel()
        model.blockSignals(True)
        self.list.clear()
        for entry, differs in zip(entries, differing(entries)):
            item = QListWidgetItem()
            item.setData(_ENTRY, entry)
            item.setData(_DIFFERS, differs)
            words = _words(entry, differs)
            item.setToolTip(words)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
            self.list.addItem(item)
            item.setSelected(entry.id in chosen)
        model.blockSignals(False)
        self.list.blockSignals(False)
        self._stack.setCurrentIndex(1 if entries else 0)
        self.hint.setVisible(len(entries) > 1)
        self.compare.setVisible(bool(entries))
        self.delete.setVisible(bool(entries))
        self._refresh()

    def entries(self) -> list[BenchEntry]:
        """What the list shows."""
        return [self.list.item(i).data(_ENTRY) for i in range(self.list.count())]

    def selected(self) -> list[BenchEntry]:
        """The selected runs, in the order of the list."""
        return [item.data(_ENTRY) for item in self._items() if item.isSelected()]

    def select(self, *ids: int) -> None:
        """Select runs without opening them."""
        model = self.list.selectionModel()
        model.blockSignals(True)
        for item in self._items():
            item.setSelected(item.data(_ENTRY).id in ids)
            if ids and item.data(_ENTRY).id == ids[0]:
                self.list.setCurrentItem(item)
                item.setSelected(True)
        model.blockSignals(False)
        self.list.viewport().update()
        self._refresh()

    def _items(self) -> list[QListWidgetItem]:
        return [self.list.item(i) for i in range(self.list.count())]

    def _on_selection_changed(self, _new: QItemSelection, _old: QItemSelection) -> None:
        self._refresh()
        chosen = self.selected()
        if len(chosen) == 1:
            self.opened.emit(chosen[0].id)

    def _refresh(self) -> None:
        chosen = self.selected()
        self.compare.setEnabled(len(chosen) == 2)
        self.delete.setEnabled(len(chosen) == 1)

    def _on_compare(self) -> None:
        newer, older = self.selected()
        self.compare_requested.emit(older.id, newer.id)

    def _on_delete(self) -> None:
        chosen = self.selected()
        if len(chosen) == 1:
            self.delete_requested.emit(chosen[0])


def _words(entry: BenchEntry, differs: str) -> str:
    """A run in a sentence."""
    count = messages.fill(tr("{n:reply|replies}"), n=entry.replies)
    state = tr("complete") if entry.complete else tr("stopped early")
    speedup = " ".join(part for part in (entry.speedup, entry.interval) if part)
    title = f"{entry.title}\n{differs}" if differs else entry.title
    return f"{title}\n{when(entry.created)} · {count} · {state}\n{speedup}"
