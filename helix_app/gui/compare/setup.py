"""The setup of a comparison: prompt, arms, seed, temperature and length."""

from __future__ import annotations

import random
import uuid

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from helix_app.base import messages
from helix_app.base.settings import Settings
from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.chats.asking import as_text
from helix_app.gui.compare import arms
from helix_app.gui.compare.arms import Preset
from helix_app.gui.compare.badge import Letter
from helix_app.gui.glossary import terms
from helix_app.gui.kit.controls.buttons import Choice, Picker, ThemedButton
from helix_app.gui.kit.controls.seeds import SeedValidator
from helix_app.gui.look.theme import CONTROL, Theme
from helix_app.gui.state import State
from helix_app.protocol.requests import (
    ArmChoice,
    CatalogItem,
    ChatMessage,
    CompareRequest,
    GenerateRequest,
    LoadChoice,
    SamplingParams,
)
from helix_app.runs.comparison import two_models

FIELD, WIDE = 80, 112  # width of a number, and of a seed
MAX_TOKENS = 256  # a comparison is waited for


class PromptBox(Composer):
    """The composer of the chat with Run in place of Send; what was typed stays.

    It takes no files, and has no prompt and sampling of a conversation.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.clip.hide()
        self.options.hide()

    def set_generating(self, generating: bool) -> None:
        """Show Stop while a comparison runs, Run otherwise."""
        super().set_generating(generating)
        text = self.tr("Stop") if generating else self.tr("Run")
        self.button.setText(text)
        self.button.setAccessibleName(text)
        run = self.tr("Run both ({keys})").format(keys=self.editor.sends_with)
        self.button.setToolTip(self.tr("Stop (Esc)") if generating else run)
        self.button.set_symbol("stop" if generating else "play")


class ArmRow(QWidget):
    """The pickers of one arm.

    Signals:
        changed: a person picked something.
    """

    changed = Signal()

    def __init__(self, theme: Theme, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        letter = arms.LETTERS[index]
        self.target = Picker(
            theme, self.tr("Model"), self.tr("Model of {arm}").format(arm=letter), least=112, term="target"
        )
        self.mode = Picker(theme, "", self.tr("Decoding of {arm}").format(arm=letter), least=112, term="speculative")
        self.draft = Picker(
            theme, self.tr("Draft"), self.tr("Draft of {arm}").format(arm=letter), least=112, term="draft"
        )
        self.k = Picker(theme, "", self.tr("Tokens drafted a round by {arm}").format(arm=letter), least=80, term="k")
        self.verify = Picker(theme, "", self.tr("Verification of {arm}").format(arm=letter), least=96, term="verify")
        self.dtype = Picker(
            theme, self.tr("Format"), self.tr("Number format of {arm}").format(arm=letter), least=96, term="dtype"
        )
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Letter(theme, index))
        for picker in self.pickers():
            row.addWidget(picker)
            picker.picked.connect(lambda value, picker=picker: self._on_picked(picker, value))
        row.addStretch()
        self.mode.set_choices(arms.mode_choices())
        self.k.set_choices(arms.k_choices())
        self.verify.set_choices(arms.verify_choices())
        self.set_arm(ArmChoice())

    def pickers(self) -> tuple[Picker, ...]:
        """Its controls from left to right."""
        return self.target, self.mode, self.draft, self.k, self.verify, self.dtype

    def set_context(self, settings: Settings, items: tuple[CatalogItem, ...]) -> None:
        """What there is to choose from."""
        self.target.set_choices(arms.target_choices(settings, items))
        self.draft.set_choices(arms.draft_choices(settings, items))
        self.dtype.set_choices(arms.dtype_choices(settings))

    def set_arm(self, arm: ArmChoice) -> None:
        """Show an arm."""
        chosen = (arm.target, arm.mode, arm.draft, arm.k, arm.verify, arm.dtype)
        for picker, value in zip(self.pickers(), chosen):
            picker.set_value(value)
        self.draft.setEnabled(arm.mode == "speculative")
        self.k.setEnabled(arm.mode == "speculative")

    def arm(self) -> ArmChoice:
        """The arm as picked."""
        return arms.arm_of(*(picker.value for picker in self.pickers()))

    def _on_picked(self, picker: Picker, value: str) -> None:
        picker.set_value(value)
        self.set_arm(self.arm())
        self.changed.emit()


class Setup(QWidget):
    """Everything a comparison is asked for with.

    Attributes:
        prompt: the prompt and the Run button.
        preset: which arms.
        rows: the arms of their own, shown for the preset ``custom``.
        before: what is said of the chat whose reply is raced, and ``drop`` to begin without it.
        note: what a run does besides writing.
        unsent: that a system prompt is not sent to a model that takes none.
        seed, temperature, max_tokens: the fields.

    Signals:
        run_requested: run what is set up.
        stop_requested: stop what runs.
        arms_changed: the arms are others now.
    """

    run_requested = Signal()
    stop_requested = Signal()
    arms_changed = Signal()

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._raced: GenerateRequest | None = None  # whose conversation and sampling are taken
        self.prompt = PromptBox(theme)
        self.prompt.send_requested.connect(self.run_requested)
        self.prompt.stop_requested.connect(self.stop_requested)
        self.preset = Picker(theme, self.tr("Compare"), self.tr("What is compared"), least=200)
        self.preset.picked.connect(self.on_preset_picked)
        self.seed = QLineEdit("1")
        self.seed.setValidator(SeedValidator(self.seed))
        self.seed.setPlaceholderText(self.tr("random"))
        self.temperature = QDoubleSpinBox()
        self.temperature.setRange(0.0, 5.0)
        self.temperature.setDecimals(2)
        self.temperature.setSingleStep(0.1)
        self.max_tokens = QSpinBox()
        self.max_tokens.setRange(1, 1_000_000)
        self.max_tokens.setSingleStep(64)
        options = QHBoxLayout()
        options.setSpacing(8)
        options.addWidget(self.preset)
        options.addStretch()
        for term, field in (
            ("seed", self.seed),
            ("temperature", self.temperature),
            ("max_tokens", self.max_tokens),
        ):
            label = QLabel(terms.name(term))
            label.setProperty("tone", "muted")
            label.setBuddy(field)
            field.setFixedWidth(WIDE if field is self.seed else FIELD)
            field.setAccessibleName(terms.name(term))
            for widget in (label, field):
                terms.give(widget, term)
            field.setFixedHeight(CONTROL)
            field.setFont(theme.fonts.mono)
            if isinstance(field, QAbstractSpinBox):
                field.lineEdit().setTextMargins(8, 0, 8, 0)
            options.addWidget(label)
            options.addWidget(field)
            options.addSpacing(4)
        self.before, self.note, self.unsent = self._line(theme), self._line(theme), self._line(theme)
        self.unsent.setText(self.tr("The system prompt is not sent to a model without a chat template."))
        self.drop = ThemedButton(theme, self.tr("Begin anew"), kind="link")
        self.drop.clicked.connect(lambda: self._take(None))
        said = QHBoxLayout()
        said.setSpacing(8)
        said.addWidget(self.before)
        said.addWidget(self.drop)
        said.addWidget(self.note, 1)
        said.addStretch()
        self.rows = (ArmRow(theme, 0), ArmRow(theme, 1))
        for upper, lower in zip(*(row.pickers() for row in self.rows)):
            upper.align(lower)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.prompt)
        column.addLayout(options)
        for row in self.rows:
            row.hide()
            row.changed.connect(self.arms_changed)
            column.addWidget(row)
        column.addLayout(said)
        column.addWidget(self.unsent)
        self.preset.set_value("modes")
        self._take(None)
        self.say("")
        self.temperature.setValue(state.settings.temperature)
        self.max_tokens.setValue(min(state.settings.max_tokens, MAX_TOKENS))
        self.arms_changed.connect(self.on_way_changed)
        state.model_changed.connect(self.on_way_changed)
        state.settings_changed.connect(self.on_choices_changed)
        state.catalog_changed.connect(self.on_choices_changed)
        self.on_choices_changed()

    def _line(self, theme: Theme) -> QLabel:
        label = QLabel()
        label.setProperty("tone", "muted")
        label.setFont(theme.fonts.small)
        return label

    # ------------------------------------------------------------------ what is known

    def set_running(self, running: bool) -> None:
        """Let nothing be changed while a comparison runs."""
        self.prompt.set_generating(running)
        for control in (self.preset, self.seed, self.temperature, self.max_tokens, self.drop, *self.rows):
            control.setEnabled(not running)

    # ------------------------------------------------------------------ what is chosen

    def arms(self) -> tuple[ArmChoice, ArmChoice]:
        """The two arms."""
        if self.preset.value == arms.CUSTOM:
            return self.rows[0].arm(), self.rows[1].arm()
        return next(
            p.arms for p in arms.presets(self._state.settings, self._state.items) if p.name == self.preset.value
        )

    def _presets(self) -> tuple[Preset, ...]:
        return arms.presets(self._state.settings, self._state.items)

    def describe(self, index: int, choice: ArmChoice | None = None) -> str:
        """An arm in a few words; of those chosen now without ``choice``."""
        chosen = self.arms()
        named = two_models(chosen, self._state.settings.target)
        return arms.describe(choice or chosen[index], self._state.settings, self._state.items, named)

    def request(self, own: LoadChoice) -> CompareRequest:
        """The comparison as set up, over what a person has loaded."""
        s = self._state.settings if self._raced is None else self._raced.sampling
        seed = int(self.seed.text()) if self.seed.text() else random.SystemRandom().randrange(2**31)
        system = self._state.settings.system_prompt
        before: tuple[ChatMessage, ...] = (ChatMessage("system", system),) if system else ()
        if self._raced is not None:
            before = self._raced.messages[:-1]
        typed = self.prompt.text()
        return CompareRequest(
            request_id=uuid.uuid4().hex,
            own=own,
            arms=self.arms(),
            messages=(*before, ChatMessage("user", typed)),
            sampling=SamplingParams(
                temperature=self.temperature.value(),
                top_k=s.top_k,
                top_p=s.top_p,
                min_p=s.min_p,
                repetition_penalty=s.repetition_penalty,
                seed=seed,
            ),
            max_tokens=self.max_tokens.value(),
            plain=self._plain(),
            raw=self._raced is not None and self._raced.raw,
            template="" if self._raced is None else self._raced.template,
            thinking=None if self._raced is None else self._raced.thinking,
            on_full="stop" if self._raced is None else self._raced.on_full,
            grammar=None if self._raced is None else self._raced.grammar,
            text=as_text(before, self._state.ready, typed),
        )

    def is_empty(self) -> bool:
        """Whether there is nothing to run; after a text that is continued white space is something."""
        before = self._raced.messages[:-1] if self._raced is not None and self._raced.raw else ()
        return not any(text.strip() for text in (self.prompt.text(), *(message.content for message in before)))

    def _plain(self) -> bool:
        ready = self._state.ready
        return ready is not None and not ready.chat_template

    def on_way_changed(self) -> None:
        """Another model or other arms: whether the text is continued as it stands, and what is not sent."""
        own, raced = self._state.settings.target, self._raced
        has_template = raced is not None and bool(raced.template)
        self.prompt.set_plain((raced is not None and raced.raw) or (self._plain() and not has_template))
        self.prompt.editor.setAccessibleName(self.tr("Prompt for both configurations"))
        system = bool(self._state.settings.system_prompt)
        if raced is not None:
            system = raced.messages[0].role == "system"
        unknown = any(arm.target not in ("", own) for arm in self.arms())  # it is known when it is loaded
        self.unsent.setVisible(system and not has_template and (self._plain() or unknown))

    def take(self, request: GenerateRequest) -> None:
        """Set up a race of this reply, as it was asked for, against plain decoding."""
        self.prompt.clear()
        self.prompt.editor.setPlainText(request.messages[-1].content)
        self.seed.setText("" if request.sampling.seed is None else str(request.sampling.seed))
        self.temperature.setValue(request.sampling.temperature)
        self.max_tokens.setValue(request.max_tokens)
        self._take(request)
        chosen = (ArmChoice(request.mode, k=request.k), ArmChoice("autoregressive"))
        self.preset.set_value(arms.CUSTOM)
        if chosen == self._presets()[0].arms:
            self.on_preset_picked("modes")
            return
        self.on_preset_picked(arms.CUSTOM)
        for row, arm in zip(self.rows, chosen):
            row.set_arm(arm)
        self.arms_changed.emit()

    def _take(self, request: GenerateRequest | None) -> None:
        """Go on with the conversation of this request; None begins anew."""
        self._raced = request
        count = 0 if request is None else sum(message.role != "system" for message in request.messages[:-1])
        after = messages.fill(self.tr("After {n:message|messages} of the chat"), n=count)
        self.before.setText(after if count else self.tr("As the chat asked it"))
        drop = self.tr("Begin without them") if count else self.tr("Begin anew")
        self.drop.setText(drop)
        self.drop.setAccessibleName(drop)
        self.before.setVisible(request is not None)
        self.drop.setVisible(request is not None)
        self.on_way_changed()

    def say(self, note: str) -> None:
        """What a run of these arms does besides writing."""
        self.note.setText(note)
        self.note.setVisible(bool(note))

    def on_preset_picked(self, name: str) -> None:
        """Another preset; custom arms begin as those that were shown."""
        if name == arms.CUSTOM:
            for row, arm in zip(self.rows, self.arms()):
                row.set_arm(arm)
        self.preset.set_value(name)
        for row in self.rows:
            row.setVisible(name == arms.CUSTOM)
        self.arms_changed.emit()

    def on_choices_changed(self) -> None:
        """There are other models, or the settings that the rest is taken from are others."""
        choices = [
            Choice(p.name, p.label, p.missing, enabled=not p.missing)
            for p in arms.presets(self._state.settings, self._state.items)
        ]
        self.preset.set_choices([*choices, Choice(arms.CUSTOM, self.tr("Custom…"))])
        for row in self.rows:
            row.set_context(self._state.settings, self._state.items)
        self.arms_changed.emit()
