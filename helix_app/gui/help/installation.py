"""Changing the accelerator and repairing, where the launcher started this window: it does both, the window ends."""

from __future__ import annotations

import json
import os

from PySide6.QtCore import QProcess, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from helix_app.base.process.program import LAUNCHER
from helix_app.gui.kit.controls.buttons import Choice, Picker, ThemedButton
from helix_app.gui.kit.dialog import Dialog
from helix_app.gui.look.theme import Theme

VARIANTS = "HELIX_VARIANTS"  # set by packaging/launcher: the accelerators that there are for this system, with commas


def launcher_command() -> list[str] | None:
    """The command of the launcher that started this window; None where nobody did."""
    try:
        said = json.loads(os.environ.get(LAUNCHER, ""))
    except ValueError:
        return None
    return said if isinstance(said, list) and said and all(isinstance(part, str) for part in said) else None


class InstallationDialog(Dialog):
    """Asks what the launcher is to do.

    Signals:
        restarting: the launcher is at work and will open a new window; this one is to close.
    """

    restarting = Signal()

    def __init__(self, theme: Theme, command: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._command = command
        self.setWindowTitle(self.tr("Installation"))
        heading = QLabel(self.tr("Accelerator"))
        heading.setFont(theme.fonts.strong)
        what = QLabel(
            self.tr(
                "Each accelerator has a PyTorch of its own, up to some gigabytes. Another one is fetched and tried; "
                "the present one stays until it has passed. Helix closes and opens again."
            )
        )
        what.setWordWrap(True)
        self.picker = Picker(theme, "", self.tr("Accelerator"))
        self.picker.set_choices(self._choices())
        self.picker.set_value("auto")
        self.picker.picked.connect(self.picker.set_value)
        self.change = ThemedButton(theme, self.tr("Change"))
        self.change.clicked.connect(lambda: self._ask("--variant", self.picker.value))
        row = QHBoxLayout()
        row.addWidget(self.picker, 1)
        row.addWidget(self.change)
        second = QLabel(self.tr("Repair"))
        second.setFont(theme.fonts.strong)
        how = QLabel(self.tr("Compares every file with its checksum, fetches what is damaged and tests everything."))
        how.setWordWrap(True)
        self.repair = ThemedButton(theme, self.tr("Repair"))
        self.repair.clicked.connect(lambda: self._ask("--repair"))
        self.problem = QLabel()
        self.problem.setProperty("tone", "danger")
        self.problem.setWordWrap(True)
        self.problem.hide()
        close = ThemedButton(theme, self.tr("Close"), kind="primary")
        close.setDefault(True)
        close.clicked.connect(self.reject)
        ends = QHBoxLayout()
        ends.addWidget(self.repair)
        ends.addStretch()
        ends.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(12)
        column.addWidget(heading)
        column.addWidget(what)
        column.addLayout(row)
        column.addSpacing(8)
        column.addWidget(second)
        column.addWidget(how)
        column.addWidget(self.problem)
        column.addLayout(ends)
        self.setFixedWidth(480)

    def _choices(self) -> tuple[Choice, ...]:
        """The accelerators that the launcher offers here."""
        offered = os.environ.get(VARIANTS, "rocm,cuda,directml,cpu").split(",")
        every = (
            Choice("rocm", self.tr("ROCm: AMD cards")),
            Choice("cuda", self.tr("CUDA: NVIDIA cards")),
            Choice("directml", self.tr("DirectML: any card on Windows")),
            Choice("cpu", self.tr("Processor")),
        )
        best = Choice("auto", self.tr("Automatic: the best for this computer"))
        return (best, *(choice for choice in every if choice.value in offered))

    def _ask(self, *arguments: str) -> None:
        program, *first = self._command
        started = QProcess.startDetached(program, [*first, *arguments])
        if started[0] if isinstance(started, tuple) else started:
            self.accept()
            self.restarting.emit()
            return
        self.problem.setText(
            self.tr("The launcher could not be started. Start Helix as at the first time, with --repair.")
        )
        self.problem.show()
