"""Checks of whole replies by the real engine: identity of text, honesty of the cache, counts, and the exact law.

Each raises AssertionError where a promise is broken. ``test_mutants.py`` shows what each of them catches.
"""

from __future__ import annotations

import functools
import random
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest
import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.on_target.self_draft import SelfDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.engine import Engine
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.session import Prompt, Session
from helix_app.engine.sampling.filters import pick
from helix_app.protocol.events import Event, Finished, PrefillDone, RoundDone
from helix_app.protocol.requests import GenerateRequest, SamplingParams
from tests.engine.made.tiny import GREEDY, session_of
from tests.engine.proof.instruments.enumerate_paths import BrokenPromise, Context, Law, OneHotDraft, intervals, outcomes

Patch = pytest.MonkeyPatch


# --------------------------------------------------------------------------- set-up


def everywhere(patch: Patch, name: str, value: object, within: str = "helix_app.engine", but: str = "-") -> None:
    """Replace a function in every module of the engine that has it or imported it."""
    for module in having(name, within, but, len(sys.modules)):
        patch.setattr(module, name, value)


@functools.lru_cache(maxsize=32)
def having(name: str, within: str, but: str, imported: int) -> list[ModuleType]:
    """Modules with such a function, of so many that are imported: the search would take longer than a short reply."""
    places = ((path, module) for path, module in list(sys.modules.items()) if path.startswith(within))
    return [module for path, module in places if not path.startswith(but) and callable(vars(module).get(name))]


def engine_class(name: str) -> Any:
    """A class of the engine, wherever it is defined."""
    places = (m for path, m in sys.modules.items() if path.startswith("helix_app.engine"))
    return next(vars(module)[name] for module in places if name in vars(module))


class Told(OneHotDraft):
    """Drafts from a known text: always right, or with ``wrong`` added to each token, always wrong."""

    def __init__(self, text: Sequence[int], wrong: int, vocab: int) -> None:
        self._text, self._wrong, self._vocab = tuple(text), wrong, vocab

    def propose(self, request: DraftRequest) -> Proposal:
        at = len(request.tokens)
        return Proposal(tuple((t + self._wrong) % self._vocab for t in self._text[at : at + request.k]))


def fresh_runner(runner: ModelRunner, shuffle: int | None = None) -> ModelRunner:
    """The same model with a pool and a cache of its own; ``shuffle`` seeds the order of the free list."""
    old = runner.pool
    order = None if shuffle is None else random.Random(shuffle).sample(range(old.num_blocks), old.num_blocks)
    like = runner.cache.keys[0]
    cache = KVCache(runner.decoder.config, old.num_blocks, old.block_size, like.dtype, like.device)
    made = ModelRunner(runner.decoder, BlockPool(old.num_blocks, old.block_size, order), cache)
    made.costs = runner.costs
    return made


def install(engine: Engine, patch: Patch, runner: ModelRunner, draft: Draft | None) -> None:
    """Give the session another target and draft, an empty memory and no token that ends a reply."""
    session = session_of(engine)
    patch.setattr(session, "runner", runner)
    patch.setattr(session, "draft", draft)
    own = getattr(draft, "model", draft)
    if isinstance(own, ModelDraft) and not isinstance(own, SelfDraft):
        patch.setattr(session, "draft_runner", own.runner)
    for memory in ("policies", "sources"):
        patch.setattr(session, memory, {}, raising=False)
    patch.setattr(session, "eos", frozenset())


def install_llama(
    engine: Engine, patch: Patch, kind: str, shuffle: int | None = None, text: Sequence[int] = ()
) -> None:
    """The engine's own tiny models with a kind of draft; ``text`` is what ``right`` and ``wrong`` know."""
    session = session_of(engine)
    target, vocab = session.runner, session.runner.decoder.config.vocab_size
    runner = fresh_runner(target, shuffle)
    assert session.draft_runner is not None
    makers: dict[str, Callable[[], Draft | None]] = {
        "none": lambda: None,
        "ngram": NgramDraft,
        "model": lambda: ModelDraft(fresh_runner(session.draft_runner, shuffle), vocab),
        "mixed": lambda: MixedDraft(NgramDraft(), ModelDraft(fresh_runner(session.draft_runner, shuffle), vocab)),
        "itself": lambda: ModelDraft(fresh_runner(target, shuffle), vocab),
        "self": lambda: self_draft(session.draft_runner.decoder, runner),
        "right": lambda: Told(text, 0, vocab),
        "wrong": lambda: Told(text, 1, vocab),
    }
    install(engine, patch, runner, makers[kind]())


def self_draft(decoder: Any, target: ModelRunner) -> SelfDraft:
    """Another decoder of the target's shape as a draft on the target's own pool and cache."""
    return SelfDraft(ModelRunner(decoder, target.pool, target.cache), target.decoder.config.vocab_size)


@dataclass
class Run:
    """A finished reply: its tokens, and the prompt's before them."""

    prompt: Context
    tokens: Context
    events: list[Event]
    finished: Finished

    @property
    def rounds(self) -> list[RoundDone]:
        return [event for event in self.events if isinstance(event, RoundDone)]


def reply(
    engine: Engine, patch: Patch, prompt: Context, each: Callable[[Event], None] | None = None, **options: Any
) -> Run:
    """Run a request on these prompt tokens; greedy unless told otherwise."""
    request = GenerateRequest("r", **{"sampling": GREEDY, "max_tokens": 24, "k": "fixed:4", **options})
    seen: list[Event] = []
    with patch.context() as inner:
        everywhere(inner, "prompt_of", lambda session, request: Prompt(list(prompt)))
        for event in engine.stream(request, threading.Event()):
            seen.append(event)
            if each is not None:
                each(event)
    assert isinstance(seen[-1], Finished), seen[-1]
    for runner in runners(session_of(engine)):
        runner.pool.check_integrity()
        assert runner.pool.used_blocks == 0
    return Run(prompt, seen[-1].token_ids, seen, seen[-1])


def plainly(engine: Engine, patch: Patch, prompt: Context, **options: Any) -> Run:
    """The reply without speculation, from a runner of its own."""
    with patch.context() as inner:
        inner.setattr(session_of(engine), "runner", fresh_runner(session_of(engine).runner))
        return reply(engine, patch, prompt, mode="autoregressive", **options)


def runners(session: Session) -> Iterator[ModelRunner]:
    """The target's, then the draft's if it has one."""
    yield session.runner
    if session.draft_runner is not None:
        yield session.draft_runner


def fixed_chance(patch: Patch, seed: int) -> None:
    """Unseeded requests draw their seed from here, so that they repeat and yet ask for no coupling."""
    source = random.Random(seed)
    patch.setattr(random, "SystemRandom", lambda: source)


# --------------------------------------------------------------------------- checks


def check_identity(engine: Engine, patch: Patch, prompt: Context, want: Run | None = None, **options: Any) -> Run:
    """Greedy text with speculation is the text without, which is written here unless it is given."""
    want = want or plainly(engine, patch, prompt, **options)
    got = reply(engine, patch, prompt, **options)
    assert got.tokens == want.tokens
    assert (got.finished.text, got.finished.reason) == (want.finished.text, want.finished.reason)
    assert want.finished.metrics.drafted_tokens == 0
    return got


def check_cache(engine: Engine, patch: Patch, prompt: Context, **options: Any) -> int:
    """After each round, target and draft hold the keys and values of a fresh prefill, to 1e-4, and no slot more.

    Returns:
        How many tokens of the draft model's cache were compared.
    """
    session = session_of(engine)
    tokens, seen = list(prompt), list[tuple[ModelRunner, int, Cached]]()

    def look(event: Event) -> None:
        if not isinstance(event, (PrefillDone, RoundDone)):
            return
        tokens.extend(t.token_id for t in event.emitted)
        for runner in runners(session):
            runner.pool.check_integrity()
            for name, table in runner.pool.tables().items():
                assert table.length == table.verified < len(tokens)
                assert table.length == len(tokens) - 1 or runner is not session.runner
                seen.append((runner, table.length, cached(runner, name)))

    reply(engine, patch, prompt, look, **options)
    for runner in runners(session):
        own = [(length, held) for one, length, held in seen if one is runner]
        compare(prefilled(runner, tokens[: max([1, *(length for length, _ in own)])]), own)
    return sum(length for runner, length, _ in seen if runner is not session.runner)


Cached = list[tuple[torch.Tensor, ...]]  # keys and values of each layer


def cached(runner: ModelRunner, name: str) -> Cached:
    """What a sequence has in the cache."""
    return [tuple(t.clone() for t in runner.read(name, i)) for i in range(runner.decoder.config.num_layers)]


def prefilled(runner: ModelRunner, tokens: Sequence[int]) -> Cached:
    """What a prefill of ``tokens`` elsewhere gives. Of a text's beginning it is the same: no token sees later ones."""
    fresh = fresh_runner(runner)
    fresh.open("fresh", ())
    fresh.forward("fresh", tokens, 1)
    return cached(fresh, "fresh")


def compare(want: Cached, seen: Sequence[tuple[int, Cached]]) -> None:
    """Keys and values of so many tokens are those of the beginning of a prefill."""
    for length, held in seen:
        for mine, other in zip(held, want):
            for a, b in zip(mine, other):
                assert a.shape[1] == length
                torch.testing.assert_close(a, b[:, :length], atol=1e-4, rtol=1e-4)


def check_prefixes(engine: Engine, patch: Patch, prompt: Context, **options: Any) -> None:
    """What the prefix index finds later, for texts that were drafted and rejected too, is what a prefill gives."""
    run = reply(engine, patch, prompt, **options)
    text, at, texts = (*prompt, *run.tokens), len(prompt) + 1, []
    for done in run.rounds:
        texts.append((*text[:at], *(p.token_id for p in done.proposed), 0))
        at += len(done.emitted)
    for runner in runners(session_of(engine)):
        known: dict[Context, Cached] = {}
        for i, wanted in enumerate([*texts, (*text, 0)]):
            hit = runner.open(f"later {i}", wanted)
            if hit:
                found = wanted[:hit]
                known[found] = known.get(found) or prefilled(runner, found)
                compare(known[found], [(hit, cached(runner, f"later {i}"))])
            runner.close(f"later {i}")
        runner.pool.check_integrity()


def check_counts(engine: Engine, patch: Patch, prompt: Context, **options: Any) -> None:
    """Acceptance and accepted length, counted again from the proposals and the plain text alone."""
    want = plainly(engine, patch, prompt, **options).tokens
    run = reply(engine, patch, prompt, **options)
    assert run.tokens == want
    at, scored, accepted = 1, 0, 0
    for done in run.rounds:
        offered = [p.token_id for p in done.proposed]
        here = offered[: len(want) - at] if done is run.rounds[-1] else offered  # nothing past the end of the reply
        stood = next((i for i, t in enumerate(here) if at + i >= len(want) or t != want[at + i]), len(here))
        assert (done.k, done.accepted) == (len(here), stood) == (len(offered), stood)
        scored, accepted, at = scored + len(here), accepted + stood, at + len(done.emitted)
    metrics = run.finished.metrics
    assert at == len(want) == metrics.tokens_generated
    assert (metrics.drafted_tokens, metrics.accepted_tokens) == (scored, accepted)
    assert metrics.acceptance_rate == (accepted / scored if scored else None)
    assert metrics.target_passes == len(run.rounds)
    assert metrics.mean_accepted_length == pytest.approx((len(want) - 1) / len(run.rounds))


# --------------------------------------------------------------------------- the law of whole replies


def reply_law(engine: Engine, patch: Patch, prompt: Context, params: SamplingParams, **options: Any) -> Law:
    """The law of replies by the real loop: each path through its draws and verdicts is run once.

    Every draw of the draft model and every verdict becomes a choice; the loop around them is the engine's.
    """
    script: list[int] = []
    widths: list[int] = []
    known: dict[Any, list[tuple[Any, float]]] = {}
    at, mass = 0, 1.0

    def choose(answers: list[tuple[Any, float]]) -> Any:
        nonlocal at, mass
        if at == len(script):
            script.append(0)
            widths.append(len(answers))
        answer, weight = answers[script[at]]
        at, mass = at + 1, mass * weight
        return answer

    def choose_verdict(probs: torch.Tensor, ids: Context, told: torch.Tensor | None, _uniforms: object) -> Any:
        key = (ids, tuple(probs.flatten().tolist()), None if told is None else tuple(told.flatten().tolist()))
        if key not in known:
            known[key] = list(outcomes(probs, ids, told))
        return choose(known[key])

    def choose_token(row: torch.Tensor, _uniform: float) -> int:
        answers = []
        for first, last, length in intervals(row):
            if pick(row, first) != pick(row, last):
                raise BrokenPromise("a draw is not what its interval promises")
            answers.append((pick(row, first), length))
        return choose(answers)

    law: Law = {}
    with patch.context() as inner:
        everywhere(inner, "verify", choose_verdict, but="helix_app.engine.sampling.verification")
        everywhere(inner, "pick", choose_token, within="helix_app.engine.drafts")
        while True:
            at, mass = 0, 1.0
            session_of(engine).policies.clear()  # each path begins with the same k
            tokens = reply(engine, patch, prompt, sampling=params, **options).tokens
            law[tokens] = law.get(tokens, 0.0) + mass
            while script and script[-1] + 1 == widths[-1]:
                script.pop()
                widths.pop()
            if not script:
                return law
            script[-1] += 1
