"""What is shown while models are fetched and loaded: on the card of the first start, later in a strip."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from helix_app.gui.chat.page import ChatPage
from helix_app.gui.look.theme import Theme
from helix_app.gui.models.flow import ModelFlow
from helix_app.gui.models.loading import LoadStrip
from helix_app.gui.models.welcome import WelcomePage
from helix_app.protocol import events
from helix_app.protocol.hub import DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.loading import LoadProgress
from helix_app.protocol.requests import LoadChoice


class LoadView(QObject):
    """Shows downloads and loads on the card or in the strip, whichever is in view.

    Attributes:
        welcome: the card.
        strip: the strip above the conversation.

    Signals:
        cancel_requested: stop loading.
        download_cancel_requested: stop fetching the model of this catalog id.
    """

    cancel_requested = Signal()
    download_cancel_requested = Signal(str)

    def __init__(self, theme: Theme, models: ModelFlow, chat: ChatPage, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._models, self._chat = models, chat
        self._downloading = ""  # the model the strip is about
        self._loading = ""  # name of the model that is being loaded
        self.welcome = WelcomePage(theme)
        self.strip = LoadStrip(theme)
        self.welcome.download_requested.connect(models.download)
        self.welcome.cancel_requested.connect(self.on_cancelled)
        self.strip.cancel_requested.connect(lambda: self.on_cancelled(self._downloading))

    @property
    def on_welcome(self) -> bool:
        """Whether the card is what the window shows; the card must be in a stack."""
        return not self.welcome.isHidden()

    def on_load_started(self, choice: LoadChoice) -> None:
        """A model is about to be loaded."""
        self._loading = self._models.name(choice.target)
        self._chat.error.hide()
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

    def on_download_started(self, model_id: str) -> None:
        """A model is about to be fetched."""
        self._chat.error.hide()
        self.on_download_progress(DownloadProgress(model_id, "connect", 0, 0))

    def on_download_progress(self, event: DownloadProgress) -> None:
        """How far a download is."""
        if self.on_welcome:
            self.welcome.show_download(event)
        elif self._models.loading is None:
            self._downloading = event.model_id
            self.strip.show_download(event, self._models.name(event.model_id))

    def on_download_done(self, event: DownloadDone) -> None:
        """A model is here."""
        if self._models.loading is None:
            self.strip.hide()
        self._models.on_download_done(event)

    def on_download_failed(self, event: DownloadFailed) -> None:
        """A download ended without a model."""
        self._models.on_download_failed(event)
        if self.on_welcome:
            self.welcome.show_failure(event)
            return
        if self._models.loading is None:
            self.strip.hide()
        if event.code != "download_cancelled":
            self._chat.show_error(event)

    def on_failed(self, event: events.Failed) -> None:
        """Something outside a reply failed."""
        if self.on_welcome:
            self.welcome.show_failure(event)
        elif event.code != "load_cancelled":  # the person did that
            self._chat.show_error(event)

    def on_idle(self) -> None:
        """Nothing is being loaded any more."""
        self.strip.hide()
        self.welcome.show_idle()

    def on_cancelled(self, model_id: str) -> None:
        """Cancel, on the card or in the strip: what it is about, a load or a download."""
        if self._models.loading is not None:
            self.cancel_requested.emit()
        else:
            self.download_cancel_requested.emit(model_id)
