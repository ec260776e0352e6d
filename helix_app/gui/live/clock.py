"""The time axis of the plots: seconds of work, reply after reply.

Replies follow one another with a small gap, however long the person thought in between: the last 60
seconds are then always 60 seconds of something to look at.
"""

from __future__ import annotations

GAP = 1.0  # seconds between two replies


class SessionClock:
    """Maps seconds since a request to seconds of the session.

    Attributes:
        now: the latest time given out.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self._request = ""
        self._base = 0.0

    def at(self, request_id: str, elapsed: float) -> tuple[float, bool]:
        """Session time of a moment of a reply, and whether a new reply begins with it."""
        fresh = request_id != self._request
        if fresh:
            self._base = self.now + GAP - elapsed if self._request else -elapsed
            self._request = request_id
        self.now = max(self.now, self._base + elapsed)
        return self.now, fresh

    def reset(self) -> None:
        """Begin at zero."""
        self.now, self._base, self._request = 0.0, 0.0, ""
