"""The dialog of the settings, and what becomes of what a person chose in it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from helix_app.base.settings import Settings, changed
from helix_app.gui.look.theme import Theme
from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.state import State
from helix_app.protocol import events


class Preferences(QObject):
    """Shows the settings in their dialog, and takes over what a person chose there.

    Signals:
        saved: the settings before a change that a person made of them: a model may have to be loaded again.
        forget_requested: wipe what was learnt from replies.
        opened: the dialog, just before it is shown.
        restart_requested: the window is to be opened again.
    """

    saved = Signal(object)
    opened = Signal(object)
    forget_requested = Signal()
    restart_requested = Signal()

    def __init__(self, theme: Theme, state: State, window: QWidget) -> None:
        super().__init__(window)
        self._theme, self._state, self._window = theme, state, window
        self._in_effect = state.settings  # of what only a restart changes

    def set_context(self, tokens: int) -> None:
        """Take another context; the model is loaded again for it."""
        before = self._state.settings
        self._state.change(context_length=tokens)
        self.saved.emit(before)

    def open_dialog(self) -> None:
        """Show the settings; they apply when saved."""
        settings, seed = self._state.settings, self._state.seed
        dialog = SettingsDialog(self._theme, settings, seed, self._window, in_effect=self._in_effect)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.forget_requested.connect(self.forget_requested)
        dialog.accepted.connect(lambda: self.on_saved(self._now(dialog, settings), dialog.seed()))
        dialog.restart_requested.connect(lambda: self.on_restart(self._now(dialog, settings), dialog.seed()))
        self.opened.emit(dialog)
        dialog.open()

    def _now(self, dialog: SettingsDialog, shown: Settings) -> Settings:
        """The settings in effect, with what a person changed in a dialog that has shown those of before."""
        chosen = dialog.settings()
        edited = {name: getattr(chosen, name) for name in dialog.editors}
        edited = {name: value for name, value in edited.items() if value != getattr(shown, name)}
        return changed(self._state.settings, **edited)

    def on_saved(self, settings: Settings, seed: int | None) -> None:
        """Take over what the dialog says."""
        before = self._state.settings
        self._state.set_settings(settings, seed)
        self.saved.emit(before)

    def on_restart(self, settings: Settings, seed: int | None) -> None:
        """Take over what the dialog says; a model is loaded by it when the window is there again."""
        self._state.set_settings(settings, seed)
        self.restart_requested.emit()

    def on_forgotten(self, event: events.Forgotten) -> bool:
        """What was learnt is wiped, or could not be: said where the button is. False when that is not there."""
        dialog = self._window.findChild(SettingsDialog)
        if dialog is not None:
            dialog.learning.show_forgotten(event)
        return dialog is not None
