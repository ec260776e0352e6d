"""The command palette: every action of the menus and every conversation, found by a few letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QCoreApplication, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QAction, QColor, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QMainWindow,
    QMenu,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.rows import title_of
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.keys.shortcuts import plain

WIDTH, HEIGHT = 520, 400
MOST = 60  # lines that are shown
LINE = 32
KEYS = Qt.ItemDataRole.UserRole
MOST_CHATS = 12  # conversations among them while nothing is typed


@dataclass(frozen=True)
class Command:
    """One line.

    Attributes:
        text: what it does, with the menu it is in.
        keys: its shortcut; empty for none.
        run: does it.
        chat: it opens a conversation.
    """

    text: str
    keys: str
    run: Callable[[], object]
    chat: bool = False


def tr(text: str) -> str:
    """Translate in the context of the palette."""
    return QCoreApplication.translate("commands", text)


def actions_of(menu: QMenu, path: str = "") -> Iterator[tuple[str, QAction]]:
    """The actions of a menu and of those in it, with the names of the menus."""
    path = f"{path}{plain(menu.title())}: "
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from actions_of(inner, path)
        elif not action.isSeparator():
            yield path, action


def commands_of(window: QMainWindow, book: ChatBook) -> list[Command]:
    """What can be done now: enabled actions of the menus, then conversations, the latest first."""
    found: list[Command] = []
    for top in window.menuBar().actions():
        menu = top.menu()
        if isinstance(menu, QMenu):
            for path, action in actions_of(menu):
                if action.isEnabled() and action.isVisible() and action.text():
                    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
                    found.append(Command(path + plain(action.text()), keys, action.trigger))
    for entry in book.entries:
        words = tr("Open conversation: {title}").format(title=title_of(entry))
        found.append(Command(words, "", partial(book.open, entry.id), chat=True))
    return found


def matching(commands: Sequence[Command], words: str) -> list[Command]:
    """Those that have all the words, whatever their case; such as begin a word with the first one come first."""
    wanted = words.casefold().split()
    kept = [command for command in commands if all(word in command.text.casefold() for word in wanted)]
    if wanted:
        kept.sort(key=lambda command: not any(w.startswith(wanted[0]) for w in command.text.casefold().split()))
    return kept[:MOST]


class _Delegate(QStyledItemDelegate):
    """A line with its keys at the right."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, LINE)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        keys = str(index.data(KEYS) or "")
        inner: QRect = option.rect.adjusted(8, 0, -8, 0)  # type: ignore[attr-defined]
        rest = QStyleOptionViewItem(option)
        painter.setFont(self._theme.fonts.mono_small)
        taken = painter.fontMetrics().horizontalAdvance(keys) + 12 if keys else 0
        super().paint(painter, rest, index)
        if keys:
            marked = bool(option.state & QStyle.StateFlag.State_Selected)  # type: ignore[attr-defined]
            p = self._theme.palette
            painter.setPen(QColor(p.text if marked else p.muted))
            painter.setFont(self._theme.fonts.mono_small)
            place = QRect(inner.right() - taken, inner.top(), taken, inner.height())
            painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, keys)


class _Field(QLineEdit):
    """Signals: moved: up (-1) or down (1) in the list; entered: Enter."""

    moved = Signal(int)
    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -8, Qt.Key.Key_PageDown: 8}
        by = steps.get(Qt.Key(event.key()))
        if by is not None:
            self.moved.emit(by)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()
        else:
            super().keyPressEvent(event)


class CommandPalette(QDialog):
    """A field and the lines that match; Enter does the marked one, Escape none.

    Attributes:
        field: what is typed.
        list: the lines.
    """

    def __init__(self, theme: Theme, window: QMainWindow, book: ChatBook, parent: QWidget | None = None) -> None:
        super().__init__(parent or window, Qt.WindowType.Popup)
        self.setWindowTitle(tr("Commands"))
        self.setObjectName("commands")
        self._commands = commands_of(window, book)
        self._shown: list[Command] = []
        self.field = _Field()
        self.field.setPlaceholderText(tr("What would you like to do?"))
        self.field.setAccessibleName(tr("Commands"))
        self.field.textChanged.connect(self.refresh)
        self.field.moved.connect(self._on_moved)
        self.field.entered.connect(self.run)
        self.list = QListWidget()
        self.list.setObjectName("sections")
        self.list.setAccessibleName(tr("Commands"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the keys go to the field
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFont(theme.fonts.ui)
        self.list.setItemDelegate(_Delegate(theme, self.list))
        self.list.itemClicked.connect(lambda _item: self.run())
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addWidget(self.list, 1)
        self.resize(WIDTH, HEIGHT)
        self.refresh()

    def refresh(self) -> None:
        """Show what matches; the first line is marked."""
        words, commands = self.field.text(), self._commands
        if not words.strip():
            chats = [command for command in commands if command.chat]
            commands = [*(command for command in commands if not command.chat), *chats[:MOST_CHATS]]
        self._shown = matching(commands, words)
        self.list.clear()
        for command in self._shown:
            item = QListWidgetItem(command.text, self.list)
            item.setData(KEYS, command.keys)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{command.text} {command.keys}".strip())
        self.list.setCurrentRow(0 if self._shown else -1)

    def run(self) -> None:
        """Do what is marked."""
        row = self.list.currentRow()
        if 0 <= row < len(self._shown):
            command = self._shown[row]
            self.accept()
            command.run()

    def _on_moved(self, by: int) -> None:
        if self._shown:
            self.list.setCurrentRow(min(len(self._shown) - 1, max(0, self.list.currentRow() + by)))


def open_palette(theme: Theme, window: QMainWindow, book: ChatBook) -> CommandPalette:
    """Show the palette over a window, near its top."""
    palette = CommandPalette(theme, window, book)
    palette.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    left = (window.width() - palette.width()) // 2
    palette.move(window.mapToGlobal(QPoint(max(0, left), 64)))
    palette.show()
    palette.field.setFocus()
    return palette
