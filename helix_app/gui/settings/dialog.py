"""The settings of conversations, sampling, speculation and the program: pages made of what the settings declare."""

from __future__ import annotations

from typing import cast

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

import helix_app
from helix_app.base.language import say
from helix_app.base.setting import Setting
from helix_app.base.settings import DEFAULT_CONTEXT, Settings, changed, declared
from helix_app.gui.glossary import terms
from helix_app.gui.kit.controls.buttons import Picker, ThemedButton
from helix_app.gui.kit.controls.seeds import SeedValidator
from helix_app.gui.kit.dialog import Dialog, answer_row
from helix_app.gui.kit.figures import count
from helix_app.gui.look.theme import Theme
from helix_app.gui.settings.editors import FIELD_WIDTH, Editor, editor_of, number_box
from helix_app.gui.settings.learning import Learning
from helix_app.gui.settings.restarting import RestartButton

LABEL_WIDTH = 152


class _Form(QWidget):
    """Rows of a label, a control and a short explanation below the control."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(12)
        self._grid.setColumnMinimumWidth(0, LABEL_WIDTH)
        self._grid.setColumnStretch(2, 1)
        self._row = 0

    def add(self, text: str, control: QWidget, hint: str = "", *, term: str = "", wide: bool = False) -> None:
        """Put a row at the end; ``term`` is what it is about in the glossary."""
        label = QLabel(text)
        if term:
            for widget in (label, control):
                terms.give(widget, term)
        label.setBuddy(control)
        control.setAccessibleName(text)
        control.setAccessibleDescription(hint)
        align = Qt.AlignmentFlag.AlignTop if wide else Qt.AlignmentFlag.AlignVCenter
        label.setMinimumHeight(32)
        self._grid.addWidget(label, self._row, 0, align)
        if wide:
            self._grid.addWidget(control, self._row, 1, 1, 2)
            if hint:
                self._row += 1
                self._grid.addWidget(self._hint(hint), self._row, 1, 1, 2)
        else:
            control.setFixedWidth(FIELD_WIDTH)
            self._grid.addWidget(control, self._row, 1)
            if hint:
                self._grid.addWidget(self._hint(hint), self._row, 2, Qt.AlignmentFlag.AlignVCenter)
        self._row += 1

    def note(self, text: str) -> None:
        """A sentence under the row before."""
        self._grid.addWidget(self._hint(text), self._row, 1, 1, 2)
        self._row += 1

    def _hint(self, text: str) -> QLabel:
        words = QLabel(text)
        words.setProperty("tone", "muted")
        words.setFont(self._theme.fonts.small)
        words.setWordWrap(True)
        return words

    def under(self, control: QWidget) -> None:
        """A control under the row before."""
        self._grid.addWidget(control, self._row, 1, 1, 2, Qt.AlignmentFlag.AlignLeft)
        self._row += 1

    def close_rows(self) -> None:
        """Push the rows to the top."""
        self._grid.setRowStretch(self._row, 1)


class SettingsDialog(Dialog):
    """Edits a copy of the settings; ``settings()`` and ``seed()`` say what was chosen.

    Attributes:
        sections: the list on the left.
        editors: the control of each setting that has one, by its name.
        k_fixed: the number of a fixed k.
        learning: whether replies are learnt from, and the button to forget.
        restarts: the button of each setting that takes effect when the window is opened again.

    Signals:
        forget_requested: wipe what was learnt, whether the settings are saved or not.
        restart_requested: what was chosen is to be saved, and the window to be opened again. Not ``accepted``: nothing
            is to be loaded by it before.
    """

    forget_requested = Signal()
    restart_requested = Signal()

    def __init__(
        self,
        theme: Theme,
        settings: Settings,
        seed: int | None,
        parent: QWidget | None = None,
        *,
        in_effect: Settings | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._settings, self._in_effect = settings, in_effect or settings
        self.setWindowTitle(self.tr("Settings"))
        self.sections = QListWidget()
        self.sections.setObjectName("sections")
        self.sections.setAccessibleName(self.tr("Sections"))
        self.sections.setFixedWidth(144)
        self.sections.setFrameShape(QFrame.Shape.NoFrame)
        self.sections.setSpacing(1)
        self.editors: dict[str, Editor] = {}
        self.restarts: dict[str, RestartButton] = {}
        self.k_fixed = number_box(theme, 0, 64)
        self.learning = Learning(theme)
        self.learning.forget_requested.connect(self.forget_requested)
        self.seed_edit = QLineEdit("" if seed is None else str(seed))
        self.seed_edit.setPlaceholderText(self.tr("random"))
        self.seed_edit.setValidator(SeedValidator(self.seed_edit))
        self._pages = QStackedWidget()
        for page, name in (
            ("sampling", self.tr("Sampling")),
            ("conversation", self.tr("Conversation")),
            ("engine", self.tr("Engine")),
            ("appearance", self.tr("Appearance")),
            ("program", self.tr("Program")),
        ):
            entry = QListWidgetItem(name, self.sections)
            entry.setSizeHint(QSize(0, 34))
            self._pages.addWidget(self._form(page))
        self.sections.currentRowChanged.connect(self._pages.setCurrentIndex)
        self.sections.setCurrentRow(0)
        line = QFrame()
        line.setObjectName("divider")
        line.setFixedWidth(1)
        body = QHBoxLayout()
        body.setSpacing(24)
        body.addWidget(self.sections)
        body.addWidget(line)
        body.addWidget(self._pages, 1)
        reset = ThemedButton(theme, self.tr("Restore defaults"), kind="ghost")
        cancel = ThemedButton(theme, self.tr("Cancel"))
        self.save = ThemedButton(theme, self.tr("Save"), kind="primary")
        buttons = answer_row(self, reset, self.on_reset_clicked, cancel, self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(16)
        column.addLayout(body, 1)
        column.addLayout(buttons)
        self.resize(768, 456)

    def settings(self) -> Settings:
        """The settings as edited."""
        return changed(self._settings, **{name: editor.value() for name, editor in self.editors.items()})

    def seed(self) -> int | None:
        """The seed, None for a new one each reply."""
        text = self.seed_edit.text().strip()
        return int(text) if text else None

    def show_settings(self, settings: Settings, seed: int | None) -> None:
        """Fill the controls."""
        for name, editor in self.editors.items():
            editor.show(getattr(settings, name))
        self.seed_edit.setText("" if seed is None else str(seed))

    def on_reset_clicked(self) -> None:
        """Defaults for everything this dialog shows."""
        self.show_settings(Settings(), None)

    # ------------------------------------------------------------------ pages

    def _form(self, page: str) -> QWidget:
        form = _Form(self._theme)
        for name, setting in declared().items():
            if setting.page != page:
                continue
            editor = self.editors[name] = self._editor(name, setting)
            editor.show(getattr(self._settings, name))
            label = say(setting.label, "settings")
            hint = say(setting.hint, "settings").format(context=count(DEFAULT_CONTEXT))
            own_hint, wide = editor.widget is self.learning, isinstance(editor.widget, (Learning, QPlainTextEdit))
            form.add(
                label or terms.name(setting.term), editor.widget, "" if own_hint else hint, term=setting.term, wide=wide
            )
            if name == "updates" and not helix_app.RELEASES:
                editor.widget.setEnabled(False)
                form.note(self.tr("This Helix knows no releases page, so it cannot look for newer versions."))
            if name in self.restarts:
                form.under(self.restarts[name])
            if name == "k":
                form.add(self.tr("Fixed k"), self.k_fixed, self.tr("tokens; 0 is plain decoding"), term=setting.term)
        if page == "sampling":
            hint = self.tr("the same seed writes the same reply; empty is random")
            form.add(terms.name("seed"), self.seed_edit, hint, term="seed")
        form.close_rows()
        return form

    def _editor(self, name: str, setting: Setting) -> Editor:
        if name == "learn":
            return Editor(self.learning, self.learning.box.isChecked, self.learning.box.setChecked)
        editor = editor_of(setting, self._theme)
        if setting.restart:
            button = self.restarts[name] = RestartButton(self._theme, getattr(self._in_effect, name))
            button.clicked.connect(self._on_restart_clicked)
            return button.watching(editor)
        return self._with_number(editor) if name == "k" else editor

    def _on_restart_clicked(self) -> None:
        self.reject()
        self.restart_requested.emit()

    def _with_number(self, policy: Editor) -> Editor:
        """The editor of k: only a fixed one has a number."""

        def value() -> str:
            return f"fixed:{self.k_fixed.value()}" if policy.value() == "fixed" else policy.value()

        def show(k: str) -> None:
            name, _, number = k.partition(":")
            policy.show(name)
            self.k_fixed.setValue(int(number or 4))
            self.k_fixed.setEnabled(name == "fixed")

        cast(Picker, policy.widget).picked.connect(lambda name: self.k_fixed.setEnabled(name == "fixed"))
        return Editor(policy.widget, value, show)
