"""The settings of conversations, sampling, speculation and the program."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from helix_app.base.settings import DEFAULT_CONTEXT, Settings, changed
from helix_app.gui.glossary import terms
from helix_app.gui.kit.buttons import Choice, Picker, ThemedButton
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.kit.figures import count
from helix_app.gui.look.theme import CONTROL, Theme
from helix_app.gui.settings.learning import Learning

LABEL_WIDTH = 152
FIELD_WIDTH = 144


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

    def _hint(self, text: str) -> QLabel:
        words = QLabel(text)
        words.setProperty("tone", "muted")
        words.setFont(self._theme.fonts.small)
        words.setWordWrap(True)
        return words

    def close_rows(self) -> None:
        """Push the rows to the top."""
        self._grid.setRowStretch(self._row, 1)


class SettingsDialog(Dialog):
    """Edits a copy of the settings; ``settings()`` and ``seed()`` say what was chosen.

    Attributes:
        sections: the list on the left.
        learning: whether replies are learnt from, and the button to forget.

    Signals:
        forget_requested: wipe what was learnt, whether the settings are saved or not.
    """

    forget_requested = Signal()

    def __init__(self, theme: Theme, settings: Settings, seed: int | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._settings = settings
        self.setWindowTitle(self.tr("Settings"))
        self.sections = QListWidget()
        self.sections.setObjectName("sections")
        self.sections.setAccessibleName(self.tr("Sections"))
        self.sections.setFixedWidth(144)
        self.sections.setFrameShape(QFrame.Shape.NoFrame)
        self.sections.setSpacing(1)
        self._pages = QStackedWidget()
        for name, page in (
            (self.tr("Sampling"), self._sampling(seed)),
            (self.tr("Conversation"), self._conversation()),
            (self.tr("Engine"), self._engine()),
            (self.tr("Appearance"), self._appearance()),
        ):
            entry = QListWidgetItem(name, self.sections)
            entry.setSizeHint(QSize(0, 34))
            self._pages.addWidget(page)
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
        for button in (reset, cancel, self.save):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        reset.clicked.connect(self.on_reset_clicked)
        cancel.clicked.connect(self.reject)
        self.save.clicked.connect(self.accept)
        self.save.setDefault(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(reset)
        buttons.addStretch()
        buttons.addWidget(cancel)
        buttons.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(16)
        column.addLayout(body, 1)
        column.addLayout(buttons)
        self.resize(768, 456)

    # ------------------------------------------------------------------ what was chosen

    def settings(self) -> Settings:
        """The settings as edited."""
        k = self.k.value
        return changed(
            self._settings,
            temperature=self.temperature.value(),
            top_k=self.top_k.value(),
            top_p=self.top_p.value(),
            min_p=self.min_p.value(),
            repetition_penalty=self.penalty.value(),
            max_tokens=self.max_tokens.value(),
            system_prompt=self.system_prompt.toPlainText().strip(),
            k=f"fixed:{self.k_fixed.value()}" if k == "fixed" else k,
            context_length=self.context.value(),
            theme=self.theme_choice.value,
            engine_process=self.engine.value,
            learn=self.learning.box.isChecked(),
        )

    def seed(self) -> int | None:
        """The seed, None for a new one each reply."""
        text = self.seed_edit.text().strip()
        return int(text) if text else None

    def show_settings(self, s: Settings, seed: int | None) -> None:
        """Fill the controls."""
        self.temperature.setValue(s.temperature)
        self.top_k.setValue(s.top_k)
        self.top_p.setValue(s.top_p)
        self.min_p.setValue(s.min_p)
        self.penalty.setValue(s.repetition_penalty)
        self.max_tokens.setValue(s.max_tokens)
        self.seed_edit.setText("" if seed is None else str(seed))
        self.system_prompt.setPlainText(s.system_prompt)
        policy, _, number = s.k.partition(":")
        self.k.set_value(policy if policy in ("auto", "additive", "fixed") else "auto")
        self.k_fixed.setValue(int(number) if number.isdigit() else 4)
        self.k_fixed.setEnabled(policy == "fixed")
        self.context.setValue(s.context_length)
        self.theme_choice.set_value(s.theme)
        self.engine.set_value(s.engine_process)
        self.learning.box.setChecked(s.learn)

    def on_reset_clicked(self) -> None:
        """Defaults for everything this dialog shows."""
        self.show_settings(Settings(), None)

    def on_k_picked(self, value: str) -> None:
        """Another policy: only a fixed one has a number."""
        self.k.set_value(value)
        self.k_fixed.setEnabled(value == "fixed")

    # ------------------------------------------------------------------ pages

    def _sampling(self, seed: int | None) -> QWidget:
        s = self._settings
        self.temperature = self._real(s.temperature, 0, 5, 0.05)
        self.top_k = self._whole(s.top_k, 0, 1_000_000)
        self.top_p = self._real(s.top_p, 0, 1, 0.01)
        self.min_p = self._real(s.min_p, 0, 1, 0.01)
        self.penalty = self._real(s.repetition_penalty, 0.1, 10, 0.05)
        self.max_tokens = self._whole(s.max_tokens, 1, 1_000_000)
        self.seed_edit = QLineEdit("" if seed is None else str(seed))
        self.seed_edit.setPlaceholderText(self.tr("random"))
        self.seed_edit.setValidator(QIntValidator(0, 2_147_483_647, self.seed_edit))
        form = _Form(self._theme)
        for term, control, hint in (
            ("temperature", self.temperature, self.tr("0 always takes the most likely token")),
            ("top_k", self.top_k, self.tr("keep the k most likely tokens; 0 keeps all")),
            ("top_p", self.top_p, self.tr("keep the likeliest tokens up to this mass")),
            ("min_p", self.min_p, self.tr("drop tokens under this share of the likeliest")),
            ("repetition_penalty", self.penalty, self.tr("1 is off")),
            ("max_tokens", self.max_tokens, self.tr("tokens")),
            ("seed", self.seed_edit, self.tr("the same seed writes the same reply; empty is random")),
        ):
            form.add(terms.name(term), control, hint, term=term)
        form.close_rows()
        return form

    def _conversation(self) -> QWidget:
        self.system_prompt = QPlainTextEdit(self._settings.system_prompt)
        self.system_prompt.setTabChangesFocus(True)
        self.system_prompt.setMinimumHeight(160)
        self.system_prompt.setPlaceholderText(self.tr("You are a helpful assistant."))
        form = _Form(self._theme)
        hint = self.tr("What the model is told before the conversation; empty sends nothing.")
        form.add(terms.name("system_prompt"), self.system_prompt, hint, term="system_prompt", wide=True)
        form.close_rows()
        return form

    def _engine(self) -> QWidget:
        s = self._settings
        policy, _, number = s.k.partition(":")
        self.k = Picker(self._theme, "", self.tr("Tokens drafted a round"), least=FIELD_WIDTH, term="k")
        self.k.set_choices(
            [
                Choice("auto", self.tr("Auto"), self.tr("the fastest as measured")),
                Choice("additive", self.tr("Additive"), self.tr("up and down by acceptance")),
                Choice("fixed", self.tr("Fixed"), self.tr("always the same")),
            ]
        )
        self.k.set_value(policy if policy in ("auto", "additive", "fixed") else "auto")
        self.k.picked.connect(self.on_k_picked)
        self.k_fixed = self._whole(int(number) if number.isdigit() else 4, 0, 64)
        self.k_fixed.setEnabled(policy == "fixed")
        self.context = self._whole(s.context_length, 0, 1_048_576)
        self.context.setSpecialValueText(self.tr("automatic"))
        self.engine = Picker(
            self._theme, "", self.tr("Where the engine runs"), least=FIELD_WIDTH, term="engine_process"
        )
        self.engine.set_choices(
            [
                Choice("child", self.tr("Own process"), self.tr("the window survives a crash")),
                Choice("thread", self.tr("In the window"), self.tr("starts a little sooner")),
            ]
        )
        self.engine.set_value(s.engine_process)
        self.engine.picked.connect(lambda value: self.engine.set_value(value))
        self.learning = Learning(self._theme, s.learn)
        self.learning.forget_requested.connect(self.forget_requested)
        form = _Form(self._theme)
        form.add(terms.name("k"), self.k, self.tr("how many tokens the draft proposes in a round"), term="k")
        form.add(self.tr("Fixed k"), self.k_fixed, self.tr("tokens; 0 is plain decoding"), term="k")
        hint = self.tr("automatic takes the model's own, up to {n}; changing it loads the model again")
        form.add(self.tr("Context in tokens"), self.context, hint.format(n=count(DEFAULT_CONTEXT)), term="context")
        form.add(self.tr("Engine runs"), self.engine, self.tr("takes effect after restart"), term="engine_process")
        form.add(terms.name("learning"), self.learning, term="learning", wide=True)
        form.close_rows()
        return form

    def _appearance(self) -> QWidget:
        self.theme_choice = Picker(self._theme, "", self.tr("Theme"), least=FIELD_WIDTH)
        self.theme_choice.set_choices(
            [
                Choice("system", self.tr("System")),
                Choice("light", self.tr("Light")),
                Choice("dark", self.tr("Dark")),
            ]
        )
        self.theme_choice.set_value(self._settings.theme)
        self.theme_choice.picked.connect(lambda value: self.theme_choice.set_value(value))
        form = _Form(self._theme)
        form.add(self.tr("Theme"), self.theme_choice, self.tr("System follows light and dark of the computer"))
        form.close_rows()
        return form

    def _real(self, value: float, low: float, high: float, step: float) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(low, high)
        box.setSingleStep(step)
        box.setDecimals(2)
        box.setValue(value)
        self._plain_box(box)
        return box

    def _whole(self, value: int, low: int, high: int) -> QSpinBox:
        box = QSpinBox()
        box.setRange(low, high)
        box.setValue(value)
        box.setGroupSeparatorShown(True)
        self._plain_box(box)
        return box

    def _plain_box(self, box: QAbstractSpinBox) -> None:
        box.setFixedHeight(CONTROL)
        box.lineEdit().setTextMargins(8, 0, 8, 0)
        box.setFont(self._theme.fonts.mono)
