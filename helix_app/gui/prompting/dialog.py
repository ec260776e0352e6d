"""Prompt and sampling of one conversation: what differs from the settings is its own."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from helix_app.base.settings import declared
from helix_app.gui.chats.prompting import NAMES, Prompting, stops_of
from helix_app.gui.glossary import terms
from helix_app.gui.kit.buttons import CheckBox, ThemedButton
from helix_app.gui.kit.dialog import Dialog, answer_row
from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.presets import Presets
from helix_app.gui.settings.editors import FIELD_WIDTH, Editor, editor_of
from helix_app.gui.state import State

TEXT_HEIGHT = 96


class PromptingDialog(Dialog):
    """Edits a copy; ``prompting()`` says what was chosen.

    Attributes:
        editors: the control of each setting, by its name.
        seed_edit, stops: seed, and one stop text a line.
        presets: sets of choices under names.
        by_model: new conversations with the model that is loaded begin so.
    """

    def __init__(self, theme: Theme, state: State, prompting: Prompting, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._state = theme, state
        self._thinking: bool | None = None  # which has its switch beside the message field
        self.setWindowTitle(self.tr("Prompt and sampling of this conversation"))
        self.editors: dict[str, Editor] = {name: editor_of(declared()[name], theme) for name in NAMES}
        self.seed_edit = QLineEdit()
        self.seed_edit.setPlaceholderText(self.tr("random"))
        self.seed_edit.setValidator(QIntValidator(0, 2_147_483_647, self.seed_edit))
        self.stops = QPlainTextEdit()
        self.stops.setTabChangesFocus(True)
        self.stops.setPlaceholderText(self.tr("one a line; a reply ends where one of them would begin"))
        self.presets = Presets(theme, state, self.prompting)
        self.presets.picked.connect(self.show_prompting)
        ready = state.ready
        name = "" if ready is None else ready.target_name
        self.by_model = CheckBox(theme, self.tr("Begin new conversations with {model} so").format(model=name))
        self.by_model.setVisible(ready is not None)
        self.by_model.setChecked(state.settings.target in state.settings.prompting)
        self.note = QLabel(self.tr("What is as in the settings follows them."))
        self.note.setProperty("tone", "muted")
        self.note.setFont(theme.fonts.small)
        self._lay_out()
        self.show_prompting(prompting)
        self.resize(560, 620)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(2, 1)
        for row, name in enumerate(NAMES):
            setting = declared()[name]
            widget = self.editors[name].widget
            label = self.tr(setting.label) or terms.name(setting.term)
            if isinstance(widget, QPlainTextEdit):
                widget.setFixedHeight(TEXT_HEIGHT)
            self._add(grid, row, label, widget, setting.term, wide=isinstance(widget, QPlainTextEdit))
        self._add(grid, len(NAMES), terms.name("seed"), self.seed_edit, "seed")
        self._add(grid, len(NAMES) + 1, self.tr("Stop texts"), self.stops, "", wide=True)
        self.stops.setFixedHeight(64)
        reset = ThemedButton(self._theme, self.tr("As in the settings"), kind="ghost")
        cancel = ThemedButton(self._theme, self.tr("Cancel"))
        self.save = ThemedButton(self._theme, self.tr("Save"), kind="primary")
        buttons = answer_row(self, reset, lambda: self.show_prompting(Prompting()), cancel, self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        column.addWidget(self.presets)
        column.addLayout(grid)
        column.addWidget(self.by_model)
        column.addWidget(self.note)
        column.addStretch()
        column.addLayout(buttons)

    def _add(self, grid: QGridLayout, row: int, text: str, control: QWidget, term: str, *, wide: bool = False) -> None:
        label = QLabel(text)
        label.setMinimumHeight(32)
        label.setBuddy(control)
        control.setAccessibleName(text)
        if term:
            for widget in (label, control):
                terms.give(widget, term)
        grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop if wide else Qt.AlignmentFlag.AlignVCenter)
        if wide:
            grid.addWidget(control, row, 1, 1, 2)
        else:
            control.setFixedWidth(FIELD_WIDTH)
            grid.addWidget(control, row, 1)

    def prompting(self) -> Prompting:
        """What differs from the settings."""
        settings = self._state.settings
        values = {name: editor.value() for name, editor in self.editors.items()}
        own = {name: value for name, value in values.items() if value != getattr(settings, name)}
        seed = self.seed_edit.text().strip()
        stops = stops_of(self.stops.toPlainText().split("\n"))
        return Prompting(own, int(seed) if seed else None, stops, self._thinking)

    def show_prompting(self, prompting: Prompting) -> None:
        """Fill the controls."""
        settings = prompting.applied(self._state.settings)
        self._thinking = prompting.thinking
        for name, editor in self.editors.items():
            editor.show(getattr(settings, name))
        self.seed_edit.setText("" if prompting.seed is None else str(prompting.seed))
        self.stops.setPlainText("\n".join(prompting.stop))
