"""A slim strip that says what is being loaded or downloaded, and how far it is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from helix_app.base import messages
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.progress import ProgressLine, lay_out
from helix_app.gui.look.theme import Theme
from helix_app.protocol.models.hub import DownloadProgress
from helix_app.protocol.models.loading import LoadProgress


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
