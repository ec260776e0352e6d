"""What the Help menu opens: the dialogs about Helix, and the meter that one of them shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from helix_app import events
from helix_app.gui import figures
from helix_app.gui.about import AboutDialog
from helix_app.gui.diagnostics import DiagnosticsDialog, Rows
from helix_app.gui.frames import FrameMeter

if TYPE_CHECKING:
    from helix_app.gui.main_window import MainWindow


class Help(QObject):
    """Opens the dialogs of a window.

    Attributes:
        frames: times the window's frames while something is written.

    Signals:
        checkup_requested: look for what is wrong with this computer.
    """

    checkup_requested = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._dialog: DiagnosticsDialog | None = None
        self.frames = FrameMeter(self)

    def open_about(self) -> None:
        """Show the version."""
        dialog = AboutDialog(self._window.theme, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def open_diagnostics(self) -> None:
        """Show, beside the window, how it runs; the one that is open comes to the front."""
        if self._dialog is None:
            dialog = DiagnosticsDialog(self._window.theme, self.frames, self.facts, self._window)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.checkup_requested.connect(self.checkup_requested)
            dialog.finished.connect(self._on_closed)
            self._dialog = dialog
        self._dialog.show()
        self._dialog.raise_()
        self._dialog.activateWindow()

    def on_checkup_done(self, event: events.CheckupDone) -> None:
        """What was found is shown where it was asked for."""
        if self._dialog is not None:
            self._dialog.on_checkup_done(event)

    def on_writing(self, writing: bool) -> None:
        """A reply or a comparison began or ended."""
        if writing:
            self.frames.start()
        else:
            self.frames.stop()

    def facts(self) -> Rows:
        """What the window shows and what writes in it."""
        window = self._window
        scale = f"{window.devicePixelRatioF() * 100:.0f} %"
        size = self.tr("{w} x {h} at {scale}").format(w=window.width(), h=window.height(), scale=scale)
        maps = window.live.blocks.maps.values()
        blocks = sum(len(pool.grid.state.cells) for pool in maps if pool.isVisible())
        live = self.tr("live panel closed")
        if window.live.isVisible():
            plots = window.live.plots.plots()
            filled = sum(not plot.is_empty() for plot in plots)
            live = self.tr("live panel with {n} of {all} plots and a map of {blocks} blocks").format(
                n=filled, all=len(plots), blocks=figures.count(blocks)
            )
        ready = window.models.ready
        model = self.tr("none is loaded") if ready is None else figures.model_facts(ready)
        engine = {
            "child": self.tr("in a process of its own"),
            "thread": self.tr("on a thread of the window"),
        }[window.settings.engine_process]
        return (
            (self.tr("Window"), f"{size}, {live}"),
            (self.tr("Model"), model),
            (self.tr("Engine"), engine),
        )

    def _on_closed(self) -> None:
        self._dialog = None
