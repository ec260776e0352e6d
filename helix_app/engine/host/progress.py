"""What has been written of a reply, as its events tell: enough for another engine to go on with it."""

from __future__ import annotations

from dataclasses import replace

from helix_app.engine.rounds.metrics import RunRecorder
from helix_app.protocol.events import Event, Finished, PrefillDone, RoundDone, TextDelta
from helix_app.protocol.requests import GenerateRequest, LoadRequest


class Progress:
    """Follows the events of one reply, across the engines that write it.

    Attributes:
        text: shown so far.
    """

    def __init__(self, request: GenerateRequest) -> None:
        self._request = request
        self._recorder = RunRecorder()
        self._ids: list[int] = []
        self._rounds: list[tuple[int, int, int, float]] = []
        self._plain_seconds: float | None = 0.0  # for what was decoded; None: not known of all rounds
        self._again = 0  # characters that an engine that goes on shows once more
        self.text = ""

    def take(self, event: Event) -> Event | None:
        """Note an event; the event as the person is to see it, None for one that was seen already."""
        if isinstance(event, PrefillDone):
            self._recorder.prefilled(event.prompt_tokens, event.cached_tokens, len(event.emitted))
            self._ids += (token.token_id for token in event.emitted)
        elif isinstance(event, RoundDone):
            seconds = event.draft_seconds + event.verify_seconds + event.overhead_seconds
            done = (event.k, event.accepted, len(event.emitted), seconds)
            self._recorder.round(*done)
            self._rounds.append(done)
            plain, before = event.plain_tokens_per_second, self._plain_seconds
            self._plain_seconds = before + len(event.emitted) / plain if plain and before is not None else None
            self._ids += (token.token_id for token in event.emitted)
        elif isinstance(event, TextDelta):
            seen = min(self._again, len(event.text))
            self._again -= seen
            fresh = event.text[seen:]
            self.text += fresh
            return replace(event, text=fresh) if fresh else None
        return event

    def request(self) -> GenerateRequest:
        """The request for an engine that goes on after what was written."""
        if not self._ids:
            return self._request
        self._again = len(self.text)
        written = self._recorder.written(tuple(self._ids), tuple(self._rounds), self._plain_seconds)
        return replace(self._request, written=written)

    def stopped(self) -> Finished:
        """The result of a reply that was cancelled while its engine did not answer."""
        metrics = self._recorder.finish(self._request.sampling.seed or 0, None)
        return Finished(self._request.request_id, "cancelled", self.text, tuple(self._ids), metrics)


def lighter(request: LoadRequest) -> LoadRequest:
    """The same model with what may have been too much left out: the GPU, a draft model, a cache for many."""
    draft = request.draft if request.draft in ("none", "ngram") else "ngram"
    return replace(request, device="cpu", draft=draft, cache_tokens=None)
