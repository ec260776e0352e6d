"""Files that are dropped or pasted anywhere: models are loaded, runs are shown, others go into the message."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from helix_app.gui.kit.dragging import FilesOffered, accept_copy, local_files
from helix_app.gui.look.theme import RADIUS, Theme
from helix_app.gui.window.main_window import MainWindow
from helix_app.gui.window.opening import MODELS, is_file_to_open, open_file
from helix_app.runs.run import SUFFIX

MARGIN = 12  # pixels around the frame
VEIL = 230  # of 255: how much of the page it covers


def tr(text: str) -> str:
    """Translate in the context of what is dropped."""
    return QCoreApplication.translate("dropping", text)


def opens(file: str) -> bool:
    """Whether a file is a model or a run, or a folder has a model in it."""
    folder = Path(file)
    if not folder.is_dir():
        return is_file_to_open(file)
    try:
        return any(inside.name == "config.json" or inside.suffix.lower() in MODELS for inside in folder.iterdir())
    except OSError:
        return False


def words_for(files: list[str], *, attaches: bool) -> str:
    """What dropping these does; empty where it does nothing. ``attaches``: there is a message to put files into."""
    opened = next(filter(opens, files), "")
    if opened.lower().endswith(SUFFIX):
        return tr("Drop it to look into this run")
    if opened:
        return tr("Drop it to load this model")
    return tr("Drop it to attach it to the message") if files and attaches else ""


def _pastes(event: QKeyEvent) -> bool:
    return event.type() == QEvent.Type.KeyPress and event.matches(QKeySequence.StandardKey.Paste)


class Veil(QWidget):
    """Says over the page what dropping does."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.words = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    def tell(self, words: str) -> None:
        """Say this over all of the parent; nothing for an empty text."""
        self.words = words
        parent = self.parentWidget()
        if words and parent is not None:
            self.setGeometry(parent.rect())
            self.raise_()
            self.update()
        self.setVisible(bool(words))

    def paintEvent(self, _event: QPaintEvent) -> None:
        p = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        back = QColor(p.canvas)
        back.setAlpha(VEIL)
        painter.fillRect(self.rect(), back)
        painter.setPen(QPen(QColor(p.accent), 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN), RADIUS, RADIUS)
        painter.setPen(QColor(p.text))
        painter.setFont(self._theme.fonts.title)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.words)
        painter.end()


class Dropping(QObject):
    """Takes what is dropped where no part of the window takes it itself, and what is pasted there.

    Attributes:
        veil: what is shown while files are dragged over the window.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.veil = Veil(window.theme, window.centralWidget() or window)
        window.setAcceptDrops(True)
        window.installEventFilter(self)
        window.chat.composer.editor.passes_on = lambda files: any(map(opens, files))
        window.chat.composer.editor.files_passed.connect(self.take)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDragEnterEvent):
            self.veil.tell(words_for(local_files(event.mimeData()), attaches=self._attaches()))
            if self.veil.words:
                accept_copy(event)
                return True
        elif event.type() == QEvent.Type.DragLeave:
            self.veil.tell("")
        elif isinstance(event, QDropEvent) and event.type() == QEvent.Type.Drop:
            self.veil.tell("")
            accept_copy(event)
            self.take(local_files(event.mimeData()))
            return True
        elif isinstance(event, FilesOffered):
            event.setAccepted(bool(words_for(event.files, attaches=self._attaches())))
            if event.isAccepted() and event.pasted:
                self.take(event.files)
            return True
        elif isinstance(event, QKeyEvent) and _pastes(event):
            files = local_files(QGuiApplication.clipboard().mimeData())
            if words_for(files, attaches=self._attaches()):
                self.take(files)
                return True
        return super().eventFilter(watched, event)

    def take(self, files: list[str]) -> None:
        """Do with files what the words said."""
        opened = next(filter(opens, files), "")
        if opened:
            open_file(self._window, opened)
        elif self._attaches():
            self._window.chat.attaching.read(files)
            self._window.chat.take_cursor()

    def _attaches(self) -> bool:
        """Whether there is a message in sight that can be written."""
        composer = self._window.chat.composer
        return composer.isVisible() and composer.editor.isEnabled()
