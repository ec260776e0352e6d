"""Speculation changes no token of a reply that is a function of its request: greedy, or sampled with a seed.

And the cache tells the truth after every round, and the counts are right, whatever drafts.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from helix_app.engine.engine import Engine
from helix_app.protocol.requests import SamplingParams
from tests.engine.made.tiny import GREEDY, session_of
from tests.engine.proof.instruments.checks import (
    Run,
    check_cache,
    check_counts,
    check_identity,
    check_prefixes,
    fixed_chance,
    install_llama,
    plainly,
    reply,
)

PENALISED = SamplingParams(temperature=0.0, repetition_penalty=1.05)
COUNTED = SamplingParams(0.0, presence_penalty=0.7, frequency_penalty=0.4, logit_bias=((60, 1.5), (70, -3.0)))
SEEDED = SamplingParams(temperature=0.8, top_k=20, top_p=0.95, seed=7)  # a seed couples the text to it
WARM = SamplingParams(temperature=1.0, top_k=8, top_p=0.95)
KINDS = ["ngram", "model", "mixed", "itself", "self", "right", "wrong"]


def prompts(count: int) -> list[tuple[int, ...]]:
    """Random prompts of 4 to 40 tokens; every other one repeats itself."""
    chance = random.Random(1)
    made = []
    for i in range(count):
        ids = [chance.randrange(4, 300) for _ in range(chance.randrange(4, 21))]
        made.append(tuple(ids * 2 if i % 2 else ids))
    return made


_PLAIN: dict[object, Run] = {}


def plain(engine: Engine, prompt: tuple[int, ...], sampling: SamplingParams = GREEDY, **options: Any) -> Run:
    """The reply without speculation, written once for all drafts."""
    key = prompt, sampling, *options.items()
    if key not in _PLAIN:
        with pytest.MonkeyPatch.context() as patch:
            install_llama(engine, patch, "none")
            _PLAIN[key] = plainly(engine, patch, prompt, sampling=sampling, **options)
    return _PLAIN[key]


COUPLED_COUNTED = replace(COUNTED, temperature=0.8, presence_penalty=-1.5, frequency_penalty=-0.3, seed=5)


KS = ("fixed:1", "fixed:8", "fixed:3", "additive", "auto")
SAMPLINGS = {
    "greedy": SamplingParams(0.0),
    "penalty": PENALISED,
    "coupled": SEEDED,
    "counted": COUNTED,
    "coupled counted": COUPLED_COUNTED,
}


@pytest.mark.parametrize("name", SAMPLINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_identity_of_text(engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str, name: str) -> None:
    """Each draft and each sampling meets each k and each prompt (pairs, as in ``tests/covering.py``)."""
    sampling, turn = SAMPLINGS[name], KINDS.index(kind) + list(SAMPLINGS).index(name)
    accepted = drafted = 0
    for i, prompt in enumerate(prompts(6)):
        if (i + turn) % 2 and kind != "ngram":  # whose few hits all prompts are needed for
            continue
        with monkeypatch.context() as patch:
            want = plain(engine, prompt, sampling)
            install_llama(engine, patch, kind, shuffle=i, text=(*prompt, *want.tokens))
            k = KS[(i // 2 + turn) % 5]
            metrics = check_identity(engine, patch, prompt, want, sampling=sampling, k=k).finished.metrics
        drafted, accepted = drafted + metrics.drafted_tokens, accepted + metrics.accepted_tokens
    assert drafted > 0
    if kind in ("itself", "right"):
        assert accepted == drafted
    elif kind == "wrong":
        assert accepted == 0
    elif kind != "ngram" or name in ("greedy", "coupled"):  # a penalty is against repetition
        assert 0 < accepted < drafted


@pytest.mark.parametrize("sampling", [SamplingParams(0.0), WARM], ids=["greedy", "sampled"])
@pytest.mark.parametrize("kind", KINDS)
def test_identity_of_the_cache_and_a_fresh_prefill(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str, sampling: SamplingParams
) -> None:
    """Each draft and each sampling meets each prompt and each k (pairs)."""
    fixed_chance(monkeypatch, 3)
    turn = KINDS.index(kind) + (sampling is WARM)
    for i, prompt in enumerate(prompts(3)):
        if i == turn % 3:
            continue
        with monkeypatch.context() as patch:
            text = (*prompt, *plain(engine, prompt, max_tokens=36).tokens)
            install_llama(engine, patch, kind, shuffle=i, text=text)
            k = ("fixed:4", "additive", "fixed:8")[i]
            compared = check_cache(engine, patch, prompt, sampling=sampling, max_tokens=36, k=k)
            assert (compared > 0) == (kind in ("model", "mixed", "itself"))
            check_prefixes(engine, patch, prompt, sampling=sampling, max_tokens=36, k=k)


@pytest.mark.parametrize("kind", KINDS)
def test_identity_of_counts(engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    for prompt in prompts(3):
        with monkeypatch.context() as patch:
            text = (*prompt, *plain(engine, prompt).tokens)
            install_llama(engine, patch, kind, text=text)
            check_counts(engine, patch, prompt, k="fixed:6")
            patch.setattr(session_of(engine), "eos", frozenset({text[len(prompt) + 5]}))
            check_counts(engine, patch, prompt, k="fixed:6")
            check_identity(engine, patch, prompt, k="fixed:6")


@pytest.mark.parametrize("penalty", [1.0, 1.3])
def test_identity_of_draft_and_target_accepts_all_samples(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, penalty: float
) -> None:
    fixed_chance(monkeypatch, 5)
    install_llama(engine, monkeypatch, "itself", shuffle=2)
    for params in (WARM, SamplingParams(0.7, 0, 0.8), SamplingParams(1.3, 0, 1.0, 0.1)):
        sampling = SamplingParams(params.temperature, params.top_k, params.top_p, params.min_p, penalty)
        metrics = reply(engine, monkeypatch, prompts(2)[1], sampling=sampling, max_tokens=41).finished.metrics
        assert metrics.drafted_tokens >= 32
        assert metrics.accepted_tokens >= metrics.drafted_tokens - 1  # p / q is 1 but for rounding
