"""A slim strip that says what is being loaded or downloaded, and how far it is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.kit import figures
from helix_app.gui.kit.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.status import ThinBar
from helix_app.protocol.hub import DownloadProgress
from helix_app.protocol.loading import LoadProgress


class ProgressLine(ThinBar):
    """A thin bar that moves to and fro while the fraction is unknown."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self._phase = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(33)
        self._timer.timeout.connect(self.on_tick)

    def set_fraction(self, fraction: float | None) -> None:
        super().set_fraction(fraction)
        if fraction is None and not self._timer.isActive():
            self._timer.start()
        elif fraction is not None:
            self._timer.stop()

    def on_tick(self) -> None:
        """One step of the movement; it rests while nobody sees it."""
        if not self.isVisible():
            self._timer.stop()
            return
        self._phase = (self._phase + 0.012) % 2.0
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.fraction() is None:
            place = self._phase if self._phase <= 1 else 2 - self._phase
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor(0, 0, 0, 0))
            painter.setBrush(QColor(self._theme.palette.accent))
            wide = self.width() * 0.25
            painter.drawRoundedRect(QRectF((self.width() - wide) * place, 0, wide, 4), 2, 2)
            painter.end()


def download_stage(stage: str) -> str:
    """What a stage of a download is called."""
    words = {
        "connect": figures.tr("Connecting"),
        "download": figures.tr("Downloading"),
        "verify": figures.tr("Checking the file"),
        "unpack": figures.tr("Unpacking"),
    }
    return words.get(stage, stage)


def download_figures(event: DownloadProgress) -> str:
    """Bytes, percent, speed and time left, as far as they are known."""
    parts = []
    if event.total_bytes:
        done, total = figures.size(event.done_bytes), figures.size(event.total_bytes)
        text = figures.tr("{done} of {total} packed") if event.packed else figures.tr("{done} of {total}")
        parts.append(text.format(done=done, total=total))
        parts.append(figures.percent(event.done_bytes / event.total_bytes))
    elif event.done_bytes:
        parts.append(figures.size(event.done_bytes))
    if event.stage == "download":
        if event.bytes_per_second:
            parts.append(f"{figures.size(int(event.bytes_per_second))}/s")
        parts.append(figures.remaining(event.seconds_left))
    return " · ".join(part for part in parts if part)


def lay_out(strip: QWidget, what: QLabel, how_far: QLabel, stop: QWidget, line: ProgressLine) -> None:
    """Fill a strip: what goes on, how far it is and a button in a row, and the line under them."""
    row = QHBoxLayout()
    row.setSpacing(12)
    row.addWidget(what)
    row.addWidget(how_far, 1)
    row.addWidget(stop)
    column = QVBoxLayout(strip)
    column.setContentsMargins(24, 8, 24, 8)
    column.setSpacing(4)
    column.addLayout(row)
    column.addWidget(line)


class LoadStrip(QWidget):
    """Shown above the conversation while something is being loaded.

    Signals:
        cancel_requested: stop it.
    """

    cancel_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("loadStrip")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.text = QLabel()
        self.figures = QLabel()
        self.figures.setProperty("tone", "muted")
        self.cancel = ThemedButton(theme, self.tr("Cancel"), kind="link", name=self.tr("Cancel loading or downloading"))
        self.cancel.clicked.connect(self.cancel_requested)
        self.line = ProgressLine(theme)
        self.line.setAccessibleName(self.tr("Progress"))
        lay_out(self, self.text, self.figures, self.cancel, self.line)
        self.hide()

    def show_loading(self, event: LoadProgress, name: str) -> None:
        """A step of loading."""
        self.text.setText(messages.stage_text(event.stage))
        parts = [name, event.detail, "" if event.fraction is None else figures.percent(event.fraction)]
        self.figures.setText(" · ".join(part for part in parts if part))
        self.line.set_fraction(event.fraction)
        self.show()

    def show_download(self, event: DownloadProgress, name: str) -> None:
        """How far a download is."""
        self.text.setText(self.tr("{stage} {name}").format(stage=download_stage(event.stage), name=name))
        self.figures.setText(download_figures(event))
        self.line.set_fraction(event.done_bytes / event.total_bytes if event.total_bytes else None)
        self.show()
