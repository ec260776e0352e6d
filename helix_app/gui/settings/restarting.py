"""What takes effect when the window is opened again: the button beside it that does so now."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt

from helix_app.gui.kit.controls.buttons import Picker, ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.gui.settings.editors import Editor


class RestartButton(ThemedButton):
    """Opens the window again; there only while another value is chosen than the one in effect."""

    def __init__(self, theme: Theme, in_effect: Any) -> None:
        super().__init__(theme, "")
        self._in_effect = in_effect
        self.setText(self.tr("Restart now"))
        self.setAccessibleName(self.text())
        self.setToolTip(self.tr("Saves the settings and opens Helix again, with the same conversation"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.hide()

    def watching(self, editor: Editor) -> Editor:
        """The editor of the setting, which tells this button what is chosen in it."""
        picker = editor.widget
        assert isinstance(picker, Picker)
        picker.picked.connect(self._weigh)

        def show(value: Any) -> None:
            editor.show(value)
            self._weigh(value)

        return Editor(picker, editor.value, show)

    def _weigh(self, value: Any) -> None:
        self.setVisible(value != self._in_effect)
