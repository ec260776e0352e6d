"""The set-up of a benchmark: models, kinds of prompts, numbers, other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from helix_app.gui.benchmark import kinds
from helix_app.gui.compare import arms
from helix_app.gui.glossary import terms
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import SEPARATOR, CheckBox, Choice, Picker, ThemedButton
from helix_app.gui.kit.model_choices import model_label
from helix_app.gui.look.theme import CONTROL, Theme
from helix_app.gui.state import State
from helix_app.protocol.bench import BenchRequest
from helix_app.protocol.bench_views import BenchEntry
from helix_app.protocol.requests import CatalogItem

FIELD = 56  # width of a number
WIDEST = 760  # of the form
SIDE = 24


class Setup(QScrollArea):
    """Everything a benchmark is asked for with. What nobody picked here follows the toolbar.

    Attributes:
        target, draft, k, dtype: the pickers.
        kinds, peers: boxes by code.
        prompts, max_tokens, repeats, temperature: the numbers.
        run: starts it.
        estimate, duration: how much it is, and how long it takes.

    Signals:
        run_requested: measure what is set up.
    """

    run_requested = Signal()

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._state = theme, state
        self.setAccessibleName(self.tr("How much faster is Helix here?"))
        self._picked: dict[str, str] = {}
        self._entries: tuple[BenchEntry, ...] = ()
        self._live: dict[tuple[str, str], float] = {}  # plain tokens/s of this session by target and format
        self._running = False
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.target = Picker(
            theme, self.tr("Target"), self.tr("Target model of the benchmark"), least=160, term="target"
        )
        self.draft = Picker(theme, self.tr("Draft"), self.tr("Draft of the benchmark"), least=128, term="draft")
        self.k = Picker(theme, "", self.tr("Tokens drafted a round in the benchmark"), least=88, term="k")
        self.dtype = Picker(theme, self.tr("Format"), self.tr("Number format of the benchmark"), least=96, term="dtype")
        self.kinds = {code: CheckBox(theme, name) for code, name, _ in kinds.kinds()}
        self.peers = {code: CheckBox(theme, name) for code, name, _ in kinds.peers()}
        self.prompts, self.repeats, self.max_tokens = QSpinBox(), QSpinBox(), QSpinBox()
        self.temperature = QDoubleSpinBox()
        self._set_up(self.prompts, 1, kinds.MOST_PROMPTS, 2, self.tr("Prompts of each kind"))
        self._set_up(self.repeats, 1, 1000, 3, self.tr("Repeats of every prompt"))
        self._set_up(self.max_tokens, 2, 100_000, 64, self.tr("Longest reply in tokens"))
        self._set_up(self.temperature, 0, 5, 0, terms.name("temperature"))
        self.max_tokens.setSingleStep(16)
        self.temperature.setSingleStep(0.1)
        self.run = ThemedButton(theme, self.tr("Run"), symbol="play", kind="primary", name=self.tr("Run the benchmark"))
        self.estimate = QLabel()
        self.estimate.setProperty("tone", "muted")
        self.estimate.setWordWrap(True)
        self.duration = QLabel()
        self.duration.setWordWrap(True)
        self._lay_out()
        for code in kinds.DEFAULT_KINDS:
            self.kinds[code].setChecked(True)
        for name, picker in self._pickers().items():
            picker.picked.connect(lambda value, name=name: self._on_picked(name, value))
        for box in (*self.kinds.values(), *self.peers.values()):
            box.toggled.connect(self._refresh)
        for field in (self.prompts, self.max_tokens, self.repeats, self.temperature):
            field.valueChanged.connect(self._refresh)
        self.run.clicked.connect(self.run_requested)
        state.settings_changed.connect(self._fill)
        state.catalog_changed.connect(self._fill)
        self._fill()

    def _lay_out(self) -> None:
        title = QLabel(self.tr("How much faster is Helix here?"))
        title.setFont(self._theme.fonts.title)
        lead = QLabel(
            self.tr(
                "Every prompt is answered by plain decoding and by Helix, turn about, and again in each repeat; the "
                "figures come with 95 % intervals. The chat waits meanwhile. For steady figures, close other programs."
            )
        )
        lead.setProperty("tone", "muted")
        lead.setWordWrap(True)
        models = QHBoxLayout()
        models.setSpacing(8)
        for picker in self._pickers().values():
            models.addWidget(picker)
        models.addStretch()
        form = QWidget()
        form.setMaximumWidth(WIDEST)
        column = QVBoxLayout(form)
        column.setContentsMargins(SIDE, 16, SIDE, 16)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(lead)
        column.addSpacing(8)
        column.addWidget(self._heading(self.tr("Models")))
        column.addLayout(models)
        column.addSpacing(8)
        column.addWidget(self._heading(self.tr("Kinds of prompts")))
        column.addLayout(self._boxes(self.kinds, kinds.kinds()))
        column.addSpacing(8)
        column.addWidget(self._heading(self.tr("How many, how long")))
        column.addLayout(self._numbers())
        column.addSpacing(8)
        column.addWidget(self._heading(self.tr("Other programs on the same weights (each as long, or longer)")))
        column.addLayout(self._boxes(self.peers, kinds.peers()))
        column.addSpacing(8)
        last = QHBoxLayout()
        last.setSpacing(16)
        last.addWidget(self.run, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.duration)
        words.addWidget(self.estimate)
        last.addLayout(words, 1)
        column.addLayout(last)
        column.addStretch()
        surface = QWidget()
        surface.setObjectName("plainSurface")
        row = QHBoxLayout(surface)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(form, 1)
        row.addStretch(0)
        self.setWidget(surface)

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setFont(self._theme.fonts.strong)
        return label

    def _boxes(self, boxes: dict[str, CheckBox], described: tuple[tuple[str, str, str], ...]) -> QGridLayout:
        """Two columns of boxes, each with what it is."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(0)
        for number, (code, _, what) in enumerate(described):
            note = QLabel(what)
            note.setProperty("tone", "muted")
            note.setFont(self._theme.fonts.small)
            note.setWordWrap(True)
            boxes[code].setAccessibleDescription(what)
            row, side = divmod(number, 2)
            grid.addWidget(boxes[code], row, 3 * side)
            grid.addWidget(note, row, 3 * side + 1)
        grid.setColumnMinimumWidth(2, 12)
        for column in (1, 4):
            grid.setColumnStretch(column, 1)
        return grid

    def _numbers(self) -> QGridLayout:
        """Fields in a row, each under its name."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        fields = (
            (self.tr("Prompts a kind"), self.prompts, "interval"),
            (self.tr("Repeats"), self.repeats, "interval"),
            (terms.name("max_tokens"), self.max_tokens, "max_tokens"),
            (terms.name("temperature"), self.temperature, "temperature"),
        )
        for column, (text, field, term) in enumerate(fields):
            label = QLabel(text)
            for widget in (label, field):
                terms.give(widget, term, field.accessibleName())
            label.setProperty("tone", "muted")
            label.setBuddy(field)
            grid.addWidget(label, 0, column)
            grid.addWidget(field, 1, column)
        grid.setColumnStretch(len(fields), 1)
        return grid

    def _set_up(self, field: QSpinBox | QDoubleSpinBox, low: int, high: int, value: int, name: str) -> None:
        field.setRange(low, high)
        field.setValue(value)
        field.setFixedSize(FIELD, CONTROL)
        field.setFont(self._theme.fonts.mono)
        field.lineEdit().setTextMargins(8, 0, 8, 0)
        field.setAccessibleName(name)

    def _pickers(self) -> dict[str, Picker]:
        return {"target": self.target, "draft": self.draft, "k": self.k, "dtype": self.dtype}

    # ------------------------------------------------------------------ what is known

    def set_entries(self, entries: tuple[BenchEntry, ...]) -> None:
        """The benchmarks there are: they tell how fast a model is here."""
        self._entries = entries
        self._refresh()

    def note_speed(self, plain: float | None) -> None:
        """How fast the model that is chosen in the toolbar decodes plainly, in tokens/s, as measured now."""
        if plain:
            s = self._state.settings
            self.note_speeds({(s.target, s.dtype): plain})

    def note_speeds(self, plain: Mapping[tuple[str, str], float]) -> None:
        """How fast models decode plainly, in tokens/s, by name and number format."""
        self._live.update(plain)
        self._refresh()

    def set_running(self, running: bool) -> None:
        """Let nothing be changed while a benchmark runs."""
        self._running = running
        for control in (
            *self._pickers().values(),
            *self.kinds.values(),
            *self.peers.values(),
            self.prompts,
            self.max_tokens,
            self.repeats,
            self.temperature,
        ):
            control.setEnabled(not running)
        self._refresh()

    def request(self) -> BenchRequest:
        """The benchmark as it is set up."""
        target = self.target.value
        return BenchRequest(
            target=target,
            draft=self.draft.value,
            k=self.k.value,
            device=self._state.settings.device_for(target),
            dtype=self.dtype.value,
            kinds=tuple(code for code, box in self.kinds.items() if box.isChecked()),
            prompts_per_kind=self.prompts.value(),
            max_tokens=self.max_tokens.value(),
            repeats=self.repeats.value(),
            temperature=round(self.temperature.value(), 2),
            peers=tuple(code for code, box in self.peers.items() if box.isChecked()),
            context=self._state.settings.context_length or None,
        )

    # ------------------------------------------------------------------ details

    def _on_picked(self, name: str, value: str) -> None:
        self._picked[name] = value
        self._fill()

    def _fill(self) -> None:
        s = self._state.settings
        here = [item for item in self._state.items if item.path and not item.head]
        self.target.set_choices([Choice(item.id, item.name, figures.size(item.size_bytes)) for item in here])
        target = self._picked.get("target", s.target)
        if all(item.id != target for item in here):
            target = here[0].id if here else ""
        none = self.tr("none here yet")
        self.target.set_value(target, model_label(target, self._state.items) if target else none)
        drafts = [Choice(draft, arms.draft_name(draft, self._state.items)) for draft in arms.DRAFTS if draft != "none"]
        others = [item for item in self._state.items if item.path and item.id != target]
        if others:
            drafts.append(SEPARATOR)
            drafts += [Choice(item.id, item.name, figures.size(item.size_bytes)) for item in others]
        draft = self._picked.get("draft") or self._own_draft(target, others)
        known = draft in [choice.value for choice in drafts if not choice.separator]
        draft = draft if known else "auto"
        self.draft.set_choices(drafts)
        self.draft.set_value(draft, self.tr("auto") if draft == "auto" else "")
        self.k.set_choices(arms.k_choices())
        self.k.set_value(self._picked.get("k", s.k))
        dtypes = [Choice("auto", self.tr("Auto"), short=self.tr("auto"))]
        self.dtype.set_choices(dtypes + [Choice(code, code) for code in figures.DTYPES])
        self.dtype.set_value(self._picked.get("dtype", s.dtype))
        self._refresh()

    def _own_draft(self, target: str, others: Sequence[CatalogItem]) -> str:
        """The draft of the settings, where this target can have it: heads and layers are made for one target."""
        s, ready = self._state.settings, self._state.ready
        loaded = target == s.target
        if s.draft == "mtp" and not (loaded and ready is not None and ready.next_token):
            return "auto"
        headed = any(item.head and s.draft in (item.id, item.path) for item in others)
        return "auto" if headed and not loaded else s.draft

    def _refresh(self) -> None:
        request = self.request()
        if not request.target:
            self.estimate.setText(self.tr("No model is on this computer yet. Choose one in the toolbar first."))
        else:
            rate = self._live.get((request.target, request.dtype))
            rate = rate or kinds.known_rate(self._entries, request.target, request.dtype)
            self.estimate.setText(kinds.estimate(request))
            self.duration.setText(kinds.duration(request, rate))
        self.duration.setVisible(bool(request.target and request.kinds))
        self.run.setEnabled(bool(request.target and request.kinds) and not self._running)
