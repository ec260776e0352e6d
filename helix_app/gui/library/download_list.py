"""Downloads: how far each is, pause and go on, and what became of it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.progress import ProgressLine
from helix_app.gui.library.rows import SIDE, WIDEST, ModelRow
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.loading import download_figures, download_stage
from helix_app.protocol.library import UnfinishedItem
from helix_app.protocol.models.hub import DownloadFailed, DownloadProgress

HIGHEST = 190  # of the rows


class DownloadRow(ModelRow):
    """One download.

    Attributes:
        state: ``running``, ``paused`` or ``failed``.
        turn: pauses it, or lets it go on.
        remove: deletes what has arrived.
    """

    def __init__(self, theme: Theme, model_id: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self.model_id, self.called = model_id, name
        self.state = "running"
        self.turn = self.add_button(self.tr("Pause"), "", symbol="pause")
        self.remove = self.add_button(
            "", self.tr("Delete what has arrived of {model}").format(model=name), symbol="trash", kind="icon"
        )
        self.line = ProgressLine(theme)
        self.line.setAccessibleName(self.tr("Progress of {model}").format(model=name))
        self.column.insertSpacing(1, 4)
        self.column.insertWidget(2, self.line)
        self._arrived = ""

    def show_name(self, name: str) -> None:
        """What the model is called, once that is known."""
        self.called = name
        self._show_buttons()

    def show_progress(self, event: DownloadProgress) -> None:
        """How far it is."""
        self.state = "running"
        self._arrived = download_figures(event)
        told = " · ".join(part for part in (download_stage(event.stage), self._arrived) if part)
        self.show_words(self.called, told)
        self.line.set_fraction(event.done_bytes / event.total_bytes if event.total_bytes else None)
        self._show_buttons()

    def show_unfinished(self, item: UnfinishedItem) -> None:
        """It was stopped, perhaps before this start of Helix."""
        self.state = "paused"
        done, total = figures.size(item.done_bytes), figures.size(item.total_bytes)
        share = figures.tr("{done} of {total}").format(done=done, total=total) if item.total_bytes else done
        self.show_words(self.called, self.tr("Paused · {arrived}").format(arrived=share))
        self.line.set_fraction(item.done_bytes / item.total_bytes if item.total_bytes else 0)
        self._show_buttons()

    def show_failed(self, event: DownloadFailed) -> None:
        """It ended without a model."""
        cancelled = event.code == "download_cancelled"
        self.state = "paused" if cancelled else "failed"
        sentence = "" if cancelled else messages.error_text(event.code, event.fields)
        word = self.tr("Paused") if cancelled else self.tr("Not complete")
        self.show_words(self.called, word, sentence, tone="danger")
        if self.line.fraction() is None:
            self.line.set_fraction(0)
        self._show_buttons()

    def _show_buttons(self) -> None:
        running = self.state == "running"
        words = self.tr("Pause") if running else self.tr("Resume")
        self.turn.setText(words)
        self.turn.set_symbol("pause" if running else "play")
        self.turn.setEnabled(True)
        name = self.tr("Pause {model}") if running else self.tr("Resume {model}")
        self.turn.setAccessibleName(name.format(model=self.called))
        self.remove.setVisible(not running)


class DownloadList(QWidget):
    """The downloads that run or were stopped; hidden while there are none.

    Signals:
        resume_requested, pause_requested, remove_requested: about the model of this id.
    """

    resume_requested = Signal(str)
    pause_requested = Signal(str)
    remove_requested = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: dict[str, DownloadRow] = {}
        title = QLabel(self.tr("Downloads"))
        title.setFont(theme.fonts.strong)
        title.setContentsMargins(SIDE, 8, SIDE, 0)
        line = QFrame()
        line.setObjectName("divider")
        line.setFixedHeight(1)
        self._inner = QWidget()
        self._inner.setObjectName("plainSurface")
        self._inner.setMaximumWidth(WIDEST)
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(SIDE, 0, SIDE, 0)
        self._column.setSpacing(0)
        self._scroll = QScrollArea()
        self._scroll.setWidget(self._inner)
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 8)
        outer.setSpacing(0)
        outer.addWidget(line)
        outer.addWidget(title)
        outer.addWidget(self._scroll)
        self.hide()

    def running(self, model_id: str) -> bool:
        """Whether a model is being downloaded."""
        row = self._rows.get(model_id)
        return row is not None and row.state == "running"

    def row(self, model_id: str) -> DownloadRow | None:
        """The row of a model."""
        return self._rows.get(model_id)

    def show_progress(self, event: DownloadProgress, name: str) -> None:
        """How far a download is."""
        self._made(event.model_id, name).show_progress(event)

    def show_failed(self, event: DownloadFailed, name: str) -> None:
        """A download ended without a model."""
        self._made(event.model_id, name).show_failed(event)
        self._fit()

    def show_unfinished(self, items: tuple[UnfinishedItem, ...]) -> None:
        """Downloads that were stopped; those that are not among them and do not run are gone."""
        for item in items:
            if not self.running(item.id) and not self._failed(item.id):
                self._made(item.id, item.name).show_unfinished(item)
        kept = {item.id for item in items}
        for model_id in [i for i in self._rows if i not in kept and not self.running(i) and not self._failed(i)]:
            self.drop(model_id)
        self._fit()

    def drop(self, model_id: str) -> None:
        """A download is over."""
        row = self._rows.pop(model_id, None)
        if row is not None:
            self._column.removeWidget(row)
            row.hide()
            QTimer.singleShot(0, row, row.deleteLater)
        self.setVisible(bool(self._rows))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """As high as its rows, up to a few of them; others are scrolled to."""
        self._column.invalidate()
        wrapped = self._column.totalHeightForWidth(min(WIDEST, self.width()))  # -1 where nothing is wrapped
        self._scroll.setFixedHeight(min(HIGHEST, max(wrapped, self._column.totalSizeHint().height())))

    def _failed(self, model_id: str) -> bool:
        row = self._rows.get(model_id)
        return row is not None and row.state == "failed"

    def _made(self, model_id: str, name: str) -> DownloadRow:
        row = self._rows.get(model_id)
        if row is None:
            row = self._rows[model_id] = DownloadRow(self._theme, model_id, name, self._inner)
            row.turn.clicked.connect(lambda: self._turn(model_id))
            row.remove.clicked.connect(lambda: self._remove(model_id))
            self._column.addWidget(row)
            row.show()  # one that is hidden takes no room
            self.show()
            self._fit()
        elif name != row.called and name != model_id:
            row.show_name(name)
        return row

    def _turn(self, model_id: str) -> None:
        row = self._rows[model_id]
        row.turn.setEnabled(False)  # until it has stopped, or begun
        (self.pause_requested if row.state == "running" else self.resume_requested).emit(model_id)

    def _remove(self, model_id: str) -> None:
        self.drop(model_id)
        self.remove_requested.emit(model_id)
