"""The first start: one card in the middle and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.base.language import say
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.notices import ErrorBox
from helix_app.gui.kit.controls.progress import ProgressLine
from helix_app.gui.look.icons import pixmap
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.loading import download_figures, download_stage
from helix_app.gui.models.offer import MachineOffer
from helix_app.gui.models.suggestion import Suggestion, room
from helix_app.protocol import events
from helix_app.protocol.inquiries import MachineMeasured
from helix_app.protocol.models.hub import DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import LoadProgress
from helix_app.protocol.requests import CatalogItem, DeviceItem

CARD_WIDTH = 528


class WelcomePage(QWidget):
    """Suggests a model, downloads it and shows how far that is.

    Attributes:
        start: "Download and start", "Continue download" or "Try again".
        offer: what this computer is, and a model that suits it.

    Signals:
        download_requested: fetch this model.
        cancel_requested: stop fetching or loading it; what arrived is kept.
        open_requested: choose a file instead.
        more_requested: look at other models.
        remote_requested: use the model of a server instead.
        pair_requested: fetch this model and this draft (ids; the draft's is empty for none).
    """

    download_requested = Signal(str)
    cancel_requested = Signal(str)
    open_requested = Signal()
    more_requested = Signal()
    remote_requested = Signal()
    pair_requested = Signal(str, str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._item: CatalogItem | None = None
        self._coming: tuple[str, ...] = ()  # the model that is being fetched, and its draft
        self._drafts: tuple[str, ...] = ()  # those fetched for a model, also after it was stopped
        self._below = QWidget()  # the error and its distance to the buttons
        self._make_model(theme)
        self._idle, self._busy = self._make_idle(theme), self._make_busy(theme)
        self._make_error(theme)
        self._lay_out(self._make_card(theme))
        self._busy.hide()
        self._mark.setPixmap(pixmap("app", "", 48, max(2.0, self.devicePixelRatioF())))
        self.show_item(None)

    # ------------------------------------------------------------------ construction

    def _make_model(self, theme: Theme) -> None:
        """What is suggested."""
        self._mark = QLabel()
        self._mark.setFixedSize(48, 48)
        self.model = QLabel()
        self.model.setFont(theme.fonts.strong)
        self.facts = QLabel()
        self.facts.setProperty("tone", "muted")
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setTextFormat(Qt.TextFormat.PlainText)

    def _make_idle(self, theme: Theme) -> QWidget:
        """What can be done while nothing is fetched or loaded."""
        self.start = ThemedButton(theme, self.tr("Download and start"), symbol="download", kind="primary")
        self.start.clicked.connect(self.on_start_clicked)
        self.open = ThemedButton(theme, self.tr("Open a file…"), symbol="file")
        self.open.clicked.connect(self.open_requested)
        self.more = ThemedButton(theme, self.tr("More models"), kind="link")
        self.more.clicked.connect(self.more_requested)
        self.remote = ThemedButton(theme, self.tr("Use a server…"), kind="link")
        self.remote.clicked.connect(self.remote_requested)
        for button in (self.start, self.open, self.remote, self.more):
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.setAutoDefault(True)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(8)
        buttons.addWidget(self.start)
        buttons.addWidget(self.open)
        buttons.addStretch()
        idle = QWidget()
        rows = QVBoxLayout(idle)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(8)
        rows.addLayout(buttons)
        self.offer = MachineOffer(theme)
        self.offer.chosen.connect(self.on_offer_chosen)
        rows.addWidget(self.offer)
        links = QHBoxLayout()
        links.addWidget(self.more)
        links.addWidget(self.remote)
        links.addStretch()
        rows.addLayout(links)
        return idle

    def _make_busy(self, theme: Theme) -> QWidget:
        """How far the model is that is fetched or loaded."""
        self.stage = QLabel()
        self.figures = QLabel()
        self.figures.setProperty("tone", "muted")
        self.figures.setFont(theme.fonts.small)
        self.line = ProgressLine(theme)
        self.line.setAccessibleName(self.tr("Progress"))
        self.cancel = ThemedButton(theme, self.tr("Cancel"), name=self.tr("Cancel loading or downloading"))
        self.cancel.clicked.connect(self.on_cancel_clicked)
        words = QVBoxLayout()
        words.setSpacing(4)
        words.addWidget(self.stage)
        words.addWidget(self.figures)
        words.addWidget(self.line)
        busy = QWidget()
        row = QHBoxLayout(busy)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addLayout(words, 1)
        row.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignVCenter)
        return busy

    def _make_error(self, theme: Theme) -> None:
        """What went wrong, below the buttons."""
        self.error = ErrorBox(theme)
        self.error.dismissed.connect(lambda: self._below.hide())
        below = QVBoxLayout(self._below)
        below.setContentsMargins(0, 16, 0, 0)
        below.addWidget(self.error)
        self._below.hide()

    def _make_card(self, theme: Theme) -> QFrame:
        """All of that, below a title."""
        card = QFrame()
        card.setObjectName("card")
        card.setFixedWidth(CARD_WIDTH)
        title = QLabel(self.tr("Chat with a model on this computer."))
        title.setFont(theme.fonts.title)
        title.setWordWrap(True)
        inner = QVBoxLayout(card)
        inner.setContentsMargins(32, 32, 32, 32)
        inner.setSpacing(0)
        inner.addWidget(self._mark)
        inner.addSpacing(16)
        inner.addWidget(title)
        inner.addSpacing(24)
        inner.addWidget(self.model)
        inner.addSpacing(4)
        inner.addWidget(self.facts)
        inner.addSpacing(8)
        inner.addWidget(self.summary)
        inner.addSpacing(24)
        inner.addWidget(self._idle)
        inner.addWidget(self._busy)
        inner.addWidget(self._below)
        return card

    def _lay_out(self, card: QFrame) -> None:
        """The card in the middle; it scrolls in a low window."""
        content = QWidget()
        content.setObjectName("plainSurface")
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidgetResizable(True)
        scroll.setWidget(content)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        outer = QVBoxLayout(content)
        across = QHBoxLayout()  # stretches instead of an alignment, so that wrapped text gets its height
        across.addStretch()
        across.addWidget(card)
        across.addStretch()
        outer.addStretch(5)
        outer.addLayout(across)
        outer.addStretch(6)

    # ------------------------------------------------------------------ what is shown

    @property
    def item(self) -> CatalogItem | None:
        """The suggested model."""
        return self._item

    def take_cursor(self) -> None:
        """Let Enter begin."""
        self.start.setFocus()

    def busy(self) -> bool:
        """Whether progress is shown in place of the buttons."""
        return not self._busy.isHidden()

    def show_item(self, item: CatalogItem | None) -> None:
        """Suggest a model, or only a file of one's own."""
        self._item = item
        for widget in (self.model, self.facts, self.summary, self.start):
            widget.setVisible(item is not None)
        if item is None:
            self.open.setText(self.tr("Open a model file…"))
            return
        self.open.setText(self.tr("Open a file…"))
        self.model.setText(item.name)
        size = figures.size(item.download_bytes or item.size_bytes)
        self.facts.setText(self.tr("{size} · {licence} licence").format(size=size, licence=item.licence))
        self.summary.setText(say(item.summary, "catalog"))
        if item.path:
            self.start.setText(self.tr("Start"))

    def show_download(self, event: DownloadProgress) -> None:
        """How far the download is; that of a draft only once its model is here."""
        if self._coming and event.model_id != self._coming[0]:
            return
        self._show_busy(download_stage(event.stage), download_figures(event))
        self.line.set_fraction(event.done_bytes / event.total_bytes if event.total_bytes else None)

    def show_loading(self, event: LoadProgress) -> None:
        """How far loading is."""
        detail = " · ".join(
            part for part in (event.detail, "" if event.fraction is None else figures.percent(event.fraction)) if part
        )
        self._show_busy(messages.stage_text(event.stage), detail)
        self.line.set_fraction(event.fraction)

    def show_failure(self, event: DownloadFailed | events.Failed) -> None:
        """Back to the buttons, with the reason unless the person stopped it."""
        model = event.model_id if isinstance(event, DownloadFailed) else ""
        if model and model in self._drafts:
            self.cancel.setEnabled(True)
            return  # its model starts without it, or was stopped, too
        self._coming = ()
        self.show_idle()
        stopped = event.code == "download_cancelled"
        start = self._begins(model)
        if start is not None:
            start.setText(self.tr("Continue download") if stopped else self.tr("Try again"))
            start.setAccessibleName(start.text())
        if not stopped and event.code != "load_cancelled":  # the person stopped it
            self.error.show_failure(event)
            self._below.show()

    def _begins(self, model: str) -> ThemedButton | None:
        """The button that fetches this model; None for one that was begun elsewhere."""
        if model and model == self.offer.model_id:
            return self.offer.start
        return self.start if self._item is not None and model == self._item.id else None

    def show_idle(self) -> None:
        """The buttons."""
        self._busy.hide()
        self._idle.show()
        self.cancel.setEnabled(True)
        self.line.set_fraction(0)

    def on_start_clicked(self) -> None:
        """Download the suggested model."""
        if self._item is not None:
            self._begin(self._item.id)
            self.download_requested.emit(self._item.id)

    def on_offer_chosen(self, model: str, draft: str) -> None:
        """Download the model that suits this computer, and its draft."""
        self._begin(model, *([draft] if draft else []))
        self.pair_requested.emit(model, draft)

    def on_arrived(self, model: str) -> None:
        """A model is here; what comes after it is its draft."""
        self._coming = tuple(other for other in self._coming if other != model)

    def show_machine(self, machine: MachineMeasured, devices: Sequence[DeviceItem], suited: Suggestion | None) -> None:
        """What this computer is, and a model that suits it where that is another than the one suggested."""
        self.offer.show_machine(machine, devices)
        same = suited is not None and self._item is not None and suited.item.id == self._item.id
        self.offer.show_suggestion(None if same else suited)
        if (
            self._item is not None
            and machine.fastest is not None
            and (same or (suited is None and room(machine, devices)))
        ):
            self.offer.add_sentence(self.tr("At that speed the model above suits it best."))

    def _begin(self, *models: str) -> None:
        self._coming, self._drafts = models, models[1:]
        self._show_busy(download_stage("connect"), "")
        self.line.set_fraction(None)
        self.cancel.setFocus()

    def on_cancel_clicked(self) -> None:
        """Stop the download or the load."""
        self.cancel.setEnabled(False)
        for model in self._coming or (self._item.id if self._item is not None else "",):
            self.cancel_requested.emit(model)

    def _show_busy(self, stage: str, detail: str) -> None:
        self._below.hide()
        self._idle.hide()
        self._busy.show()
        self.stage.setText(stage)
        self.figures.setText(detail or " ")
