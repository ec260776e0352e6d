"""A comparison as one piece of work for the engine: two arms, one after the other, from the same start.

Each arm is loaded if it needs another model, draft or number format than what is loaded (the engine frees the one
before it, so that there is never more than one in memory), warms up with a short reply of its own kind, and then writes
its reply with the same request. All replies are cold: they take nothing from the chat's cached blocks and leave those
where they are. The benchmark's reference reply before and after each arm shows how steady the machine was. Where the
texts of one model part, one more pass of the target tells by how much. Runs on the engine's thread; no Qt.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal

from helix_app.base.errors import HelixError
from helix_app.base.failures import failure
from helix_app.bench import reference
from helix_app.engine.host.client import RESULTS
from helix_app.hub.resolve import DRAFTS
from helix_app.protocol.events import (
    CacheSnapshot,
    CompareArm,
    CompareDone,
    CompareStarted,
    EngineClient,
    Event,
    Failed,
    Finished,
    PrefillDone,
    RoundDone,
    known,
)
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import (
    ArmChoice,
    ChatMessage,
    CompareRequest,
    GenerateRequest,
    LoadChoice,
    LoadRequest,
    SamplingParams,
    Written,
)
from helix_app.runs.comparison import first_difference, logit_gap, two_models

log = logging.getLogger(__name__)

WARM_UP_TOKENS = 12  # rounds of every kind that an arm will run
WARM_UP_CHARACTERS = 2000  # of the prompt: enough for a full chunk
_LOSING = ("engine_died", "internal", "no_model_loaded", "device_out_of_memory", "out_of_memory")
GAP_ALTERNATIVES = 256  # tokens that differ are among the best ones, unless the temperature is extreme


class Comparison:
    """Runs one ``CompareRequest``.

    Attributes:
        loaded: what the engine holds; None where nothing is known to be loaded.
    """

    def __init__(
        self,
        client: EngineClient,
        resolve: Callable[[LoadChoice], LoadRequest],
        request: CompareRequest,
        cancel: threading.Event,
        superseded: threading.Event,
    ) -> None:
        """``cancel`` ends it; ``superseded`` says that another load follows, so that nothing is to be loaded again."""
        self._client, self._resolve, self._request = client, resolve, request
        self._cancel, self._superseded = cancel, superseded
        self.loaded: LoadChoice | None = request.own if request.loaded else None
        self._plain = request.plain  # what is loaded has no chat template
        self._results: list[Finished] = []
        self._speeds: list[tuple[LoadChoice, list[float]]] = []  # of reference replies, one entry a load

    def events(self) -> Iterator[Event]:
        """All that happens; the last one is CompareDone. Never raises what the engine or the hub raise."""
        yield CompareStarted(self._request.request_id)
        gap: float | None = None
        try:
            for index, arm in enumerate(self._request.arms):
                if not self._cancel.is_set():
                    yield from self._arm(index, arm)
            gap = self._gap()
        except Exception as error:  # a fault of ours: what was written is kept
            yield self._done("failed", failed=failure(error))
            return
        yield self._done("cancelled" if self._cancel.is_set() else "done", gap)

    def _done(
        self,
        reason: Literal["done", "cancelled", "failed"],
        gap: float | None = None,
        failed: Failed | None = None,
    ) -> CompareDone:
        again = self.loaded != self._request.own and not self._superseded.is_set()
        drifts = [found for _, speeds in self._speeds if (found := reference.drift(speeds)) is not None]
        moved = max(drifts, default=None)
        noisy = moved is not None and moved > reference.DRIFT
        return CompareDone(self._request.request_id, reason, again, gap, failed, moved, noisy)

    # ------------------------------------------------------------------ an arm

    def _arm(self, index: int, arm: ArmChoice) -> Iterator[Event]:
        wanted = load_of(self._request.own, arm, self.loaded)
        if wanted != self.loaded:
            yield from self._load(index, wanted)
        if self.loaded != wanted or self._cancel.is_set():
            return
        yield CompareArm(self._request.request_id, index, LoadProgress("warm_up"))
        for event in self._client.stream(self._warm_up(index, arm), self._cancel):
            if isinstance(event, CacheSnapshot):
                yield event
        if not self._speeds or self._speeds[-1][0] != self.loaded:
            yield from self._refer(index)
        if self._cancel.is_set():
            return
        for event in self._client.stream(self.request(index, arm), self._cancel):
            self._watch(event)
            if isinstance(event, Finished):
                self._results.append(event)
            yield event if isinstance(event, CacheSnapshot) else CompareArm(self._request.request_id, index, event)
        if self.loaded == wanted:
            yield from self._refer(index)

    def _refer(self, index: int) -> Iterator[Event]:
        """Write the reference reply and note how fast it was, with what is loaded now."""
        if self._cancel.is_set() or self.loaded is None:
            return
        yield CompareArm(self._request.request_id, index, LoadProgress("reference"))
        if not self._speeds or self._speeds[-1][0] != self.loaded:
            self._speeds.append((self.loaded, []))
        request = GenerateRequest(
            request_id=f"{self._request.request_id}-{index}-reference",
            messages=(ChatMessage("user", reference.TEXT),),
            raw=self._plain,
            mode="autoregressive",
            max_tokens=reference.TOKENS,
            sampling=SamplingParams(temperature=0.0),
            cold=True,
        )
        for event in self._client.stream(request, self._cancel):
            self._watch(event)
            if isinstance(event, CacheSnapshot):
                yield event
            elif isinstance(event, Finished) and event.reason != "cancelled":
                rate = event.metrics.decode_tokens_per_second
                self._speeds[-1][1].extend([rate] if rate else [])
            elif isinstance(event, Failed):
                log.warning("no reference reply: %s %s", event.code, event.detail)

    def _watch(self, event: Event) -> None:
        """After an error or a move to another device nobody knows what is loaded."""
        if isinstance(event, ModelReady) or (isinstance(event, Failed) and event.code in _LOSING):
            self.loaded = None

    def _load(self, index: int, wanted: LoadChoice) -> Iterator[Event]:
        """Load for an arm; an error is the arm's own."""
        before, self.loaded = self.loaded, None
        result: Event | None = None
        try:
            for event in self._client.stream(self._resolve(wanted), self._cancel):
                result = event if isinstance(event, RESULTS) else result
                if isinstance(event, CacheSnapshot):
                    yield event
                elif isinstance(event, ModelReady) or not isinstance(event, RESULTS):
                    yield CompareArm(self._request.request_id, index, event)
        except HelixError as error:
            result = error.as_event()
        if isinstance(result, ModelReady):
            self.loaded, self._plain = wanted, not result.chat_template
        elif isinstance(result, Failed) and not self._cancel.is_set():
            self.loaded = before if result.kept else None
            yield CompareArm(self._request.request_id, index, result)

    def request(self, index: int, arm: ArmChoice) -> GenerateRequest:
        """The request of an arm's reply: all but its own choices are those of the other arm.

        A model without a chat template continues the text, without the system prompt and with the turns of a chat set
        apart (``CompareRequest.text``); another one answers it.
        """
        asked = self._request
        raw = asked.raw or (self._plain and not asked.template)
        told = asked.text if raw and not asked.raw and asked.text else asked.messages
        return GenerateRequest(
            request_id=f"{asked.request_id}-{index}",
            messages=tuple(m for m in told if m.role != "system") if raw else told,
            raw=raw,
            mode=arm.mode,
            k=arm.k,
            verify=arm.verify,
            max_tokens=asked.max_tokens,
            sampling=asked.sampling,
            template=asked.template,
            thinking=asked.thinking,
            on_full=asked.on_full,
            grammar=asked.grammar,
            cold=True,
        )

    def _warm_up(self, index: int, arm: ArmChoice) -> GenerateRequest:
        request = self.request(index, arm)
        return replace(
            request,
            request_id=f"{request.request_id}-warm-up",
            messages=tuple(ChatMessage(m.role, m.content[:WARM_UP_CHARACTERS]) for m in request.messages),
            max_tokens=min(WARM_UP_TOKENS, request.max_tokens),
        )

    # ------------------------------------------------------------------ where they part

    def _gap(self) -> float | None:
        """The logit gap of the first differing tokens, from one pass of the target that is loaded now."""
        if len(self._results) < 2 or self._cancel.is_set() or two_models(self._request.arms, self._request.own.target):
            return None
        a, b = (result.token_ids for result in self._results)
        position = first_difference(a, b)
        if position is None or position >= min(len(a), len(b)):
            return None
        request = self.request(0, self._request.arms[0])
        prompt = known(self._results[0].metrics.prompt_tokens)
        request = replace(
            request,
            request_id=f"{self._request.request_id}-gap",
            mode="autoregressive",
            sampling=replace(request.sampling, temperature=0.0),
            max_tokens=position + 1,
            alternatives=GAP_ALTERNATIVES,
            written=Written(a[:position], prompt, 0, (), 0.0, 0.0) if position else None,
        )
        gap = None
        for event in self._client.stream(request, self._cancel):
            if isinstance(event, (PrefillDone, RoundDone)) and event.emitted and gap is None:
                gap = logit_gap(event.emitted[0].alternatives, a[position], b[position])
            elif isinstance(event, Failed):
                log.warning("no logit gap: %s %s", event.code, event.detail)
        return gap


def load_of(own: LoadChoice, arm: ArmChoice, loaded: LoadChoice | None) -> LoadChoice:
    """What an arm needs to be loaded. Autoregressive ones use no draft and do with whichever is there.

    A draft that was chosen for the person's own target, or is a layer of it, is not asked of another one.
    """
    target = arm.target or own.target
    anywhere = own.draft in DRAFTS and own.draft != "mtp"
    draft = own.draft if target == own.target or anywhere else "auto"
    wanted = replace(own, target=target, draft=arm.draft or draft, dtype=arm.dtype or own.dtype)
    if arm.draft:
        wanted = replace(wanted, draft_required=True)
    if loaded is None or arm.mode != "autoregressive":
        return wanted
    return loaded if replace(loaded, draft=wanted.draft, draft_required=wanted.draft_required) == wanted else wanted
