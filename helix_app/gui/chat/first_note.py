"""Under the first reply of the small model that Helix begins with, once: a better one would fit this computer."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from helix_app.base.settings import Settings
from helix_app.gui.chat.message_list import MessageList
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.events import Finished
from helix_app.protocol.models.loading import MemoryUse
from helix_app.protocol.requests import CatalogItem

BETTER = 2  # times as large as the small one, at least
OF_COMPUTER, OF_CARD = 3, 1.5  # times its file, the memory that a model should find there


def better_model(items: Sequence[CatalogItem], small: str, use: MemoryUse | None) -> CatalogItem | None:
    """The largest model that fits this computer well, where that is larger than the small one; None for none.

    A computer does other things, too, and needs room for the cache: a third of its memory may be weights, or two
    thirds of that of a card.
    """
    own = next((item for item in items if item.id == small), None)
    if own is None or use is None:
        return None
    share, room = (OF_CARD, use.device_total) if use.device_total else (OF_COMPUTER, use.total)
    larger = [item for item in items if item.size_bytes >= BETTER * own.size_bytes and not item.head]
    fitting = [item for item in larger if share * item.size_bytes <= (room or 0)]
    return max(fitting, key=lambda item: item.size_bytes, default=None)


class Note(QWidget):
    """A quiet sentence with a button, which can be closed.

    Signals:
        acted: the button was pressed.
        closed: it is not wanted.
    """

    acted = Signal()
    closed = Signal()

    def __init__(self, theme: Theme, sentence: str, action: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = QLabel(sentence)
        self.label.setProperty("tone", "muted")
        self.label.setFont(theme.fonts.small)
        self.label.setWordWrap(True)
        self.button = ThemedButton(theme, action, kind="link", name=action)
        self.button.clicked.connect(self.acted)
        self.close_button = ThemedButton(theme, symbol="close", kind="smallicon", name=self.tr("Dismiss"))
        self.close_button.setToolTip(self.tr("Dismiss"))
        self.close_button.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.label, 1)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        self.setAccessibleName(sentence)

    def height_for(self, width: int) -> int:
        """Height at a width, for a Column."""
        self.ensurePolished()
        layout = self.layout()
        return max(layout.heightForWidth(width), layout.minimumSize().height()) if layout is not None else 0


class FirstNote(QObject):
    """Shows the note once, and has the settings remember it.

    Signals:
        models_requested: the list of models is to be shown.
    """

    models_requested = Signal()

    def __init__(self, theme: Theme, state: State, shown: MessageList, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._state, self._shown = theme, state, shown
        self.note: Note | None = None

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {Finished: self.on_finished}

    def on_finished(self, event: Finished) -> None:
        """A reply is complete: say it, if it was written by the small model and nobody has said it before."""
        settings, ready, reply = self._state.settings, self._state.ready, self._shown.last_reply()
        if settings.better_model_told or ready is None or settings.target != Settings().target:
            return
        if reply is None or reply.request_id != event.request_id or event.reason == "cancelled":
            return
        better = better_model(self._state.items, settings.target, ready.memory)
        if better is None:
            return
        text = self.tr("{better} ({size}) answers much better than {small}, and fits this computer.")
        sentence = text.format(better=better.name, size=figures.size(better.size_bytes), small=ready.target_name)
        note = self.note = Note(self._theme, sentence, self.tr("Show the models"))
        note.acted.connect(self.models_requested)
        note.closed.connect(lambda: reply.remove(note))
        reply.add(note, 12)
        self._state.change(better_model_told=True)
