"""A drafted passage that the text knows goes on from the text: proposals of two sources in one."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch

from helix_app.engine.control.policy import DraftOption, RoundResult
from helix_app.engine.control.throughput import ThroughputK
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.engine import Engine
from helix_app.engine.sampling.verification import verify
from helix_app.protocol.requests import SamplingParams
from tests.engine.made.tiny import ask, check_idle, finish, session_of

PHRASE = [11, 12, 13, 14, 15, 16, 17, 18]
GREEDY = SamplingParams(temperature=0.0)


def indexed(tokens: list[int]) -> NgramDraft:
    draft = NgramDraft()
    draft.context_offers(tokens)
    return draft


def test_a_long_match_goes_on_and_a_short_one_does_not() -> None:
    tokens = [*PHRASE, 50, 51, 11, 12]
    draft = indexed(tokens)
    assert draft.goes_on(tokens, [13, 14], 3) == (4, [15, 16, 17])
    assert draft.goes_on(tokens, [13], 3) == (0, [])  # three tokens are a short match
    assert draft.goes_on(tokens, [14], 3) == (0, [])


def test_going_on_past_the_end_of_the_text_repeats_it() -> None:
    tokens = [1, 2, 3, 4, 5, 6, 1, 2, 3]
    assert indexed(tokens).goes_on(tokens, [4], 8) == (4, [5, 6, 1, 2, 3, 4, 5, 6])


def test_verification_of_a_drawn_and_a_certain_token_keeps_the_distribution() -> None:
    """Two tokens of three: the first drawn from q, the second certain; the pairs emitted follow the target."""
    generator = torch.Generator().manual_seed(3)
    q = torch.tensor([0.2, 0.5, 0.3], dtype=torch.float64)
    first = torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64)
    second = torch.softmax(torch.randn(3, 3, generator=generator, dtype=torch.float64), dim=-1)
    follows = {0: 2, 1: 0, 2: 1}  # what the text says after each drawn token
    rng, counts, rounds = random.Random(5), torch.zeros(3, 3), 15_000
    for _ in range(rounds):
        drawn = rng.choices(range(3), q.tolist())[0]
        certain = torch.zeros(3, dtype=torch.float64)
        certain[follows[drawn]] = 1.0
        target = torch.stack((first, second[drawn], torch.full((3,), 1 / 3, dtype=torch.float64)))
        uniforms = [rng.random() for _ in range(3)]
        verdict = verify(target, (drawn, follows[drawn]), torch.stack((q, certain)), uniforms)
        emitted = [*(drawn, follows[drawn])[: verdict.accepted], verdict.next_token]
        if len(emitted) == 1:  # the second comes from the next round, plainly
            emitted.append(rng.choices(range(3), second[emitted[0]].tolist())[0])
        counts[emitted[0], emitted[1]] += 1
    expected = first[:, None] * second * rounds
    assert float(((counts - expected) ** 2 / expected).sum()) < 26.1  # chi-square, 8 degrees of freedom, p = 0.001


def outcome(**changes: object) -> RoundResult:
    made = {"source": "self", "drafted": 6, "accepted": 6, "seconds": 1.5, "draft_seconds": 0.4, "context": 9}
    return RoundResult(**{**made, "offered": ("self",), "own": 2, "then": "ngram:5", **changes})  # type: ignore[arg-type]


def test_each_source_is_judged_by_its_own_tokens() -> None:
    policy = ThroughputK()
    for _ in range(4):
        policy.table.add(1, 9, 1.0)
        policy.table.add(7, 9, 1.1)
    policy.choose((DraftOption("self", seconds_per_token=0.2),), 9)
    for _ in range(20):
        policy.learn(outcome(accepted=2))  # the model is right, the text wrong at once
    sources = policy._sources
    assert sources["self"].acceptance.conditional()[0] > 0.95
    assert sources["self"].acceptance.conditional()[1] > 0.95
    assert sources["ngram:5"].acceptance.conditional()[0] < 0.15
    assert sources["self"].cost.samples(2, 9) > 0
    assert sources["self"].cost.samples(6, 9) == 0
    before = sources["ngram:5"].acceptance.conditional()
    policy.learn(outcome(accepted=1))  # the text was never reached
    assert sources["ngram:5"].acceptance.conditional() == before


@pytest.mark.parametrize("sampling", [GREEDY, SamplingParams(temperature=0.9, seed=4)])
def test_a_reply_drafted_by_both_is_the_plain_one(
    similar: Engine, monkeypatch: pytest.MonkeyPatch, sampling: SamplingParams
) -> None:
    session = session_of(similar)
    monkeypatch.setattr(session, "draft", MixedDraft(NgramDraft(), session.draft))  # type: ignore[arg-type]
    lengths, real = [], NgramDraft.goes_on

    def goes_on(self: NgramDraft, *args: object) -> tuple[int, list[int]]:
        found = real(self, *args)  # type: ignore[arg-type]
        lengths.append(found[0])
        return found

    monkeypatch.setattr(NgramDraft, "goes_on", goes_on)
    # the model always begins
    monkeypatch.setattr(NgramDraft, "context_offers", lambda self, tokens: (self._index(tokens), ())[1])
    request = ask("the cat sat on the mat and the dog", max_tokens=64, sampling=sampling, k="additive")
    plain = finish(similar, replace(request, mode="autoregressive")).token_ids
    assert finish(similar, request).token_ids == plain
    assert any(lengths), "the text never went on"
    check_idle(similar)
