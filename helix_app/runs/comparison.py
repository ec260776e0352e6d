"""Two replies to one prompt side by side: what each did, and where they first differ. No Qt, no torch.

Every figure is one of the events' own (``engine/rounds/metrics.py`` computes them once); here they are only lined up.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from helix_app.base import messages
from helix_app.protocol.events import (
    Alternative,
    EmittedToken,
    Event,
    Failed,
    Finished,
    Notice,
    PrefillDone,
    RoundDone,
    RunMetrics,
    TextDelta,
)
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import ArmChoice, SamplingParams

Verdict = Literal["nothing", "so_far", "identical", "differs", "other_sample", "other_model"]


def first_difference(a: Sequence[int], b: Sequence[int]) -> int | None:
    """Index of the first differing token; the shorter length where one only goes on; None when equal."""
    for i, (left, right) in enumerate(zip(a, b)):
        if left != right:
            return i
    return None if len(a) == len(b) else min(len(a), len(b))


def logit_gap(alternatives: Sequence[Alternative], a: int, b: int) -> float | None:
    """By how much the logit of token ``a`` exceeds that of ``b``: the difference of their log probabilities.

    None where one of them is not among the alternatives or its probability is not over 0.
    """
    probs = {alternative.token_id: alternative.target_prob for alternative in alternatives}
    if probs.get(a, 0.0) <= 0 or probs.get(b, 0.0) <= 0:
        return None
    return math.log(probs[a]) - math.log(probs[b])


def is_coupled(arm: ArmChoice, sampling: SamplingParams) -> bool:
    """Whether the seed alone decides the arm's text, as the engine sees it."""
    return arm.verify == "coupled" or (arm.verify == "auto" and sampling.seed is not None)


def two_models(arms: tuple[ArmChoice, ArmChoice], own: str = "") -> bool:
    """Whether the arms run different targets, ``own`` where they name none; their texts need not agree then."""
    return (arms[0].target or own) != (arms[1].target or own)


@dataclass
class ArmRecord:
    """One arm's events, gathered as they come.

    A step is a pass that emitted tokens: the prompt's, then each round. The lists below have one entry a step.

    Attributes:
        ready: what was loaded when it ran.
        stage: of loading or warming up, empty while it writes and afterwards.
        seconds: since the request.
        tokens: emitted up to and with the step.
        characters: of the text up to and with the step.
        rates: decode tokens/s as the event says, None while undefined.
        rounds: every RoundDone.
        ids, texts: of every token, and ``step_of`` the step that emitted it.
    """

    ready: ModelReady | None = None
    stage: LoadProgress | None = None
    prefill: PrefillDone | None = None
    finished: Finished | None = None
    failed: Failed | None = None
    notices: list[Notice] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    characters: list[int] = field(default_factory=list)
    rates: list[float | None] = field(default_factory=list)
    rounds: list[RoundDone] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    step_of: list[int] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0

    def add(self, event: Event) -> None:
        """Take one event in; those that say nothing about a reply are ignored."""
        if isinstance(event, RoundDone):
            self.stage = None
            self.rounds.append(event)
            self._step(event.elapsed_seconds, event.emitted, event.decode_tokens_per_second)
        elif isinstance(event, PrefillDone):
            self.stage = None
            self.prefill = event
            self._step(event.seconds, event.emitted, None)
        elif isinstance(event, TextDelta):
            self._parts.append(event.text)
            self._length += len(event.text)
            if self.characters:
                self.characters[-1] = self._length
        elif isinstance(event, Finished):
            self.stage = None
            self.finished = event
            first = event.metrics.time_to_first_token
            if first is not None and self.seconds:  # until now it was known without what came before the prompt's pass
                self.seconds[0] = min([first, *self.seconds[1:2]])
        elif isinstance(event, Failed):
            self.stage, self.failed = None, event
        elif isinstance(event, ModelReady):
            self.ready = event
        elif isinstance(event, LoadProgress):
            self.stage = event
        elif isinstance(event, Notice):
            self.notices.append(event)

    @property
    def text(self) -> str:
        """What was written."""
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    @property
    def length(self) -> int:
        """Characters of the text."""
        return self._length

    @property
    def metrics(self) -> RunMetrics | None:
        """The figures of the reply, once it is over."""
        return None if self.finished is None else self.finished.metrics

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.finished is not None or self.failed is not None

    @property
    def whole(self) -> bool:
        """Whether it came to an end of its own: not stopped and not failed."""
        return self.finished is not None and self.finished.reason != "cancelled"

    @property
    def duration(self) -> float:
        """Seconds from the request to the last step."""
        return self.seconds[-1] if self.seconds else 0.0

    def step_at(self, seconds: float) -> int:
        """Index of the last step that was over by then; -1 before the first."""
        return bisect_right(self.seconds, seconds) - 1

    def span(self, token: int) -> tuple[int, int]:
        """First character of a token in the text and the one after its last; equal where it shows nothing.

        Where its own text is not found in its place (a character split over tokens), all of its step is meant.
        """
        if not 0 <= token < len(self.ids):
            return self.length, self.length
        step = self.step_of[token]
        begin = self.characters[step - 1] if step else 0
        end = self.characters[step]
        before = token
        while before > 0 and self.step_of[before - 1] == step:
            before -= 1
        start = begin + sum(len(text) for text in self.texts[before:token])
        own = self.texts[token]
        if own and self.text.startswith(own, start) and start + len(own) <= end:
            return start, start + len(own)
        part = "\ufffd" in own or start < end
        return (begin, end) if own and part else (end, end)

    def _step(self, seconds: float, emitted: tuple[EmittedToken, ...], rate: float | None) -> None:
        for token in emitted:
            self.ids.append(token.token_id)
            self.texts.append(token.text)
            self.step_of.append(len(self.seconds))
        self.seconds.append(max(seconds, self.duration))
        self.tokens.append(len(self.ids))
        self.characters.append(self._length)
        self.rates.append(rate)


@dataclass(frozen=True)
class Agreement:
    """What two replies have in common.

    Attributes:
        tokens: how many are the same from the beginning.
        a, b: text of the first differing token of each; None where that reply has none there.
        gap: see ``events.CompareDone.logit_gap``.
    """

    verdict: Verdict
    tokens: int
    a: str | None = None
    b: str | None = None
    gap: float | None = None


def agreement(
    a: ArmRecord,
    b: ArmRecord,
    arms: tuple[ArmChoice, ArmChoice],
    sampling: SamplingParams,
    gap: float | None = None,
    own: str = "",
) -> Agreement:
    """Compare what two arms have written so far. Tokens of two models are different things: only texts are compared."""
    if not a.ids or not b.ids:
        return Agreement("nothing", 0)
    if two_models(arms, own):
        return Agreement("other_model", len(a.ids) if a.whole and b.whole and a.text == b.text else 0)
    position = first_difference(a.ids, b.ids)
    if position is None:
        return Agreement("identical" if a.whole and b.whole else "so_far", len(a.ids))
    shorter = a if len(a.ids) <= len(b.ids) else b
    if position == len(shorter.ids) and not shorter.whole:
        return Agreement("so_far", position)
    texts = [arm.texts[position] if position < len(arm.ids) else None for arm in (a, b)]
    tied = sampling.temperature == 0 or all(is_coupled(arm, sampling) for arm in arms)
    same_model = _dtype(a, arms[0]) == _dtype(b, arms[1])
    verdict: Verdict = "differs" if tied or not same_model else "other_sample"
    return Agreement(verdict, position, texts[0], texts[1], gap)


def agreement_text(found: Agreement) -> str:
    """The same in words."""
    fields = {
        "n": f"{found.tokens:,}",
        "at": f"{found.tokens + 1:,}",
        "a": quoted(found.a),
        "b": quoted(found.b),
        "gap": "" if found.gap is None else f"{abs(found.gap):.2g}",
    }
    code: str = found.verdict
    if code == "other_model" and found.tokens:
        code = "other_model_same"
    if code == "differs" and (found.a is None or found.b is None):
        code = "one_ends"
    elif code == "differs" and found.gap is not None:
        code = "differs_by"
    return messages.comparison_text(code, fields)


def quoted(token: str | None) -> str:
    """A token as it can be read in a sentence: white space made visible; the end of a reply in words."""
    if token is None:
        return messages.comparison_text("the_end", {})
    visible = token.replace("\n", "↵").replace("\t", "⇥")
    return f"“{visible}”"


def thinned(count: int, most: int) -> list[int]:
    """Indices of at most ``most`` of so many points, evenly spread, first and last among them."""
    if count <= most:
        return list(range(count))
    return [i * (count - 1) // (most - 1) for i in range(most)]


def speedup_curve(spec: ArmRecord, other: ArmRecord, most: int) -> tuple[list[float], list[float]]:
    """How many times as fast ``spec`` had decoded as ``other`` when both had written so many tokens.

    Returns:
        Numbers of tokens, at most ``most`` of them, and at each the decode tokens/s of ``spec`` over that of ``other``
        as their events said.
    """
    tokens: list[float] = []
    ratios: list[float] = []
    common = bisect_right(spec.tokens, other.tokens[-1]) if other.tokens else 0
    for step in thinned(common, most):
        rate = spec.rates[step]
        at = bisect_right(other.tokens, spec.tokens[step]) - 1
        reference = other.rates[at] if at >= 0 else None
        if rate and reference:
            tokens.append(float(spec.tokens[step]))
            ratios.append(rate / reference)
    return tokens, ratios


def speedup(a: ArmRecord, b: ArmRecord) -> float | None:
    """Decode tokens/s of ``a`` over that of ``b``, as their results say; None while one is unknown."""
    if a.metrics is None or b.metrics is None:
        return None
    over, under = a.metrics.decode_tokens_per_second, b.metrics.decode_tokens_per_second
    return over / under if over and under else None


def _dtype(arm: ArmRecord, choice: ArmChoice) -> str:
    return arm.ready.dtype if arm.ready is not None else choice.dtype
