"""On the card of the first start: what this computer is, and the model that suits it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.base.language import number, say
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.suggestion import Suggestion
from helix_app.protocol.inquiries import MachineMeasured
from helix_app.protocol.requests import DeviceItem


def tr(text: str) -> str:
    """Translate in the context of the offer."""
    return QCoreApplication.translate("offer", text)


class MachineOffer(QWidget):
    """Facts of this computer, then a model with its size, its draft, and the speed that is to be expected.

    Signals:
        chosen: fetch and open this model, with this draft (ids; the draft's is empty for none).
    """

    chosen = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: Suggestion | None = None
        line = QFrame()
        line.setObjectName("divider")
        line.setFixedHeight(1)
        self.machine = QLabel(self.tr("Looking at this computer…"))
        self.machine.setProperty("tone", "muted")
        self.model = QLabel()
        self.model.setFont(theme.fonts.strong)
        self.facts = QLabel()
        self.facts.setProperty("tone", "muted")
        self.summary = QLabel()
        self.speed = QLabel()
        self.speed.setProperty("tone", "muted")
        self.speed.setFont(theme.fonts.small)
        for label in (self.machine, self.model, self.facts, self.summary, self.speed):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.start = ThemedButton(theme, self.tr("Download and start"), symbol="download")
        self.start.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.start.setAutoDefault(True)
        self.start.clicked.connect(self.on_start_clicked)
        button = QHBoxLayout()
        button.addWidget(self.start)
        button.addStretch()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 20, 0, 0)
        column.setSpacing(0)
        column.addWidget(line)
        column.addSpacing(16)
        column.addWidget(self.machine)
        self._suited = QWidget()
        rows = QVBoxLayout(self._suited)
        rows.setContentsMargins(0, 12, 0, 4)
        rows.setSpacing(0)
        for label, space in ((self.model, 4), (self.facts, 8), (self.summary, 8), (self.speed, 12)):
            rows.addWidget(label)
            rows.addSpacing(space)
        rows.addLayout(button)
        column.addWidget(self._suited)
        self.show_suggestion(None)

    @property
    def model_id(self) -> str:
        """Id of the model that is shown; empty for none."""
        return self._shown.item.id if self._shown is not None else ""

    def show_machine(self, machine: MachineMeasured, devices: Sequence[DeviceItem]) -> None:
        """What this computer has, and what was measured."""
        self.machine.setText(machine_text(machine, devices))

    def add_sentence(self, text: str) -> None:
        """Say one thing more of this computer."""
        self.machine.setText(f"{self.machine.text()} {text}")

    def show_suggestion(self, made: Suggestion | None) -> None:
        """The model that suits it, or none."""
        self._shown = made
        self._suited.setVisible(made is not None)
        if made is None:
            return
        item, draft = made.item, made.draft
        self.model.setText(self.tr("For this computer: {model}").format(model=item.name))
        size = figures.size(item.download_bytes or item.size_bytes)
        text = self.tr("{size} · {licence} licence").format(size=size, licence=item.licence)
        if draft is not None:
            drafting = self.tr("with {draft} as its draft, {size}")
            text += " · " + drafting.format(
                draft=draft.name, size=figures.size(draft.download_bytes or draft.size_bytes)
            )
        self.facts.setText(text)
        self.summary.setText(say(item.summary, "catalog"))
        self.speed.setText(self._speed(made))
        here = item.path and (draft is None or draft.path)
        self.start.setText(self.tr("Start") if here else self.tr("Download and start"))
        self.start.setAccessibleName(self.tr("Download and start {model}").format(model=item.name))

    def _speed(self, made: Suggestion) -> str:
        if made.speed is None:
            return ""
        low, high = (figures.rate(value) for value in made.speed)
        text = self.tr(
            "About {low} to {high} tokens per second without a draft. This is an estimate: what was measured of the "
            "memory, and a third of it, divided by the {size} that each token reads."
        )
        return text.format(low=low, high=high, size=figures.size(round(made.read_bytes) or made.item.size_bytes))

    def on_start_clicked(self) -> None:
        """Fetch what is suggested."""
        if self._shown is not None:
            draft = self._shown.draft
            self.chosen.emit(self._shown.item.id, draft.id if draft is not None and not draft.path else "")


def machine_text(machine: MachineMeasured, devices: Sequence[DeviceItem]) -> str:
    """Memory, processor, cards and the measured speed of memory, as far as they are known."""
    parts = []
    if machine.memory_bytes:
        parts.append(tr("{size} of memory").format(size=figures.memory(machine.memory_bytes)))
    parts.append(messages.fill(tr("{name}, {n:core|cores}"), name=machine.processor, n=machine.cores))
    cards = [(item.name, item.memory_bytes) for item in devices if item.kind != "cpu"] or list(machine.cards)
    parts += [f"{name}, {figures.memory(size)}" if size else name for name, size in cards if name]
    text = tr("This computer: {facts}.").format(facts=" · ".join(parts))
    if machine.fastest is None:
        return text + " " + tr("The speed of its memory could not be measured.")
    speed = number(f"{machine.fastest / 1e9:.0f} GB/s")
    if machine.device == "cpu":
        return text + " " + tr("Its memory was read at {speed}.").format(speed=speed)
    return text + " " + tr("The memory of its card was read at {speed}.").format(speed=speed)
