"""The conversations beside the chat: a new one, a search, and the list."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QVBoxLayout, QWidget

from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.list_view import ChatListView
from helix_app.gui.chats.rows import Row, found_rows, rows_of
from helix_app.gui.chats.sidebar_menu import fill_chat_menu, fill_folder_menu, fill_list_menu, fill_several_menu
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.protocol.conversations.chats import ChatsFound

SEARCH_MS = 120  # after the last key
WIDTH, LEAST_WIDTH = 232, 176


class _SearchField(QLineEdit):
    """Signals: down_pressed: to the list; left: Escape in an empty field."""

    down_pressed = Signal()
    left = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.down_pressed.emit()
        elif event.key() == Qt.Key.Key_Escape:
            if self.text():
                self.clear()
            else:
                self.left.emit()
        else:
            super().keyPressEvent(event)


class Sidebar(QWidget):
    """Shows the conversations of a book, and finds words in them.

    Attributes:
        list: the conversations.
        search: where a person writes what is looked for.

    Signals:
        new_requested: begin a conversation.
        export_requested: ids of conversations to be written to a file; none for all.
        import_requested: take conversations in from a file.
        left: the person is done here: back to the message field.
    """

    new_requested = Signal()
    export_requested = Signal(tuple)
    import_requested = Signal()
    left = Signal()

    def __init__(self, theme: Theme, book: ChatBook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(LEAST_WIDTH)
        self._theme, self._book = theme, book
        self._folded: set[str] = set()
        self._found: ChatsFound | None = None
        self.new = ThemedButton(theme, self.tr("New chat"), symbol="new-chat", tip=self.tr("New chat"))
        self.new.clicked.connect(self.new_requested)
        self.more = ThemedButton(theme, symbol="more", kind="smallicon", name=self.tr("More about conversations"))
        self.more.setToolTip(self.tr("Import, export"))
        self.more.clicked.connect(self._on_more_clicked)
        self.search = _SearchField()
        self.search.setPlaceholderText(self.tr("Search conversations"))
        self.search.setAccessibleName(self.tr("Search conversations"))
        self.search.textChanged.connect(self._on_search_changed)
        self.search.down_pressed.connect(self._on_down_pressed)
        self.search.left.connect(self.left)
        self.list = ChatListView(theme)
        self.list.chosen.connect(self._on_chosen)
        self.list.delete_requested.connect(lambda chat_ids: book.delete(*chat_ids))
        self.list.menu_requested.connect(self._on_menu_requested)
        self.list.left.connect(self.left)
        self.list.unmarked.connect(self._on_current_changed)
        self.list.rows.renamed.connect(lambda chat_id, title: book.change(chat_id, title=title))
        self.note = QLabel()
        self.note.setProperty("tone", "muted")
        self.note.setFont(theme.fonts.small)
        self.note.setWordWrap(True)
        self._lay_out()
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(SEARCH_MS)
        self._wait.timeout.connect(lambda: book.find(self.search.text()))
        book.listed.connect(self._on_listed)
        book.found.connect(self._on_found)
        book.current_changed.connect(self._on_current_changed)
        book.writing_changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.new, 1)
        top.addWidget(self.more)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addLayout(top)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addWidget(self.note)

    def refresh(self) -> None:
        """Show the list as it is now."""
        book = self._book
        writing = {writing.conversation.id for writing in book.writings.values()}
        if self._found is not None and self.search.text().strip():
            rows = found_rows(self._found.hits, self._found.more, writing)
        else:
            rows = rows_of(book.entries, datetime.now().astimezone().date(), writing, self._folded)
        self.list.show_rows(rows)
        if len(self.list.marked()) < 2:
            self.list.select(book.current.id)
        if not book.kept:
            self.note.setText(self.tr("Not being kept at the moment."))
        elif not book.entries:
            self.note.setText(self.tr("Conversations are kept on this computer alone, and listed here."))
        self.note.setVisible(not book.kept or not book.entries)

    def take_cursor(self) -> None:
        """Let words be typed that are looked for."""
        self.search.setFocus()
        self.search.selectAll()

    # ------------------------------------------------------------------ what the person does

    def _on_search_changed(self, text: str) -> None:
        if text.strip():
            self._wait.start()
        else:
            self._wait.stop()
            self._book.find("")
            self._found = None
            self.refresh()

    def _on_down_pressed(self) -> None:
        self.list.setFocus()
        if self.list.row(self.list.currentIndex()) is None:
            first = next((i for i, row in enumerate(self.list.rows.rows()) if row.entry is not None), -1)
            if first >= 0:
                self.list.setCurrentIndex(self.list.rows.index(first))

    def _on_chosen(self, row: Row) -> None:
        if row.entry is not None:
            self._book.open(row.entry.id, row.hit.message if row.hit is not None else "")
        elif row.folder:
            self._folded ^= {row.folder}
            self.refresh()

    def _on_menu_requested(self, row: Row, place: QPoint) -> None:
        menu = QMenu(self)
        marked = self.list.marked()
        if row.entry is not None and len(marked) > 1 and row.entry.id in marked:
            fill_several_menu(menu, marked, self._book, self.list, self.export_requested.emit)
        elif row.entry is not None:
            fill_chat_menu(menu, row.entry, self._book, self.list, self.export_requested.emit)
        else:
            fill_folder_menu(menu, row.folder, self._book)
        self._open(menu, place)

    def _on_more_clicked(self) -> None:
        menu = QMenu(self)
        fill_list_menu(menu, self._book, self.export_requested.emit, self.import_requested.emit)
        self._open(menu, self.more.mapToGlobal(QPoint(0, self.more.height())))

    @staticmethod
    def _open(menu: QMenu, place: QPoint) -> None:
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(place)

    # ------------------------------------------------------------------ what the book tells

    def _on_listed(self) -> None:
        if self._found is not None:
            self._wait.start()  # what was found may have changed, too
        self.refresh()

    def _on_current_changed(self) -> None:
        self.list.clearSelection()
        self.refresh()

    def _on_found(self, found: ChatsFound) -> None:
        self._found = found
        self.refresh()
