"""Text as it streams where nothing in it is a mark: every space and every line as it was written."""

from __future__ import annotations

from helix_app.gui.chat.text.units import Unit

PIECE = 1500  # characters after which the next line begins a unit of its own, so that a long text stays quick


class PlainStream:
    """Source that grows, and the units it makes, as ``MarkdownStream`` does.

    Attributes:
        done: units that will not change any more.
        open: the one after those.
    """

    def __init__(self) -> None:
        self.done: list[Unit] = []
        self.open: list[Unit] = []
        self._tail = ""

    def feed(self, text: str) -> None:
        """Append text."""
        self._tail += text.replace("\r", "")
        while (at := self._tail.find("\n", PIECE)) >= 0:
            self.done.append(Unit("plain", self._tail[:at]))
            self._tail = self._tail[at + 1 :]
        self.open = [Unit("plain", self._tail)]
