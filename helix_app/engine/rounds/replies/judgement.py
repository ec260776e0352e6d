"""What a round came to, and how long it took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.sampling.coupled import verify_coupled
from helix_app.engine.sampling.filters import check_logits, checked_likeliest, distribution, likeliest, one_hot
from helix_app.engine.sampling.grammar import GrammarMask, masked
from helix_app.engine.sampling.penalties import adjusted, adjusts
from helix_app.engine.sampling.verification import Verdict, verify, verify_greedy
from helix_app.protocol.requests import SamplingParams


@dataclass(frozen=True)
class Judgement:
    """What became of a proposal.

    Attributes:
        verdict: how much of it stands, and the next token.
        logits: of the target, as they came, ``[k + 1, vocab]``.
        probs: the target's distributions ``[k + 1, vocab]``; None at temperature 0.
        best: at temperature 0 the token of each row that has all of it.
    """

    verdict: Verdict
    logits: torch.Tensor
    probs: torch.Tensor | None = None
    best: tuple[int, ...] = ()

    @property
    def target_probs(self) -> torch.Tensor:
        """The target's distributions ``[k + 1, vocab]``, made where there are none."""
        return one_hot(torch.tensor(self.best), self.logits) if self.probs is None else self.probs

    def prob(self, row: int, token: int) -> float:
        """The probability of one token."""
        return float(self.best[row] == token) if self.probs is None else float(self.probs[row, token])


@dataclass(frozen=True)
class Timing:
    """Seconds of a round.

    Attributes:
        verify: the target's pass and the judgement.
        begin: when the round began, on ``time.perf_counter``.
        share: what a token costs this reply in a crowd without drafting; None when it is alone.
        cost: what the round cost this reply in a crowd; None when it is alone.
        plain: what a pass without any draft takes in that crowd, which gives each reply a token; None when it is alone,
            or nothing was measured.
    """

    verify: float
    begin: float
    share: float | None = None
    cost: float | None = None
    plain: float | None = None


def judge(
    logits: torch.Tensor,
    proposal: Proposal,
    params: SamplingParams,
    tokens: Sequence[int],
    begin: int,
    seed: int | None,
    uniform: Callable[[], float],
    grammar: GrammarMask | None = None,
) -> Judgement:
    """The verdict on a proposal, from the target's logits ``[k + 1, vocab]``.

    Args:
        tokens: the sequence that the proposal follows.
        begin: index of the reply's first token.
        grammar: of the reply, before the proposal.
        seed: of a coupled reply; None for rejection sampling, which takes k + 1 numbers from ``uniform``.

    Raises:
        NumericsError: the logits are not numbers.
        InputError: the grammar turned out too complex.
    """
    given = logits
    if params.temperature == 0 and grammar is None and not adjusts(params):
        return _greedy(checked_likeliest(logits), proposal, given)
    check_logits(logits)
    if adjusts(params):
        logits = adjusted(logits, params, tokens, begin, proposal.ids)
    if grammar is not None:
        logits = masked(logits, grammar.rows(proposal.ids))
        check_logits(logits)  # a model may have ruled out all that its grammar allows
    if params.temperature == 0:
        return _greedy(likeliest(logits).tolist(), proposal, given)
    probs = distribution(logits, params)
    if seed is not None:
        return Judgement(verify_coupled(probs, proposal.ids, seed, len(tokens)), given, probs)
    uniforms = [uniform() for _ in range(len(proposal.ids) + 1)]
    return Judgement(verify(probs, proposal.ids, proposal.probs, uniforms), given, probs)


def _greedy(best: list[int], proposal: Proposal, logits: torch.Tensor) -> Judgement:
    return Judgement(verify_greedy(best, proposal.ids), logits, best=tuple(best))
