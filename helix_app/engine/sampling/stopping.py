"""Where a reply ends."""

from __future__ import annotations

from collections.abc import Sequence


class StopMatcher:
    """Finds stop texts in a stream and holds back what may be the beginning of one.

    Attributes:
        found: the stop text that was found, empty for none.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [s for s in stops if s]
        self._held = self.found = ""

    def push(self, text: str) -> tuple[str, bool]:
        """Text that may be shown now, and whether a stop text was found (it is not shown, nor what follows)."""
        if not self._stops:
            return text, False
        self._held += text
        found = [(at, stop) for at, stop in ((self._held.find(stop), stop) for stop in self._stops) if at >= 0]
        if found:
            begin, self.found = min(found, key=lambda each: each[0])
            shown, self._held = self._held[:begin], ""
            return shown, True
        keep = max((_overlap(self._held, stop) for stop in self._stops), default=0)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown, False

    def flush(self) -> str:
        """What was held back when the reply ended otherwise."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of ``text`` that ``stop`` begins with."""
    for n in range(min(len(text), len(stop) - 1), 0, -1):
        if text.endswith(stop[:n]):
            return n
    return 0
