"""The certificate of a reply: evidence that speculation did not change it.

A reply whose tokens are a function of the request (temperature 0, or a seed) is written twice, with and without
speculation, and compared token by token. Where they part, the target's logits there say how near the tie was.

A reply sampled without a seed has no second run to agree with. Its drafted rounds are verified again many times with
fresh random numbers, on the very distributions of this reply, and the tokens that come out are compared with the
target's distribution by a chi-square test (Pearson, expected counts of 5 or more; rarer tokens pooled).
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import torch

from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.rounds.replies.reply import Round
from helix_app.engine.rounds.scheduler import CHUNK
from helix_app.engine.rounds.session import Session, prompt_tokens
from helix_app.engine.rounds.writing import write_reply
from helix_app.engine.sampling.filters import pick
from helix_app.engine.sampling.verification import verify
from helix_app.protocol.events import Event, Finished, known
from helix_app.protocol.requests import GenerateRequest, is_coupled

TRIALS = 1000  # verifications of each drafted round
_ROUNDS = 64  # drafted rounds that are tried
_EXPECTED = 5.0
SIGNIFICANT = 1e-3
_SCORING = "certificate"  # name of the sequence that gives the logits


@dataclass(frozen=True)
class Certificate:
    """What was shown.

    Attributes:
        kind: ``identity`` or ``distribution``.
        holds: identical tokens, or no significant difference; None when nothing was drafted or it was stopped.
        tokens: of the speculative reply.
        drafted, accepted: tokens in it that were proposed and stood.
        position: identity: first token that differs, None for none.
        logit_gap: there, by how much the target prefers the plain reply's token.
        tokens_there: the two token ids, plain first; None where a reply had ended.
        p_value: distribution: of the chi-square test over all rounds tried.
        rounds, trials: distribution: rounds tried, and verifications in all.
    """

    kind: str
    holds: bool | None
    tokens: int = 0
    drafted: int = 0
    accepted: int = 0
    position: int | None = None
    logit_gap: float | None = None
    tokens_there: tuple[int | None, int | None] | None = None
    p_value: float | None = None
    rounds: int = 0
    trials: int = 0


@dataclass
class Certified:
    """The last item of ``certify``: the speculative reply's result, and the certificate."""

    finished: Finished
    certificate: Certificate


@dataclass
class _Witness:
    """Keeps what the drafted rounds were judged on."""

    rounds: list[tuple[Proposal, torch.Tensor]] = field(default_factory=list)

    def __call__(self, round_: Round, target_probs: torch.Tensor) -> None:
        if round_.proposal.ids and len(self.rounds) < _ROUNDS:
            self.rounds.append((round_.proposal, target_probs))


def certify(session: Session, request: GenerateRequest, cancel: threading.Event) -> Iterator[Event | Certified]:
    """Write the reply speculatively (its events are passed on, Finished last of them), then Certified.

    Raises:
        HelixError: as ``writing.write_reply``.
    """
    request = replace(request, mode="speculative")
    witness = _Witness()
    finished: Finished | None = None
    for event in write_reply(session, request, cancel, witness):
        yield event
        if isinstance(event, Finished):
            finished = event
    if finished is None:
        return
    m = finished.metrics
    counts = known(m.tokens_generated), known(m.drafted_tokens), known(m.accepted_tokens)
    blank = Certificate("identity", None, *counts)
    if request.sampling.temperature > 0 and not is_coupled(request):
        yield Certified(finished, _distribution(witness.rounds, random.Random(m.seed), blank))
        return
    plain: Finished | None = None
    session.clear_caches()  # a prompt in other chunks may round otherwise
    for event in write_reply(session, replace(request, mode="autoregressive"), cancel):
        if isinstance(event, Finished):
            plain = event
    if plain is None or "cancelled" in (plain.reason, finished.reason):
        yield Certified(finished, blank)
        return
    yield Certified(finished, _identity(session, request, finished, plain, blank))


# --------------------------------------------------------------------------- identity


def _identity(
    session: Session, request: GenerateRequest, finished: Finished, plain: Finished, blank: Certificate
) -> Certificate:
    a, b = plain.token_ids, finished.token_ids
    if a == b:
        return replace(blank, holds=True if blank.drafted else None)
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    there = (a[at] if at < len(a) else None, b[at] if at < len(b) else None)
    gap = None
    if there[0] is not None and there[1] is not None:
        logits = logits_after(session, [*prompt_tokens(session, request), *a[:at]])
        gap = float(logits[there[0]] - logits[there[1]])
    return replace(blank, holds=False, position=at, logit_gap=gap, tokens_there=there)


def logits_after(session: Session, tokens: Sequence[int]) -> torch.Tensor:
    """The target's logits ``[vocab]`` after these tokens, from a cold cache."""
    runner = session.runner
    session.clear_caches()
    runner.open(_SCORING, ())
    try:
        for begin in range(0, len(tokens), CHUNK):
            if begin:
                runner.commit(_SCORING, tokens[:begin])  # windows give back what they have passed
            logits = runner.forward(_SCORING, tokens[begin : begin + CHUNK], 1)
        return logits[0]
    finally:
        runner.close(_SCORING)
        session.clear_caches()


# --------------------------------------------------------------------------- distribution


def _distribution(
    rounds: Sequence[tuple[Proposal, torch.Tensor]], rng: random.Random, blank: Certificate
) -> Certificate:
    """Chi-square of verified first tokens against the target's own distribution, summed over rounds."""
    statistic, freedom, trials = 0.0, 0, 0
    for proposal, target_probs in rounds:
        chi, dof = first_token_test(target_probs[0], proposal, TRIALS, rng)
        statistic, freedom, trials = statistic + chi, freedom + dof, trials + TRIALS
    blank = replace(blank, kind="distribution", rounds=len(rounds), trials=trials)
    if not freedom:
        return blank
    p = float(torch.special.gammaincc(torch.tensor(freedom / 2.0).double(), torch.tensor(statistic / 2.0).double()))
    return replace(blank, holds=p > SIGNIFICANT, p_value=p)


def first_token_test(
    target_row: torch.Tensor, proposal: Proposal, trials: int, rng: random.Random
) -> tuple[float, int]:
    """Chi-square statistic and degrees of freedom of the first emitted token over ``trials`` verifications.

    Args:
        target_row: the target's distribution ``[vocab]``.
        proposal: whose first token is drafted anew from its distribution for each trial (a one-hot one repeats it).
    """
    draft_row = None if proposal.probs is None else proposal.probs[0]
    kept = target_row > 0
    if draft_row is not None:
        kept = kept | (draft_row > 0)
    kept[proposal.ids[0]] = True
    ids = kept.nonzero()[:, 0]  # the others can neither be drafted nor emitted
    target = target_row[ids].repeat(2, 1)
    draft = None if draft_row is None else draft_row[ids].unsqueeze(0)
    fixed = int((ids == proposal.ids[0]).nonzero()[0])
    seen = torch.zeros(len(ids), dtype=torch.float64)
    for _ in range(trials):
        token = fixed if draft is None else pick(draft[0], rng.random())
        verdict = verify(target, (token,), draft, (rng.random(), rng.random()))
        seen[token if verdict.accepted else verdict.next_token] += 1
    wanted = target_row[ids].double() * trials
    wanted *= trials / wanted.sum()
    rare = wanted < _EXPECTED
    if bool(((wanted == 0) & (seen > 0)).any()):
        return float("inf"), 1  # a token the target would never have said
    seen = torch.cat((seen[~rare], seen[rare].sum().view(1)))
    wanted = torch.cat((wanted[~rare], wanted[rare].sum().view(1)))
    filled = wanted > 0
    if int(filled.sum()) < 2:
        return 0.0, 0
    return float(((seen - wanted)[filled] ** 2 / wanted[filled]).sum()), int(filled.sum()) - 1
