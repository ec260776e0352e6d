"""What a server's stream adds up to: text as it comes, and the figures that it tells at the end.

Every field of a chunk may be missing, null or of another kind than expected: what is not told stays unknown.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from helix_app.base.errors import HelixError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.remote import RemoteModel
from helix_app.engine.remote.failures import of_event
from helix_app.protocol.events import FinishReason, RunMetrics
from helix_app.protocol.requests import GenerateRequest

MARKS = ("<think>", "</think>")  # around reasoning that a server tells apart from the answer
_DONE = "[DONE]"
_REASONING = ("reasoning_content", "reasoning")


class Reading:
    """One reply as it is read.

    Attributes:
        text: so far, with reasoning between ``MARKS``.
        reason: why the server ended it, as the server says; empty while it has not.
        done: the server said that nothing more comes.
    """

    def __init__(self, request: GenerateRequest, place: RemoteModel, clock: Callable[[], float] = time.perf_counter):
        self._request, self._place, self._clock = request, place, clock
        self._begin = clock()
        self._first = self._last = 0.0
        self._thinks = False
        self._usage: dict[str, Any] = {}
        self._timings: dict[str, Any] = {}
        self.text, self.reason, self.done = "", "", False

    @property
    def begun(self) -> bool:
        """Whether any text has come."""
        return bool(self.text)

    def take(self, data: str) -> str:
        """The text that an event of the stream, or a whole answer, adds.

        Raises:
            HelixError: the server tells an error, or what it sends is no JSON.
        """
        if data.strip() == _DONE:
            self.done = True
            return ""
        try:
            chunk = json.loads(data)
        except ValueError as exc:
            raise HelixError("remote_not_api", host=self._place.host, reason=reason_of("remote_no_json")) from exc
        if not isinstance(chunk, dict):
            return ""
        if chunk.get("error"):
            raise of_event(chunk["error"], self._place)
        self._usage = _object(chunk.get("usage")) or self._usage
        self._timings = _object(chunk.get("timings")) or self._timings
        choices = chunk.get("choices")
        added = "".join(self._choice(_object(choice)) for choice in (choices if isinstance(choices, list) else ()))
        if added:
            self._last = self._clock()
            self._first = self._first or self._last
        self.text += added
        return added

    def end(self) -> str:
        """What is left to add once the stream is over."""
        added = self._closed()
        self.text += added
        return added

    def _choice(self, choice: dict[str, Any]) -> str:
        if choice.get("index") not in (None, 0):  # one was asked for
            return ""
        told = _object(choice.get("delta")) or _object(choice.get("message"))
        self.reason = str(choice.get("finish_reason") or "") or self.reason
        thought = next((_words(told[name]) for name in _REASONING if told.get(name)), "")
        answer = _words(told.get("content")) or _words(choice.get("text"))
        added = ""
        if thought:
            added += thought if self._thinks else MARKS[0] + thought
            self._thinks = True
        if answer:
            added += self._closed() + answer
        return added

    def _closed(self) -> str:
        closing = MARKS[1] if self._thinks else ""
        self._thinks = False
        return closing

    # ------------------------------------------------------------------ figures

    def finish_reason(self, metrics: RunMetrics) -> FinishReason:
        """The server's reason in Helix's words. A stop text that was met is told like the model's own end."""
        if self.reason != "length":
            return "eos"
        tokens = metrics.tokens_generated
        return "context_full" if tokens is not None and tokens < self._request.max_tokens else "length"

    def metrics(self) -> RunMetrics:
        """All figures: times as they were measured here, counts as the server told them."""
        usage, timings = self._usage, self._timings
        tokens = _count(usage.get("completion_tokens"), timings.get("predicted_n"))
        drafted = _count(timings.get("drafted_tokens"), timings.get("draft_n"))
        accepted = _count(timings.get("accepted_tokens"), timings.get("draft_n_accepted"))
        seconds = self._clock() - self._begin
        decoding = self._last - self._first
        seeds = timings.get("seeds")
        return RunMetrics(
            tokens_generated=tokens,
            prompt_tokens=_count(usage.get("prompt_tokens"), timings.get("prompt_n")),
            cached_tokens=_count(_object(usage.get("prompt_tokens_details")).get("cached_tokens")),
            time_seconds=seconds,
            tokens_per_second=tokens / seconds if tokens and seconds > 0 else None,
            decode_tokens_per_second=(tokens - 1) / decoding if tokens and tokens > 1 and decoding > 0 else None,
            time_to_first_token=self._first - self._begin if self._first else None,
            acceptance_rate=accepted / drafted if drafted and accepted is not None else None,
            mean_accepted_length=_number(timings.get("mean_accepted_length")),
            target_passes=None,
            drafted_tokens=drafted,
            accepted_tokens=accepted,
            k_mean=None,
            k_min=None,
            k_max=None,
            plain_tokens_per_second=None,
            preemptions=None,
            seed=_count(seeds[0]) if isinstance(seeds, list) and seeds else self._request.sampling.seed,
        )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _words(value: Any) -> str:
    """Text as it stands, or as a list of parts."""
    if isinstance(value, list):
        return "".join(_words(_object(part).get("text")) for part in value)
    return value if isinstance(value, str) else ""


def _count(*values: Any) -> int | None:
    return next((v for v in values if isinstance(v, int) and not isinstance(v, bool) and v >= 0), None)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
