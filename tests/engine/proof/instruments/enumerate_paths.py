"""Every path of speculative decoding through the production functions, with its probability.

Each function that takes a uniform number is piecewise constant in it. So it is called just inside both ends of every
interval that the distributions promise, which must give the same answer, and the answer counts with the length of the
interval. What comes out is the law of the emitted tokens, exact but for rounding.

Models are tables of random logits by context. They run behind the production runner, pool and cache: their decoder
keeps token ids where others keep keys, so what it sees of the context is what the paged cache really holds.
"""

from __future__ import annotations

import copy
import itertools
import math
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from helix_app.engine.cache.kv_cache import KVCache, KVView
from helix_app.engine.cache.layout import whole
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.control.policy import DraftOption, KPolicy, RoundResult
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.sampling import filters, penalties, verification
from helix_app.engine.sampling.verification import Verdict
from helix_app.modelfiles.config import ModelConfig
from helix_app.protocol.requests import SamplingParams

Context = tuple[int, ...]
Law = dict[Context, float]
EDGE = 1e-12  # how far inside an interval of a cumulative sum its ends are tried
ALMOST_ONE = math.nextafter(1.0, 0.0)


class BrokenPromise(AssertionError):
    """A function answers differently within an interval that should have one answer."""


# --------------------------------------------------------------------------- models


class Table:
    """Random logits after each context, ``[vocab]`` float64.

    Args:
        order: how many of the last tokens matter; None for all.
        base: a table to which ``spread`` times the noise is added: a draft that is similar.
    """

    def __init__(
        self, seed: int, vocab: int = 3, order: int | None = None, spread: float = 1.5, base: Table | None = None
    ) -> None:
        self.vocab, self._seed, self.order, self._spread, self._base = vocab, seed, order, spread, base
        self._known: dict[Context, torch.Tensor] = {}

    def __call__(self, context: Sequence[int]) -> torch.Tensor:
        key = tuple(context) if self.order is None else tuple(context[max(0, len(context) - self.order) :])
        if key not in self._known:
            noise = random.Random(f"{self._seed} {key}")
            row = torch.tensor([noise.gauss(0, self._spread) for _ in range(self.vocab)], dtype=torch.float64)
            self._known[key] = row if self._base is None else row + self._base(key)
        return self._known[key]

    def rows(self, context: Context, ids: Context) -> torch.Tensor:
        """Logits ``[len(ids) + 1, vocab]`` along some more tokens."""
        return torch.stack([self((*context, *ids[:j])) for j in range(len(ids) + 1)])


class TableDecoder:
    """A decoder whose keys are token ids: it knows of the context what the cache holds.

    Where few of the last tokens matter to the table, its only layer has a window of so many.
    """

    graphs, kernels, bits, parameters, dtype, format = None, (), 0, 0, torch.float64, "float64"

    def __init__(self, table: Table, max_positions: int) -> None:
        self.table, self.max_positions, self.device = table, max_positions, torch.device("cpu")
        self._window = table.order or max_positions
        self.config = ModelConfig("table", table.vocab, 1, 1, 1, 1, 1, 1, max_positions)

    @torch.inference_mode()
    def forward(self, ids: torch.Tensor, start: int, view: KVView, logit_rows: int, *_: object) -> torch.Tensor:
        new = ids.double().view(1, -1, 1)
        keys, _values = view.write(0, torch.cat((new, new)))
        held, window = keys[0, 0, :, 0], self._window
        ends = range(start + len(ids) - logit_rows + 1 - view.first, start + len(ids) + 1 - view.first)
        seen = [held[max(0, end - window) : end].tolist() for end in ends]
        return torch.stack([self.table([int(i) for i in context]) for context in seen])

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Any]) -> torch.Tensor:
        parts = ids.split([span.rows for span in spans])
        return torch.cat([self.forward(part, s.start, s.view, s.logit_rows) for part, s in zip(parts, spans)])


def table_runner(table: Table, blocks: int = 24, size: int = 2, shuffle: int | None = 0) -> ModelRunner:
    """The production runner around a table; ``shuffle`` seeds the order of the free list."""
    decoder: Any = TableDecoder(table, blocks * size)
    order = None if shuffle is None else random.Random(shuffle).sample(range(blocks), blocks)
    layout = whole(1, table.order or 0)
    cache = KVCache(decoder.config, blocks, size, torch.float64, decoder.device, layout)
    with torch.inference_mode():
        for tensor in (*cache.keys, *cache.values):
            tensor.fill_(float("nan"))  # what was never written must never be read
    return ModelRunner(decoder, BlockPool(blocks, size, order, layout.windows), cache)


class OneHotDraft:
    """Drafts a fixed token after each context and says nothing of probabilities."""

    kind = "one-hot"
    runner = None

    def __init__(self, table: Table) -> None:
        self._table = table

    def fresh(self, repeatable: bool = False) -> OneHotDraft:
        return self

    def begin(self, sequence_id: str) -> None: ...
    def settle(self, tokens: Sequence[int]) -> None: ...
    def end(self) -> None: ...
    def set_apart(self) -> None: ...
    def ask(self, request: DraftRequest) -> None: ...

    def offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        return (DraftOption("one-hot"),)

    def propose(self, request: DraftRequest) -> Proposal:
        ids: Context = ()
        while len(ids) < request.k:
            ids = (*ids, int(self._table((*request.tokens, *ids)).argmax()))
        return Proposal(ids)


def model_draft(table: Table) -> ModelDraft:
    """The production draft model around a table."""
    return ModelDraft(table_runner(table), table.vocab)


# --------------------------------------------------------------------------- what it should be


def reference_row(
    logits: Sequence[float], params: SamplingParams, seen: Sequence[int], said: Sequence[int] = ()
) -> list[float]:
    """The distribution after every filter, from their definitions and without torch; ``said`` is the reply so far."""
    scores = list(logits)
    for i in set(seen):
        scores[i] = scores[i] / params.repetition_penalty if scores[i] > 0 else scores[i] * params.repetition_penalty
    for i in said:
        scores[i] -= params.frequency_penalty
    for i in set(said):
        scores[i] -= params.presence_penalty
    for i, bias in params.logit_bias:
        scores[i] += bias
    best = max(scores)
    if params.temperature == 0:
        return [float(i == scores.index(best)) for i in range(len(scores))]
    weights = [math.exp((score - best) / params.temperature) for score in scores]
    likely = sorted(range(len(scores)), key=lambda i: -weights[i])
    if params.top_k:
        likely = likely[: params.top_k]
    total, before, kept = sum(weights[i] for i in likely), 0.0, []
    for i in likely:
        if before < params.top_p * total:
            kept.append(i)
        before += weights[i]
    kept = [i for i in kept if weights[i] >= params.min_p * weights[likely[0]]]
    total = sum(weights[i] for i in kept)
    return [weights[i] / total if i in kept else 0.0 for i in range(len(scores))]


def target_law(target: Table, params: SamplingParams, prompt: Context, length: int) -> Law:
    """The probability of every text when the target alone draws token by token."""
    law: Law = {(): 1.0}
    for _ in range(length):
        longer: Law = {}
        for text, mass in law.items():
            context = (*prompt, *text)
            for token, p in enumerate(reference_row(target(context).tolist(), params, context, text)):
                if p > 0:
                    longer[(*text, token)] = mass * p
        law = longer
    return law


def difference(a: Law, b: Law) -> float:
    """The largest difference of two probabilities."""
    return max(abs(a.get(text, 0.0) - b.get(text, 0.0)) for text in {*a, *b})


# --------------------------------------------------------------------------- enumeration


def intervals(weights: torch.Tensor) -> Iterator[tuple[float, float, float]]:
    """First and last uniform number (just inside) and length of each interval of an inverse CDF."""
    total = float(weights.sum())
    end = 0.0
    for weight in weights.tolist():
        begin, end = end, end + weight
        if weight > 4 * EDGE * total:
            first = 0.0 if begin == 0 else begin / total + EDGE
            yield first, min(end / total - EDGE, ALMOST_ONE), weight / total


def steps(answer: Callable[[float], object], grid: int = 32) -> Iterator[tuple[float, float]]:
    """Middle and length of each interval of a step function on [0, 1) that promises nothing, found by bisection."""
    points = [i / grid for i in range(grid)] + [ALMOST_ONE]
    begin, known = 0.0, answer(0.0)
    for low, high in itertools.pairwise(points):
        if answer(high) != known:
            while high - low > EDGE / 4:
                middle = (low + high) / 2
                low, high = (middle, high) if answer(middle) == known else (low, middle)
            yield (begin + low) / 2, high - begin
            begin, known = high, answer(high)
    yield (begin + 1.0) / 2, 1.0 - begin


def outcomes(
    target_probs: torch.Tensor, ids: Context, draft_probs: torch.Tensor | None
) -> Iterator[tuple[Verdict, float]]:
    """Every verdict of ``verify`` with its probability."""
    k = len(ids)
    accept = verification.acceptance_probs(target_probs, ids, draft_probs)
    reached = 1.0
    for j in range(k + 1):
        stop = reached * (1.0 - accept[j]) if j < k else reached
        if stop > 4 * EDGE:
            told = None if draft_probs is None or j == k else draft_probs[j]
            row = target_probs[k] if j == k else verification.residual(target_probs[j], ids[j], told)
            passed = [math.nextafter(a, 0.0) for a in accept[:j]]
            for first, last, length in intervals(row):
                low = [0.0] * j + accept[j : j + 1] + [0.0] * (k - j - 1) + [first]
                high = passed + [ALMOST_ONE] * (k - j) + [last]
                verdict = verification.verify(target_probs, ids, draft_probs, low)
                if verification.verify(target_probs, ids, draft_probs, high) != verdict:
                    raise BrokenPromise(f"{verdict} is not what the whole interval gives")
                yield verdict, stop * length
        if j < k:
            reached *= accept[j]


def proposals(
    draft: Draft, tokens: Context, k: int, params: SamplingParams, prompt: int = 0
) -> Iterator[tuple[Proposal, float]]:
    """Every proposal of a production draft with its probability; ``prompt`` tokens are not the reply's."""

    def ask(script: Sequence[float]) -> tuple[Proposal, int]:
        numbers, drawn = iter(script), 0

        def uniform() -> float:
            nonlocal drawn
            drawn += 1
            return next(numbers, 0.5)

        draft.begin("s")
        proposal = draft.propose(DraftRequest(tokens, k, params, uniform, "model", begin=prompt))
        draft.end()
        return proposal, drawn

    def go(script: list[float], mass: float, proposal: Proposal, drawn: int) -> Iterator[tuple[Proposal, float]]:
        if drawn <= len(script):
            yield proposal, mass
            return
        if proposal.probs is None or len(proposal.probs) <= len(script):  # drawn, but not told of
            for middle, length in steps(lambda u: ask([*script, u])[0].ids):
                yield from go([*script, middle], mass * length, *ask([*script, middle]))
            return
        for first, last, length in intervals(proposal.probs[len(script)]):
            begin, end = ask([*script, first])[0], ask([*script, last])
            if begin.ids[: len(script) + 1] != end[0].ids[: len(script) + 1]:
                raise BrokenPromise(f"after {tokens} the draft does not draw from what it says")
            yield from go([*script, last], mass * length, *end)

    yield from go([], 1.0, *ask([]))


def spoken_law(
    target: Table, draft: Draft, policy: KPolicy, params: SamplingParams, prompt: Context, length: int, ahead: bool
) -> tuple[Law, dict[str, float]]:
    """The law of the first ``length`` tokens of rounds of speculative decoding.

    Args:
        policy: chooses k before each round and learns after it, on every path for itself.
        ahead: whether drafts may reach beyond ``length``; the engine stops them there.

    Returns:
        The law, and the expected number of tokens of each provenance.
    """
    law: Law = {}
    kinds: dict[str, float] = defaultdict(float)
    paths: list[dict[tuple[Context, str], tuple[KPolicy, float]]] = [{} for _ in range(length + 1)]
    paths[0][((), "")] = (policy, 1.0)
    for done in range(length):
        for (text, _), (before, mass) in paths[done].items():
            tokens = (*prompt, *text)
            draft.begin("s")
            choice = before.choose(draft.offers(tokens), len(tokens))
            draft.end()
            k = choice.k if ahead else min(choice.k, length - done - 1)
            for proposal, drafted in proposals(draft, tokens, k, params, len(prompt)) if k else [(Proposal(), 1.0)]:
                ids = proposal.ids
                logits = penalties.adjusted(target.rows(tokens, ids), params, tokens, len(prompt), ids)
                probs = filters.distribution(logits, params)
                for verdict, weight in outcomes(probs, ids, proposal.probs):
                    here = mass * drafted * weight
                    whole = (*text, *ids[: verdict.accepted], verdict.next_token)
                    kinds["accepted"] += here * verdict.accepted
                    kinds[verdict.provenance] += here
                    if len(whole) >= length:
                        law[whole[:length]] = law.get(whole[:length], 0.0) + here
                        continue
                    after = copy.deepcopy(before)
                    after.learn(RoundResult(choice.source, len(ids), verdict.accepted, 0.0, 0.0, len(tokens)))
                    key = (whole, repr(vars(after)))
                    paths[len(whole)][key] = (after, here + paths[len(whole)].get(key, (after, 0.0))[1])
    return law, kinds
