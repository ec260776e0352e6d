"""The chat with its conversations beside it: what is shown where, deleting with undo, and files of conversations."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from helix_app.base.messages import fill
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.sidebar import WIDTH, Sidebar
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.elided import Elided
from helix_app.gui.kit.open_dialogs import ask_open, ask_save
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.conversations.chats import ChatFormat, ChatsExported, ChatsImported, ExportChats, ImportChats

NARROW = 640  # a page under so many pixels has no room for both
UNDO_MS = 20_000
FORMATS: dict[str, ChatFormat] = {".json": "json", ".md": "md", ".html": "html", ".txt": "txt"}


class UndoBar(QWidget):
    """Says for a while what was deleted, and brings it back.

    Signals:
        undone: the person wants it back.
    """

    undone = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = Elided()
        self.label.setFont(theme.fonts.small)
        self.undo = ThemedButton(theme, self.tr("Undo"), kind="link", name=self.tr("Bring back what was deleted"))
        self.undo.clicked.connect(self._on_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 4, 8, 8)
        row.setSpacing(4)
        row.addWidget(self.label, 1)
        row.addWidget(self.undo)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UNDO_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def tell(self, title: str, count: int = 1) -> None:
        """A conversation of this title is gone, or for an empty one messages of it, or several conversations are."""
        text = self.tr("Deleted “{title}”").format(title=title) if title else self.tr("Messages deleted")
        if count > 1:
            text = fill(self.tr("{n:conversation|conversations} deleted"), n=count)
        self.label.show_text(text)
        self.setAccessibleName(text)
        self.show()
        self._timer.start()

    def _on_clicked(self) -> None:
        self.hide()
        self.undone.emit()


class ChatDesk(QSplitter):
    """The list of conversations and the page of the one that is shown.

    Attributes:
        sidebar: the list.
        undo: what was deleted can be brought back there.

    Signals:
        told: something to say for a moment.
        shown_changed: the list is shown, or is not.
    """

    told = Signal(str)
    shown_changed = Signal(bool)

    def __init__(
        self, theme: Theme, state: State, book: ChatBook, page: QWidget, parent: QWidget | None = None
    ) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setObjectName("chatDesk")
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self._state, self._book = state, book
        self._forced = False  # the person wants the list though there is little room
        self.sidebar = Sidebar(theme, book)
        self.sidebar.export_requested.connect(self.export)
        self.sidebar.import_requested.connect(self.import_)
        self.undo = UndoBar(theme)
        self.undo.undone.connect(book.undo)
        book.deleted.connect(self.undo.tell)
        book.undone.connect(self.undo.hide)  # whichever way it was asked for
        book.current_changed.connect(lambda *_: self._remember())
        left = QWidget()
        left.setObjectName("sidebar")
        left.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.sidebar, 1)
        column.addWidget(self.undo)
        self._left = left
        self.addWidget(left)
        self.addWidget(page)
        self.setStretchFactor(0, 0)
        self.setStretchFactor(1, 1)
        self.setSizes([WIDTH, 10_000])
        self._place()

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {ChatsExported: self.on_exported, ChatsImported: self.on_imported}

    # ------------------------------------------------------------------ the list

    @property
    def list_shown(self) -> bool:
        """Whether the list is shown."""
        return not self._left.isHidden()

    def show_list(self, shown: bool) -> None:
        """Show the list, or do not; remembered."""
        self._forced = shown
        if shown != self._state.settings.sidebar:
            self._state.change(sidebar=shown)
        self._place()

    def search(self) -> None:
        """Look for words in all conversations."""
        self.show_list(True)
        self.sidebar.take_cursor()

    def rename_current(self) -> None:
        """Let the title of the conversation that is shown be written."""
        self.show_list(True)
        self.sidebar.list.rename(self._book.current.id)

    def _place(self) -> None:
        room = self.width() >= NARROW or not self.isVisible()  # before it is shown its size says nothing
        shown = self._state.settings.sidebar and (self._forced or room)
        if shown == self._left.isHidden():
            self._left.setVisible(shown)
            self.shown_changed.emit(shown)

    def minimumSizeHint(self) -> QSize:
        """Room for both, so that the live panel gives way first."""
        return super().minimumSizeHint().expandedTo(QSize(NARROW, 0))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.width() >= NARROW:
            self._forced = False
        self._place()

    def _remember(self) -> None:
        chat_id = self._book.current.id if self._book.current.known else ""
        if chat_id != self._state.settings.last_chat:
            self._state.change(last_chat=chat_id)

    # ------------------------------------------------------------------ files

    def export(self, ids: tuple[str, ...] = ()) -> None:
        """Ask where to, and write conversations; all of them for none."""
        kinds = {
            self.tr("Helix conversations (*.json)"): ("json", ".json"),
            self.tr("OpenAI-style messages (*.json)"): ("openai", ".json"),
            self.tr("Markdown (*.md)"): ("md", ".md"),
            self.tr("Web page (*.html)"): ("html", ".html"),
            self.tr("Plain text (*.txt)"): ("txt", ".txt"),
        }
        name = self.tr("conversation") if len(ids) == 1 else self.tr("conversations")
        chosen, kind = ask_save(self, self.tr("Export"), f"{name}.json", ";;".join(kinds))
        if not chosen:
            return
        written, suffix = kinds.get(kind, ("json", ".json"))
        path = Path(chosen)
        if not path.suffix:
            path = path.with_name(path.name + suffix)
        elif path.suffix.lower() != suffix:  # a name says more than a picker that was left as it was
            written = FORMATS.get(path.suffix.lower(), written)
        self._book.ask(ExportChats(str(path), written, ids))  # type: ignore[arg-type]

    def import_(self) -> None:
        """Choose a file of conversations and take them in."""
        kinds = self.tr("Conversations (*.json *.jsonl);;All files (*)")
        chosen = ask_open(self, self.tr("Import conversations"), kinds)
        if chosen:
            self._book.ask(ImportChats(chosen))

    def on_exported(self, news: ChatsExported) -> None:
        """A file is written."""
        words = self.tr("{n:conversation was|conversations were} exported to {file}")
        self.told.emit(fill(words, n=news.chats, file=Path(news.path).name))

    def on_imported(self, news: ChatsImported) -> None:
        """Conversations came in: the first of them is shown."""
        self.told.emit(fill(self.tr("{n:conversation was|conversations were} imported"), n=len(news.ids)))
        if news.ids:
            self._book.open(news.ids[0])
