"""The dialog about a target and a draft: can they be a pair, what do they take, and what does it bring."""

from __future__ import annotations

import time
from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.base.message_texts import fit as words
from helix_app.gui.kit.controls.buttons import Choice, Picker, ThemedButton
from helix_app.gui.kit.controls.progress import ProgressLine
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.dialogs.fact_grid import FactGrid
from helix_app.protocol.pairs import PairExamined
from helix_app.protocol.requests import CatalogItem

PROBE_SECONDS = 45.0  # that a trial takes with loading, about; the bar waits at its end where it takes longer
_TICK_MS = 250


class PairDialog(Dialog):
    """Looks at one draft at a time; a trial is begun by a person.

    Signals:
        examine_requested: (CatalogItem of the draft, whether to try the pair).
        stop_requested: the trial is to end.
        draft_chosen: use the draft of this id.
    """

    examine_requested = Signal(object, bool)
    stop_requested = Signal()
    draft_chosen = Signal(str)

    def __init__(
        self, theme: Theme, target: str, drafts: Sequence[CatalogItem], chosen: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._drafts = {item.id: item for item in drafts}
        self._began = 0.0
        self.setWindowTitle(self.tr("Target and draft"))
        head = QLabel(self.tr("A draft for {target}").format(target=target))
        head.setFont(theme.fonts.title)
        head.setWordWrap(True)
        self.draft = Picker(theme, self.tr("Draft"), self.tr("Draft model"), least=200, term="draft")
        self.draft.set_choices([Choice(item.id, item.name) for item in drafts])
        self.draft.set_value(chosen)
        self.draft.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.draft.picked.connect(self._on_picked)
        self.verdict, self.advice, self.fits = QLabel(), QLabel(), QLabel()
        for label in (self.verdict, self.advice, self.fits):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.advice.setFont(theme.fonts.strong)
        self.facts, self.memory, self.trial = FactGrid(theme), FactGrid(theme), FactGrid(theme)
        self.line = ProgressLine(theme)
        self.probe = ThemedButton(theme, self.tr("Try this pair"))
        self.probe.setToolTip(self.tr("Loads both models beside this window and writes with them for half a minute"))
        self.probe.clicked.connect(self._on_probe_clicked)
        self.use = ThemedButton(theme, self.tr("Use this draft"), kind="primary")
        self.use.clicked.connect(self._on_use_clicked)
        close = ThemedButton(theme, self.tr("Close"))
        close.clicked.connect(self.reject)
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._on_tick)
        self._lay_out(theme, head, close)

    def _lay_out(self, theme: Theme, head: QLabel, close: ThemedButton) -> None:
        inside = QWidget()
        facts = QVBoxLayout(inside)
        facts.setContentsMargins(0, 0, 12, 0)
        facts.setSpacing(8)
        self._headings: dict[QWidget, QLabel] = {}
        for title, part in (("", self.facts), (self.tr("Memory"), self.memory), (self.tr("Trial"), self.trial)):
            if title:
                label = QLabel(title)
                label.setFont(theme.fonts.strong)
                facts.addSpacing(4)
                facts.addWidget(label)
                self._headings[part] = label
            facts.addWidget(part)
            if part is self.memory:
                facts.addWidget(self.fits)
        facts.addStretch()
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.probe)
        buttons.addStretch()
        buttons.addWidget(close)
        buttons.addWidget(self.use)
        for button in (self.probe, close, self.use):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        column.addWidget(head)
        column.addWidget(self.draft)
        column.addWidget(self.verdict)
        column.addWidget(scroll, 1)
        column.addWidget(self.advice)
        column.addWidget(self.line)
        column.addLayout(buttons)
        self.resize(600, 680)
        self.setMinimumWidth(520)

    # ------------------------------------------------------------------ asking

    @property
    def chosen(self) -> CatalogItem:
        """The draft that is looked at."""
        return self._drafts[self.draft.value]

    def look(self) -> None:
        """Ask about this draft."""
        self._show_nothing(self.tr("Reading the vocabularies…"))
        self.line.set_fraction(None)
        self.examine_requested.emit(self.chosen, False)

    def _on_picked(self, value: str) -> None:
        self.draft.set_value(value)
        self.stop_requested.emit()
        self.look()

    def _on_probe_clicked(self) -> None:
        if self._timer.isActive():
            self.stop_requested.emit()
            self._end()
            return
        self._began = time.monotonic()
        self._timer.start()
        self._on_tick()
        self.probe.setText(self.tr("Stop"))
        self.use.setEnabled(False)
        self.draft.setEnabled(False)
        self.examine_requested.emit(self.chosen, True)

    def _on_use_clicked(self) -> None:
        chosen = self.draft.value
        self.accept()
        self.draft_chosen.emit(chosen)

    def _on_tick(self) -> None:
        self.line.set_fraction(min(0.98, (time.monotonic() - self._began) / PROBE_SECONDS))

    # ------------------------------------------------------------------ what was found

    def show_found(self, found: PairExamined) -> None:
        """Show what is known now."""
        self._end()
        if found.failed is not None or found.facts is None or found.fit is None:
            failed = found.failed
            self._say(messages.error_text(failed.code, failed.fields) if failed is not None else "", "danger")
            return
        facts = found.facts
        self._say(words.verdict_text(facts.verdict))
        self.facts.show_rows(words.pair_rows(facts))
        self.memory.show_rows(words.fit_rows(found.fit))
        self.fits.setText(words.level_text(found.fit))
        self.trial.show_rows(() if found.probe is None else words.probe_rows(found.probe))
        lines = [] if found.probe is None else [words.advice(found.probe)]
        if found.better:
            names = ", ".join(self._name(path) for path in found.better)
            lines.append(self.tr("Smaller models that fit, too: {names}").format(names=names))
        self.advice.setText("\n".join(lines))
        self.use.setEnabled(True)
        self.probe.setEnabled(True)
        self._show_headings()

    def _name(self, path: str) -> str:
        return next((item.name for item in self._drafts.values() if item.path == path), path)

    def _say(self, text: str, tone: str = "") -> None:
        self.verdict.setText(text)
        self.verdict.setProperty("tone", tone)
        self.verdict.style().unpolish(self.verdict)
        self.verdict.style().polish(self.verdict)

    def _show_nothing(self, why: str) -> None:
        self._say(why, "muted")
        for grid in (self.facts, self.memory, self.trial):
            grid.show_rows(())
        self.fits.setText("")
        self.advice.setText("")
        self.use.setEnabled(False)
        self.probe.setEnabled(False)
        self._show_headings()

    def _show_headings(self) -> None:
        for part, label in self._headings.items():
            label.setVisible(not part.isHidden())
        self.fits.setVisible(bool(self.fits.text()))
        self.advice.setVisible(bool(self.advice.text()))

    def _end(self) -> None:
        self._timer.stop()
        self.line.set_fraction(0.0)
        self.probe.setText(self.tr("Try this pair"))
        self.draft.setEnabled(True)
        self.use.setEnabled(bool(self.facts.rows()) and self.verdict.property("tone") != "danger")

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
