"""Where the tokens of the replies came from: shown for all of them or for one, and nothing at all while off."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.chat.view import ConversationView
from helix_app.runs.trace import Trace

ALTERNATIVES = 3  # best tokens a position that requests ask for while origins are shown


class Origins(QObject):
    """Turns replies from text into tokens and back.

    Attributes:
        shown: for every reply, those to come included.
        ghosts: rejected draft tokens are shown in place, too.
        has_run, find_trace: whether the run of a request is there, and that run to look into.
        fetch: asks for a run that is kept elsewhere, and what is to be done once it is here.

    Signals:
        inspect_requested: show the run of this request.
        save_requested: save it.
    """

    inspect_requested = Signal(str)
    save_requested = Signal(str)

    def __init__(self, view: ConversationView, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._view = view
        self.shown = self.ghosts = False
        self.has_run: Callable[[str], bool] = lambda _request_id: False
        self.find_trace: Callable[[str], Trace | None] = lambda _request_id: None
        self.fetch: Callable[[str, Callable[[], None]], bool] = lambda _request_id, _then: False

    @property
    def alternatives(self) -> int:
        """How many likeliest tokens a request is to ask for."""
        return ALTERNATIVES if self.shown else 0

    def adopt(self, reply: Reply) -> None:
        """A reply is shown."""
        reply.tokens_toggled.connect(lambda shown: self.ask_one(reply, shown))
        reply.inspect_requested.connect(lambda: self.inspect_requested.emit(reply.request_id))
        reply.save_requested.connect(lambda: self.save_requested.emit(reply.request_id))
        self.check(reply)

    def check(self, reply: Reply) -> None:
        """A reply may have a run now."""
        reply.set_recorded(self.has_run(reply.request_id))
        if self.shown and not reply.continued:
            self.show_one(reply, True)

    def show_all(self, shown: bool) -> None:
        """For every reply."""
        self.shown = shown
        for reply in self._replies():
            self.show_one(reply, shown)

    def set_ghosts(self, shown: bool) -> None:
        """Show rejected draft tokens, or do not."""
        self.ghosts = shown
        for reply in self._replies():
            if reply.tokens is not None:
                reply.tokens.set_ghosts(shown)

    def show_one(self, reply: Reply, shown: bool) -> None:
        """For one reply."""
        if shown == (reply.tokens is not None):
            return
        self._view.content.forget(reply)  # what is marked in its text goes away with it
        trace = self.find_trace(reply.request_id) if shown else None
        if trace is None:
            reply.show_text()
        else:
            reply.show_tokens(trace, self.ghosts)

    def ask_one(self, reply: Reply, shown: bool) -> None:
        """For one reply, whose run may have to be fetched first."""
        if not shown or not self.fetch(reply.request_id, lambda: self._show_fetched(reply)):
            self.show_one(reply, shown)

    def _show_fetched(self, reply: Reply) -> None:
        if reply in self._replies():
            self.show_one(reply, True)

    def on_dropped(self, request_id: str) -> None:
        """The run of a reply is not kept any more."""
        for reply in self._replies():
            if reply.request_id == request_id:
                reply.set_recorded(False)

    def _replies(self) -> list[Reply]:
        return [message for message in self._view.messages() if isinstance(message, Reply)]
