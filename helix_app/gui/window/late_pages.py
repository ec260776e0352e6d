"""Pages that are made when they are first wanted: whoever only chats does not wait for plots that he never sees."""

from __future__ import annotations

from functools import cached_property

from PySide6.QtCore import QObject, Signal

from helix_app.gui.benchmark.page import BenchmarkPage
from helix_app.gui.compare.page import ComparePage
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers, Router
from helix_app.gui.server.page import ServerPage
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.serving import ServedReplies, ServedRequest, ServingBegun, ServingEnded

SERVING = (ServingBegun, ServingEnded, ServedReplies, ServedRequest)  # news of the server


class LatePages(QObject):
    """Makes Compare, Benchmark and Server, each once, and connects it.

    Signals:
        compare_requested: a CompareRequest.
        compare_cancel_requested: stop it.
        benchmark_asked: a BenchAsked.
        serving_asked: a ServingAsked.
        page_wanted: there is news for the page of this name, which is not made yet.
    """

    compare_requested = Signal(object)
    compare_cancel_requested = Signal()
    benchmark_asked = Signal(object)
    serving_asked = Signal(object)
    page_wanted = Signal(str)

    def __init__(self, theme: Theme, state: State, router: Router, parent: QObject) -> None:
        super().__init__(parent)
        self._theme, self._state, self._router = theme, state, router
        self._plain: dict[tuple[str, str], float] = {}  # tokens per second, by model and number format

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {events.Finished: self.on_finished, **dict.fromkeys(SERVING, self.on_serving)}

    def on_finished(self, event: events.Finished) -> None:
        """A reply tells how fast its model decodes plainly by itself, which a page that is made later wants to know."""
        plain, settings = event.plain_alone, self._state.settings
        if plain:
            self._plain[settings.target, settings.dtype] = plain

    def on_serving(self, event: object) -> None:
        """Hand news of the server to its page, which is made for this if it was not wanted before."""
        if "server" not in self.__dict__:
            self.page_wanted.emit("server")
        self.server.handlers()[type(event)](event)

    @cached_property
    def compare(self) -> ComparePage:
        """Two configurations side by side."""
        page = ComparePage(self._theme, self._state)
        page.compare_requested.connect(self.compare_requested)
        page.cancel_requested.connect(self.compare_cancel_requested)
        self._router.add(page.handlers())
        return page

    @cached_property
    def benchmark(self) -> BenchmarkPage:
        """Benchmarks and their results."""
        page = BenchmarkPage(self._theme, self._state)
        page.asked.connect(self.benchmark_asked)
        page.setup.note_speeds(self._plain)
        self._router.add(page.handlers())
        return page

    @cached_property
    def server(self) -> ServerPage:
        """The local API."""
        page = ServerPage(self._theme, self._state)
        page.asked.connect(self.serving_asked)
        return page

    def pulse(self) -> None:
        """Draw what a batch of events has changed."""
        if "compare" in self.__dict__:
            self.compare.pulse()
