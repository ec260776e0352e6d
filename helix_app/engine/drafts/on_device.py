"""Drafting with a model on a device that the host should not wait for.

Every drafted token is drawn on the device and goes straight into the draft's next step and into the target's pass. The
host knows how many were drafted; which ones, and the distributions they were drawn from, comes home together with the
target's logits, in the one transfer of a round.

Tokens are drawn by the exponential race: with E_i independent and exponential, argmax p_i / E_i is distributed as p
(the Gumbel-max trick in other words). What comes home as the draft's distribution is the tensor that was drawn from,
so min(1, p/q) stays exact. Coupled drafts race with the noise of ``coupled.py``, rounded to float32: a draft may be
off, the target draws on the host.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import torch

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.drafts.ask import Ask, Drafter, begun
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import Rows
from helix_app.engine.sampling.coupled import gumbel_noise
from helix_app.engine.sampling.filters import distribution, punished
from helix_app.engine.sampling.penalties import adjusts, bias_row, counts, said_counts
from helix_app.protocol.requests import SamplingParams

_MIN = 1e-30  # a time in the race that is 0 would make a token of probability 0 no number


@dataclass(frozen=True)
class _Before:
    """What penalties must know of the tokens before, each ``[1, vocab]`` in float32.

    Attributes:
        seen: 1 for a token of the sequence.
        said: how often the reply has it.
        bias: of its logit.
        none: zeros.
    """

    seen: torch.Tensor
    said: torch.Tensor
    bias: torch.Tensor
    none: torch.Tensor

    @classmethod
    def of(cls, request: DraftRequest, vocab: int) -> _Before:
        """Before anything is drafted."""
        seen = torch.zeros(1, vocab)
        seen[:, sorted(set(request.tokens))] = 1.0
        said = said_counts(request.tokens[request.begin :], (), 1, vocab)
        return cls(seen, said, bias_row(request.params, vocab).float(), torch.zeros(1, vocab))

    def to(self, device: torch.device) -> _Before:
        """The same there."""
        return _Before(*(each.to(device) for each in (self.seen, self.said, self.bias, self.none)))

    def after(self, drawn: torch.Tensor) -> _Before:
        """With one more token ``[1]``, which only the device knows."""
        new = self.none.scatter(1, drawn.unsqueeze(1), 1.0)
        return _Before(torch.where(new > 0, new, self.seen), self.said + new, self.bias, self.none)


@dataclass
class OnDevice:
    """A proposal being drawn, and then pending (``proposal.Pending``).

    Attributes:
        tokens: of the host, which the proposal follows.
        ids: the drafted tokens ``[k]``, once all are drawn.
        sent: ids and checks, or ids and distributions.
        drawn: one ``[1]`` of ids for each token.
        checks: temperature 0: the largest logit ``[1]`` behind each token.
        rows: otherwise: the distribution ``[1, vocab]`` behind each token.
        seconds: expected of its steps.
    """

    ask: Ask
    tokens: Sequence[int]
    drawn: list[torch.Tensor] = field(default_factory=list)
    checks: list[torch.Tensor] = field(default_factory=list)
    rows: list[torch.Tensor] = field(default_factory=list)
    seconds: float = 0.0
    ids: torch.Tensor = field(default_factory=lambda: torch.empty(0))
    sent: tuple[torch.Tensor, ...] = ()
    _made: torch.Tensor | None = None
    _before: _Before | None = None

    @property
    def draft(self) -> Drafter:
        """Whose proposal it is."""
        return self.ask.draft

    def proposal(self) -> Proposal:
        """What was drawn, pending."""
        if not self.drawn:
            return Proposal()
        self.ids = _joined(self.drawn)
        self.sent = (self.ids, *(self.checks or self.rows))
        return Proposal(pending=self)

    def draw(self, logits: torch.Tensor) -> None:
        """Draw the next token from logits ``[1, vocab]`` on the device."""
        params = self.ask.request.params
        if adjusts(params):
            logits = self._adjusted(logits.float(), params)
        if params.temperature == 0:
            value, token = logits.max(dim=-1)
            self.checks.append(value)
        else:
            probs = distribution(logits.float(), params)
            token = first_home(probs, self._times(probs))
            self.rows.append(probs)
        self.drawn.append(token)

    def _adjusted(self, logits: torch.Tensor, params: SamplingParams) -> torch.Tensor:
        """``penalties.adjusted`` where the last of the tokens are known to the device alone."""
        if self._before is None:
            self._before = _Before.of(self.ask.request, logits.shape[-1]).to(logits.device)
        elif self.drawn:
            self._before = self._before.after(self.drawn[-1])
        before = self._before
        if params.repetition_penalty != 1.0:
            logits = torch.where(before.seen > 0, punished(logits, params.repetition_penalty), logits)
        if counts(params):
            logits = logits - params.frequency_penalty * before.said
            logits = torch.where(before.said > 0, logits - params.presence_penalty, logits)
        return logits + before.bias if params.logit_bias else logits

    def _times(self, probs: torch.Tensor) -> torch.Tensor:
        """E for every token ``[1, vocab]``: from the device's own random numbers, or where the same seed must give the
        same proposal, made on the host for all tokens of the proposal at once."""
        if self.ask.request.seed is None and self.ask.request.params.seed is None:
            return torch.empty_like(probs).exponential_().clamp_min_(_MIN)
        if self._made is None:
            self._made = _made_times(self.ask.request, len(self.tokens), probs.shape[1]).to(probs.device)
        return self._made.narrow(0, len(self.drawn), 1)

    def arrived(self, home: Sequence[torch.Tensor]) -> Proposal:
        """Gives its draft up where numbers were none; what was drawn from them does not count as drafted."""
        ids, numbers = home[0], torch.cat([number.view(1, -1) for number in home[1:]])
        finite = torch.isfinite(numbers).all(dim=-1).tolist()
        if finite[0]:
            self.draft.confirm(self.tokens)
        if not all(finite):
            self.draft.give_up()
        good = finite.index(False) if not all(finite) else len(ids)
        tokens = tuple(int(token) for token in ids[:good].tolist())
        if not tokens:
            return Proposal()
        return Proposal(tokens, numbers[:good] if self.rows else None)


def first_home(probs: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Who wins the race ``[rows]`` where a token of probability p takes the time E / p; with p = 0, never."""
    return (probs / times).argmax(dim=-1)


def _made_times(request: DraftRequest, position: int, vocab: int) -> torch.Tensor:
    """E ``[k, vocab]`` in float32, made on the host."""
    if request.seed is not None:  # log(1 / E) is the Gumbel noise
        noise = torch.stack([gumbel_noise(request.seed, position + j, vocab) for j in range(request.k)])
        return noise.neg_().exp_().float()
    generator = torch.Generator().manual_seed(int(request.uniform() * 2**53))
    return torch.empty(request.k, vocab).exponential_(generator=generator).clamp_min_(_MIN)


def draw_together(asks: Sequence[Ask]) -> list[Proposal]:
    """``drafts.model.propose_together`` without waiting for the device: the proposals are pending.

    A text does not go on with them, for that would take their ids.
    """
    runs = {id(ask): OnDevice(ask, tuple(ask.request.tokens)) for ask in asks}
    active = [(runs[id(ask)], ids) for ask, ids in begun(asks)]
    while active:
        runner = active[0][0].draft.runner
        batch = [Rows(run.draft.sequence or "", ids, 1, tail=None if ids else run.drawn[-1]) for run, ids in active]
        logits = runner.launch(batch, reserved=True)
        going: list[tuple[OnDevice, list[int]]] = []
        for i, (run, ids) in enumerate(active):
            length = len(run.tokens) + len(run.drawn)
            run.seconds += (runner.costs.expect(max(1, len(ids)), length) or 0.0) / len(active)
            run.draw(run.draft.fit(logits.narrow(0, i, 1)))
            if len(run.drawn) < run.ask.request.k:
                with suppress(CacheExhaustedError):
                    runner.reserve(run.draft.sequence or "", length + 1)
                    going.append((run, []))
        active = going
    for ask in asks:
        ask.draft.drawn(ask.request.tokens)
    return [runs[id(ask)].proposal() for ask in asks]


def _joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))
