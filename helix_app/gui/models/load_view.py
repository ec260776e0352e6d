"""What is shown while models are fetched and loaded: on the card of the first start, later in a strip."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from helix_app.gui.kit.model_choices import model_label
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.fit_desk import FitDesk
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.loading import LoadStrip
from helix_app.gui.models.machine_desk import MachineDesk
from helix_app.gui.models.remote_desk import RemoteDesk
from helix_app.gui.models.welcome import WelcomePage
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.models.hub import DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import LoadProgress


class LoadView(QObject):
    """Shows downloads and loads on the card or in the strip, whichever is in view.

    Attributes:
        welcome: the card.
        strip: the strip above the conversation.
        remote: chooses the model of a server instead.
        machine: measures this computer while the card is shown.
        fits: what is asked about loads that would take too much memory.

    Signals:
        cancel_requested: stop loading.
        download_cancel_requested: stop fetching the model of this catalog id.
        failed: a Failed or DownloadFailed that the card has no place for.
    """

    cancel_requested = Signal()
    download_cancel_requested = Signal(str)
    failed = Signal(object)

    def __init__(self, theme: Theme, state: State, models: ModelFlow, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._downloading = ""  # the model the strip is about
        self._left_out: set[str] = set()  # downloads that are shown elsewhere
        self._loading = ""  # name of the model that is being loaded
        self.welcome = WelcomePage(theme)
        self.strip = LoadStrip(theme)
        self.remote = RemoteDesk(theme, state, models, parent)
        self.welcome.remote_requested.connect(self.remote.open)
        self.machine = MachineDesk(state, self.welcome, models, self)
        self.fits = FitDesk(theme, models, self.strip, self)
        self.welcome.download_requested.connect(models.download)
        self.welcome.cancel_requested.connect(self.on_cancelled)
        self.strip.cancel_requested.connect(lambda: self.on_cancelled(self._downloading))
        models.download_requested.connect(self.on_download_started)
        state.catalog_changed.connect(self.on_catalog_changed)
        state.load_began.connect(self.on_load_began)
        state.model_changed.connect(self.on_model_changed)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            DownloadProgress: self.on_download_progress,
            DownloadDone: self.on_download_done,
            DownloadFailed: self.on_download_failed,
            LoadProgress: self.on_load_progress,
            **self.remote.handlers(),
            **self.machine.handlers(),
            **self.fits.handlers(),
        }

    @property
    def on_welcome(self) -> bool:
        """Whether the card is what the window shows; the card must be in a stack."""
        return not self.welcome.isHidden()

    def on_catalog_changed(self) -> None:
        """The card suggests the first model there is."""
        self.welcome.show_item(self._state.items[0] if self._state.items else None)

    def on_load_began(self) -> None:
        """A model is about to be loaded."""
        self._loading = self._name(self._state.asked.target)
        self.on_load_progress(LoadProgress("start_engine"))

    def on_load_progress(self, event: LoadProgress) -> None:
        """A step of loading."""
        if event.stage == "bring_back":
            self._loading = event.detail
            event = replace(event, detail="")
        if self.on_welcome:
            self.welcome.show_loading(event)
        else:
            self.strip.show_loading(event, self._loading)

    def leave_out(self, model_id: str) -> None:
        """A download is shown elsewhere."""
        self._left_out.add(model_id)

    def on_download_started(self, model_id: str) -> None:
        """A model is about to be fetched."""
        self._left_out.discard(model_id)
        self.on_download_progress(DownloadProgress(model_id, "connect", 0, 0))

    def on_download_progress(self, event: DownloadProgress) -> None:
        """How far a download is."""
        if event.model_id in self._left_out:
            return
        if self.on_welcome:
            self.welcome.show_download(event)
        elif self._state.loading is None:
            self._downloading = event.model_id
            self.strip.show_download(event, self._name(event.model_id))

    def on_download_done(self, event: DownloadDone) -> None:
        """A model is here."""
        self.welcome.on_arrived(event.model_id)
        if self._state.loading is None and event.model_id not in self._left_out:
            self.strip.hide()

    def on_download_failed(self, event: DownloadFailed) -> None:
        """A download ended without a model."""
        if event.model_id in self._left_out:
            return
        if self.on_welcome:
            self.welcome.show_failure(event)
            return
        if self._state.loading is None:
            self.strip.hide()
        if event.code != "download_cancelled":
            self.failed.emit(event)

    def on_failed(self, event: events.Failed) -> None:
        """Something outside a reply failed."""
        if self.fits.on_failed(event):
            return
        if self.on_welcome:
            self.welcome.show_failure(event)
        elif event.code != "load_cancelled":  # the person did that
            self.failed.emit(event)

    def on_model_changed(self) -> None:
        """Nothing may be loading any more."""
        if self._state.loading is None:
            self.strip.hide()
            self.welcome.show_idle()

    def on_cancelled(self, model_id: str) -> None:
        """Cancel, on the card or in the strip: what it is about, a load or a download."""
        if self._state.loading is not None:
            self.cancel_requested.emit()
        else:
            self.download_cancel_requested.emit(model_id)

    def _name(self, target: str) -> str:
        return model_label(target, self._state.items)
