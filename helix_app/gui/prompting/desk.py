"""Prompt and sampling of the conversation that is shown: the dialog, and what becomes of what was chosen in it."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.chat.composing.counting import Counting
from helix_app.gui.chats.asking import continues
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.chats.prompting import to_text
from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.dialog import PromptingDialog
from helix_app.gui.state import State


class PromptingDesk(QObject):
    """Opens the dialog, and keeps the controls of the composer at what the conversation has.

    Signals:
        opened: the dialog, just before it is shown.
    """

    opened = Signal(object)

    def __init__(
        self, theme: Theme, state: State, book: ChatBook, composer: Composer, counting: Counting, window: QWidget
    ) -> None:
        super().__init__(window)
        self._theme, self._state, self._book, self._window = theme, state, book, window
        self._composer, self._counting = composer, counting
        composer.thinking_chosen.connect(self.choose_thinking)
        book.prompting_changed.connect(self._show)
        state.model_changed.connect(self._show)

    def choose_thinking(self, thinks: bool) -> None:
        """Whether the model is to think before it answers in this conversation."""
        self._book.set_prompting(to_text(replace(self._book.current.prompting, thinking=thinks)))

    def _show(self) -> None:
        own, ready = self._book.current.prompting, self._state.ready
        self._composer.set_own(bool(replace(own, thinking=None)))
        switch = ready is not None and bool(ready.thinking_switch) and not continues(own, ready)
        self._composer.set_thinking(switch, own.thinking is not False)

    def open_dialog(self) -> None:
        """Show what the conversation changes; it applies when saved."""
        talk = self._book.current
        dialog = PromptingDialog(self._theme, self._state, talk.prompting, self._counting, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._on_saved(dialog, talk))
        self.opened.emit(dialog)
        dialog.open()

    def _on_saved(self, dialog: PromptingDialog, talk: Conversation) -> None:
        """Take over what the dialog says, for the conversation and the model that it was opened for."""
        text = to_text(dialog.prompting())
        self._book.set_prompting(text, talk)
        by_model = dict(self._state.settings.prompting)
        by_model.pop(dialog.target, None)
        if dialog.by_model.isChecked() and text:
            by_model[dialog.target] = text
        if dialog.target and by_model != self._state.settings.prompting:
            self._state.change(prompting=by_model)
