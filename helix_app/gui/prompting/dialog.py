"""Prompt and sampling of one conversation: what differs from the settings is its own."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from helix_app.base.language import say
from helix_app.base.settings import declared
from helix_app.gui.chat.composing.counting import Counting
from helix_app.gui.chats.asking import continues
from helix_app.gui.chats.prompting import NAMES, Prompting, stops_of
from helix_app.gui.glossary import terms
from helix_app.gui.kit.controls.buttons import CheckBox, ThemedButton
from helix_app.gui.kit.controls.seeds import SeedValidator
from helix_app.gui.kit.dialog import Dialog, answer_row
from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.form import FormPicker
from helix_app.gui.prompting.presets import Presets
from helix_app.gui.prompting.preview import PromptPreview
from helix_app.gui.prompting.template import TemplateDialog
from helix_app.gui.settings.editors import FIELD_WIDTH, Editor, editor_of
from helix_app.gui.state import State

TEXT_HEIGHT = 96


class PromptingDialog(Dialog):
    """Edits a copy; ``prompting()`` says what was chosen.

    Attributes:
        editors: the control of each setting, by its name.
        seed_edit, stops: seed, and one stop text a line.
        presets: sets of choices under names.
        form: what replies must look like.
        plain: the text is continued, without the chat template.
        template: opens the chat template; preview: shows the prompt as tokens.
        target: the model that is loaded; empty for none.
        by_model: new conversations with that model begin so.
    """

    def __init__(
        self,
        theme: Theme,
        state: State,
        prompting: Prompting,
        counting: Counting,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme, self._state, self._counting = theme, state, counting
        self._thinking: bool | None = None  # which has its switch beside the message field
        self._template = ""
        self.setWindowTitle(self.tr("Prompt and sampling of this conversation"))
        self.editors: dict[str, Editor] = {name: editor_of(declared()[name], theme) for name in NAMES}
        self.seed_edit = QLineEdit()
        self.seed_edit.setPlaceholderText(self.tr("random"))
        self.seed_edit.setValidator(SeedValidator(self.seed_edit))
        self.stops = QPlainTextEdit()
        self.stops.setTabChangesFocus(True)
        self.stops.setPlaceholderText(self.tr("one a line; a reply ends where one of them would begin"))
        self.form = FormPicker(theme)
        self.plain = CheckBox(theme, self.tr("Continue the text as it stands, without the chat template"))
        self.plain.toggled.connect(self._on_plain)
        self.template = ThemedButton(theme, self.tr("Edit…"))
        self.template.clicked.connect(self.edit_template)
        self.template_note = QLabel()
        self.template_note.setProperty("tone", "muted")
        self.template_note.setFont(theme.fonts.small)
        self.preview = ThemedButton(theme, self.tr("Show the prompt as tokens…"), kind="link")
        self.preview.clicked.connect(self.show_preview)
        for button in (self.template, self.preview):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setEnabled(state.ready is not None)
        self.presets = Presets(theme, state, self.prompting)
        self.presets.picked.connect(self.show_prompting)
        ready = state.ready
        name = "" if ready is None else ready.target_name
        self.by_model = CheckBox(theme, self.tr("Begin new conversations with {model} so").format(model=name))
        self.target = "" if ready is None else state.settings.target
        self.by_model.setVisible(ready is not None)
        self.by_model.setChecked(self.target in state.settings.prompting)
        self.note = QLabel(self.tr("What is as in the settings follows them."))
        self.note.setProperty("tone", "muted")
        self.note.setFont(theme.fonts.small)
        prompt = self.editors["system_prompt"].widget
        self._prompt_hint = prompt.placeholderText() if isinstance(prompt, QPlainTextEdit) else ""
        self._lay_out()
        self.show_prompting(prompting)
        prompt.setFocus()
        self.resize(680, 680)  # with its texts as high as they are meant to be

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(4, 1)
        wide = [name for name in NAMES if isinstance(self.editors[name].widget, QPlainTextEdit)]
        for row, name in enumerate(wide):
            self.editors[name].widget.setFixedHeight(TEXT_HEIGHT)
            self._add(grid, (row, 0), self._label(name), self.editors[name].widget, declared()[name].term, wide=True)
        fields = [(self._label(name), self.editors[name].widget, declared()[name].term) for name in NAMES]
        fields = [field for field in fields if not isinstance(field[1], QPlainTextEdit)]
        fields.append((terms.name("seed"), self.seed_edit, "seed"))
        fields.append((terms.name("reply_form"), self.form, "reply_form"))
        for index, (text, widget, term) in enumerate(fields):  # in two columns, so that it fits a low screen
            self._add(grid, (len(wide) + index // 2, 2 * (index % 2)), text, widget, term)
        row = len(wide) + (len(fields) + 1) // 2
        self._add(grid, (row, 0), self.tr("Stop texts"), self.stops, "", wide=True)
        self.stops.setFixedHeight(64)
        self._add(grid, (row + 1, 0), terms.name("chat_template"), self.template, "chat_template")
        grid.addWidget(self.template_note, row + 1, 2, 1, 2, Qt.AlignmentFlag.AlignVCenter)
        reset = ThemedButton(self._theme, self.tr("As in the settings"), kind="ghost")
        cancel = ThemedButton(self._theme, self.tr("Cancel"))
        self.save = ThemedButton(self._theme, self.tr("Save"), kind="primary")
        buttons = answer_row(self, reset, lambda: self.show_prompting(Prompting()), cancel, self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        column.addWidget(self.presets)
        column.addLayout(grid)
        column.addWidget(self.plain)
        column.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.by_model)
        column.addWidget(self.note)
        column.addStretch()
        column.addLayout(buttons)

    def _label(self, name: str) -> str:
        setting = declared()[name]
        return say(setting.label, "settings") or terms.name(setting.term)

    def _add(
        self, grid: QGridLayout, at: tuple[int, int], text: str, control: QWidget, term: str, *, wide: bool = False
    ) -> None:
        label = QLabel(text)
        label.setMinimumHeight(32)
        label.setBuddy(control)
        control.setAccessibleName(text)
        if term:
            for widget in (label, control):
                terms.give(widget, term)
        row, column = at
        grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignTop if wide else Qt.AlignmentFlag.AlignVCenter)
        if wide:
            grid.addWidget(control, row, column + 1, 1, 4)
        else:
            control.setFixedWidth(FIELD_WIDTH)
            grid.addWidget(control, row, column + 1)

    def prompting(self) -> Prompting:
        """What differs from the settings."""
        settings = self._state.settings
        values = {name: editor.value() for name, editor in self.editors.items()}
        own = {name: value for name, value in values.items() if value != getattr(settings, name)}
        seed = self.seed_edit.text().strip()
        stops = stops_of(self.stops.toPlainText().split("\n"))
        number = int(seed) if seed else None
        plain, form = self.plain.isChecked(), self.form.form
        return Prompting(own, number, stops, self._thinking, self._template, plain, form)

    def show_prompting(self, prompting: Prompting) -> None:
        """Fill the controls."""
        settings = prompting.applied(self._state.settings)
        self._thinking = prompting.thinking
        self.plain.setChecked(prompting.plain)
        self._set_template(prompting.template)
        for name, editor in self.editors.items():
            editor.show(getattr(settings, name))
        self.seed_edit.setText("" if prompting.seed is None else str(prompting.seed))
        self.stops.setPlainText("\n".join(prompting.stop))
        self.form.show_form(prompting.form)

    # ------------------------------------------------------------------ template and prompt

    def edit_template(self) -> None:
        """Let the chat template be written."""
        own = replace(self.prompting(), plain=False)  # which has no template to be checked
        dialog = TemplateDialog(self._theme, self._counting, own, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(lambda: self._set_template(dialog.template()))
        dialog.open()

    def show_preview(self) -> None:
        """Show the prompt with what is chosen here."""
        dialog = PromptPreview(self._theme, self._counting, self.prompting(), self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _set_template(self, template: str) -> None:
        self._template = template
        self._show_plain()

    def _only_text(self) -> bool:
        """Whether the model has no chat template, and none was written here."""
        return continues(Prompting(template=self._template), self._state.ready)

    def _on_plain(self) -> None:
        self._show_plain()

    def _show_plain(self) -> None:
        """What has no place in a text that is continued cannot be edited, and it is said why."""
        only = self._only_text()
        plain = only or self.plain.isChecked()
        self.plain.setVisible(not only)
        prompt = self.editors["system_prompt"].widget
        prompt.setEnabled(not plain)
        if isinstance(prompt, QPlainTextEdit):
            prompt.setPlaceholderText(self.tr("not sent") if plain else self._prompt_hint)
        note = self.tr("What is as in the settings follows them.")
        why = self.tr("The system prompt is not sent: the text is continued as it stands.")
        self.note.setText(f"{why} {note}" if plain else note)
        self.template.setEnabled(self._state.ready is not None and (only or not self.plain.isChecked()))
        if only:
            text = self.tr("none: the text is continued")
        elif plain:
            text = self.tr("not used")
        else:
            own = self.tr("another one, for this conversation")
            text = own if self._template else self.tr("the model's own")
        self.template_note.setText(text)
