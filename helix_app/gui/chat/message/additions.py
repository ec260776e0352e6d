"""What stands in a reply beside its text: a line while there is none yet, and what to do about a full context."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QLabel, QWidget

from helix_app.base import messages
from helix_app.gui.chat.refusals import larger_action
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.notices import OfferBox
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import PrefillProgress


def tr(text: str) -> str:
    """Translate in the context of replies."""
    return QCoreApplication.translate("Reply", text)


class WaitingLine(QLabel):
    """How much of the prompt is read, until there is text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(tr("Reading the prompt…"), parent)
        self.setProperty("tone", "muted")

    def show_reading(self, event: PrefillProgress) -> None:
        """So much is read."""
        text = tr("Reading the prompt: {done} of {all:token|tokens}")
        self.setText(messages.fill(text, done=figures.count(event.done_tokens), all=event.prompt_tokens))


class ContextOffer(OfferBox):
    """The context is full: load the model with one of ``larger`` tokens (0 for none), or begin a new conversation.

    Signals:
        context_requested: load the model with a context of so many tokens.
        new_chat_requested: begin a new conversation.
        taken: either of them was chosen.
    """

    context_requested = Signal(int)
    new_chat_requested = Signal()
    taken = Signal()

    def __init__(self, theme: Theme, sentence: str, larger: int, parent: QWidget | None = None) -> None:
        new_chat, more = tr("New conversation"), larger_action(larger)
        super().__init__(theme, sentence, more or new_chat, new_chat if more else "", parent)
        if larger:
            self.acted.connect(lambda: self.context_requested.emit(larger))
        else:
            self.acted.connect(self.new_chat_requested)
        self.other_chosen.connect(self.new_chat_requested)
        for chosen in (self.acted, self.other_chosen):
            chosen.connect(self.taken)
