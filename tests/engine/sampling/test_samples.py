"""Sampled replies follow the target's own distribution, drafted or not."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Sequence

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.replies import reply
from helix_app.engine.rounds.session import Prompt
from helix_app.engine.sampling import verification
from helix_app.engine.sampling.filters import distribution
from helix_app.protocol.events import Failed, PrefillDone, RoundDone
from helix_app.protocol.requests import GenerateRequest, SamplingParams, Verify
from tests.engine.made.tiny import check_idle, session_of
from tests.later import Later

stats = Later("scipy.stats")

# --------------------------------------------------------------------------- the same distribution

SAMPLED = SamplingParams(temperature=1.4, top_k=3, top_p=1.0)
LENGTH = 3


def next_probs(runner: ModelRunner, tokens: Sequence[int]) -> torch.Tensor:
    runner.open("law", ())
    try:
        return distribution(runner.forward("law", tokens, 1), SAMPLED)[0].double()
    finally:
        runner.close("law")


def exact_law(runner: ModelRunner, prompt: list[int]) -> dict[tuple[int, ...], float]:
    """The probability of every text of ``LENGTH`` tokens after a prompt."""
    law: dict[tuple[int, ...], float] = {(): 1.0}
    for _ in range(LENGTH):
        longer = {}
        for text, mass in law.items():
            probs = next_probs(runner, [*prompt, *text])
            longer.update({(*text, t): mass * float(probs[t]) for t in probs.nonzero().flatten().tolist()})
        law = longer
    return law


def repetitive_prompt(runner: ModelRunner) -> list[int]:
    """A prompt with likely continuations that read like an earlier place of it, which is right now and then.

    What is likely depends on the prompt, so it is made twice and the best of many is taken.
    """

    def likely(tokens: list[int]) -> list[tuple[int, float]]:
        values, ids = next_probs(runner, tokens).topk(3)
        return list(zip(ids.tolist(), values.tolist()))

    best: tuple[float, list[int]] = (0.0, [])
    for a in range(30, 50):
        prompt = [5, 6, 7, a]
        for _ in range(3):
            right, body = 0.0, []
            for first, probability in likely(prompt):
                (second, _), (wrong, _), _ = likely([*prompt, first])
                hit = dict(itertools.pairwise(prompt)).get(first)  # what the n-gram proposes after it
                right += probability * dict(likely([*prompt, first])).get(hit, 0.0)
                body += [a, first, second, wrong]
            best = max(best, (right, prompt))
            prompt = [*body, a]
    return best[1]


@pytest.fixture(scope="module")
def prompt(ngram: Engine) -> list[int]:
    """For the target that all drafts have."""
    return repetitive_prompt(session_of(ngram).runner)


def sampled_p_value(
    engine: Engine, prompt: list[int], monkeypatch: pytest.MonkeyPatch, runs: int, verify: Verify = "rejection"
) -> float:
    """Chi-square of the first ``LENGTH`` tokens over many seeds against the exact distribution."""
    law = exact_law(session_of(engine).runner, prompt)
    monkeypatch.setattr(reply, "prompt_of", lambda session, request: Prompt(list(prompt)))
    counts: Counter[tuple[int, ...]] = Counter()
    drafted = accepted = 0
    for seed in range(runs):
        sampling = SamplingParams(temperature=1.4, top_k=3, top_p=1.0, seed=seed)
        request = GenerateRequest("r", k="fixed:2", verify=verify, max_tokens=4, sampling=sampling)
        emitted: list[int] = []
        stream = engine.stream(request, threading.Event())
        for event in stream:
            assert not isinstance(event, Failed), event
            if isinstance(event, RoundDone):
                drafted, accepted = drafted + event.k, accepted + event.accepted
            if isinstance(event, (PrefillDone, RoundDone)):
                emitted += [t.token_id for t in event.emitted]
            if len(emitted) >= LENGTH:
                break
        stream.close()  # type: ignore[attr-defined]
        counts[tuple(emitted[:LENGTH])] += 1
    assert drafted > runs / 2
    assert 0.05 < accepted / drafted < 0.95
    assert set(counts) <= set(law)
    rare = [text for text, mass in law.items() if mass * runs < 5]
    seen = [counts[text] for text in law if text not in rare]
    want = [law[text] * runs for text in law if text not in rare]
    if rare:
        seen.append(sum(counts[text] for text in rare))
        want.append(sum(law[text] for text in rare) * runs)
    scale = sum(seen) / sum(want)
    return float(stats.chisquare(seen, [w * scale for w in want]).pvalue)


RUNS = 700


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("verify", ["rejection", "coupled"])
@pytest.mark.parametrize("kind", ["ngram", "similar"])
def test_samples_follow_the_target(
    request: pytest.FixtureRequest, prompt: list[int], kind: str, verify: Verify, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = request.getfixturevalue(kind)
    monkeypatch.setattr(session_of(engine), "eos", frozenset())
    assert sampled_p_value(engine, prompt, monkeypatch, RUNS, verify) > 1e-3
    check_idle(engine)


@pytest.mark.parametrize("kind", ["ngram", "similar"])
def test_samples_of_a_wrong_verification_do_not(
    request: pytest.FixtureRequest, prompt: list[int], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = request.getfixturevalue(kind)
    monkeypatch.setattr(session_of(engine), "eos", frozenset())
    monkeypatch.setattr(verification, "residual", lambda target_row, draft_id, draft_row: target_row)
    assert sampled_p_value(engine, prompt, monkeypatch, RUNS) < 1e-6
