"""A load that would take too much memory is stopped before it begins: what it takes, and what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from helix_app.base.message_texts import fit as words
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.progress import ThinBar
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.dialogs.fact_grid import FactGrid
from helix_app.protocol.models.fit import Fit


class FitDialog(Dialog):
    """What takes how much, ways to fit at one click, and loading it anyway.

    Signals:
        way_chosen: load with this Way.
        anyway_chosen: load as it is.
    """

    way_chosen = Signal(object)
    anyway_chosen = Signal()

    def __init__(self, theme: Theme, fit: Fit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Memory"))
        title = (
            self.tr("{model} does not fit into memory")
            if fit.level == "short"
            else self.tr("{model} leaves little memory")
        )
        head = QLabel(title.format(model=fit.target_name))
        head.setFont(theme.fonts.title)
        head.setWordWrap(True)
        verdict = QLabel(words.level_text(fit))
        verdict.setWordWrap(True)
        if fit.level == "short":
            verdict.setProperty("tone", "danger")
        bar = ThinBar(theme, warns=True)
        bar.set_fraction(fit.need.total / fit.free if fit.free else 1.0)
        bar.setAccessibleName(self.tr("Memory that the load takes, of what is free"))
        self.facts = FactGrid(theme)
        self.facts.show_rows(words.fit_rows(fit))
        self.ways: list[ThemedButton] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(12)
        for widget in (head, verdict, bar, self.facts):
            column.addWidget(widget)
        if fit.ways:
            lead = QLabel(self.tr("This would fit:"))
            lead.setFont(theme.fonts.strong)
            column.addWidget(lead)
        for way in fit.ways:
            button = ThemedButton(theme, words.way_text(way))
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.clicked.connect(lambda _=False, way=way: self._choose(way))
            self.ways.append(button)
            column.addWidget(button)
        column.addSpacing(4)
        self.anyway = ThemedButton(theme, self.tr("Load anyway"))
        self.anyway.setToolTip(self.tr("The computer may become slow, or the load may fail for want of memory"))
        self.anyway.clicked.connect(self._on_anyway)
        self.leave = ThemedButton(theme, self.tr("Do not load"), kind="primary")
        self.leave.setDefault(True)
        self.leave.clicked.connect(self.reject)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.anyway)
        row.addStretch()
        row.addWidget(self.leave)
        for button in (self.anyway, self.leave):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column.addLayout(row)
        self.setMinimumWidth(480)
        self.leave.setFocus()

    def _choose(self, way: object) -> None:
        self.accept()
        self.way_chosen.emit(way)

    def _on_anyway(self) -> None:
        self.accept()
        self.anyway_chosen.emit()
