"""How far a benchmark is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QWidget

from helix_app.base import messages
from helix_app.gui.benchmark.kinds import arm_name, kind_name
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.progress import ProgressLine, lay_out
from helix_app.gui.look.theme import Theme
from helix_app.protocol.bench import BenchProgressed


class ProgressStrip(QWidget):
    """What is measured, how far, how fast and how long still, with Stop.

    Signals:
        stop_requested: stop; what was measured is kept.
    """

    stop_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Progress of the benchmark"))
        self.what = QLabel()
        self.what.setFont(theme.fonts.strong)
        self.figures = QLabel()
        self.figures.setProperty("tone", "muted")
        self.stop = ThemedButton(theme, self.tr("Stop"), symbol="stop")
        self.stop.setToolTip(self.tr("Stop; what was measured is kept"))
        self.stop.clicked.connect(self.on_stop)
        self.line = ProgressLine(theme)
        self.line.setAccessibleName(self.tr("Progress"))
        lay_out(self, self.what, self.figures, self.stop, self.line)
        self.hide()

    def begin(self) -> None:
        """A benchmark begins."""
        self.stop.setEnabled(True)
        self.on_progressed(BenchProgressed("load", "start_engine"))
        self.show()

    def on_stop(self) -> None:
        """Stop was pressed: the figures are still computed."""
        self.stop.setEnabled(False)
        self.what.setText(self.tr("Stopping…"))
        self.figures.setText(self.tr("what was measured is kept"))
        self.line.set_fraction(None)
        self.stop_requested.emit()

    def on_progressed(self, event: BenchProgressed) -> None:
        """A step."""
        if not self.stop.isEnabled():
            return  # Stop was pressed
        self.what.setText(self._what(event))
        parts = []
        if event.total:
            parts = [
                messages.fill(
                    self.tr("{done} of {total:reply|replies}"),
                    done=figures.count(event.done),
                    total=figures.count(event.total),
                ),
                figures.percent(event.done / event.total),
            ]
        if event.decode_tokens_per_second is not None:
            parts.append(figures.tr("{n} tok/s").format(n=figures.rate(event.decode_tokens_per_second)))
        if event.seconds_left:
            parts.append(figures.remaining(event.seconds_left))
        self.figures.setText(" · ".join(parts))
        self.line.set_fraction(event.done / event.total if event.total else None)

    def _what(self, event: BenchProgressed) -> str:
        if event.stage == "measure":
            return self.tr("Measuring: {kind}, {arm}").format(kind=kind_name(event.kind), arm=arm_name(event.arm))
        code = event.detail if event.stage == "load" else f"bench_{event.stage}"
        return " ".join(part for part in (messages.stage_text(code), event.arm and arm_name(event.arm)) if part)
