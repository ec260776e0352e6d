"""The text of a reply, as it becomes known token by token."""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.engine.sampling.stopping import StopMatcher
from helix_app.engine.text.tokenizer import StreamDecoder, Tokenizer


class ReplyText:
    """Decodes tokens, looks for stop texts and keeps what may be shown.

    Attributes:
        stopped: a stop text was found: nothing more is shown.
    """

    def __init__(self, tokenizer: Tokenizer, before: Sequence[int], stops: Sequence[str]) -> None:
        """``before`` are the tokens that the reply continues as a text; empty where it begins one."""
        self._decoder = StreamDecoder(tokenizer, before)
        self._stops = StopMatcher(stops)
        self._shown: list[str] = []
        self._fresh = ""
        self.stopped = False

    @property
    def whole(self) -> str:
        """All that was shown."""
        return "".join(self._shown)

    @property
    def stop(self) -> str:
        """The stop text that was found, empty for none."""
        return self._stops.found

    def push(self, token: int) -> None:
        """One more token."""
        self._read(self._decoder.push((token,)))

    def end(self) -> None:
        """No token comes any more: what was held back may be shown, unless a stop text ended it."""
        if not self.stopped:
            self._read(self._decoder.flush())
        if not self.stopped:
            self._fresh += self._stops.flush()

    def take(self) -> str:
        """New text that may be shown."""
        fresh, self._fresh = self._fresh, ""
        if fresh:
            self._shown.append(fresh)
        return fresh

    def _read(self, text: str) -> None:
        shown, stopped = self._stops.push(text)
        self._fresh += shown
        self.stopped = self.stopped or stopped
