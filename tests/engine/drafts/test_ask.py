"""What a sequence asks of a draft model: tokens drawn as the target would draw them, and where it stops."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.sampling.coupled import coupled_draw
from helix_app.engine.sampling.filters import distribution
from helix_app.protocol.requests import SamplingParams
from tests.engine.drafts.test_goes_on import GREEDY, PHRASE, indexed

VOCAB = 60
WARM = SamplingParams(temperature=1.0, top_k=3, top_p=1.0)


def never() -> float:
    raise AssertionError("nothing is to be drawn at random")


def asked(k: int, params: SamplingParams = GREEDY, **options: Any) -> Ask:
    """Of no draft in particular: its model has run, and its logits are given."""
    given = {"tokens": (1, 2, 3), "uniform": never, **options}
    draft: Any = None
    return Ask(draft, DraftRequest(given.pop("tokens"), k, params, given.pop("uniform"), **given))


def logits(**likely: float) -> torch.Tensor:
    """``t14=5.0``: token 14 has this logit, all others none."""
    made = torch.zeros(1, VOCAB)
    for name, value in likely.items():
        made[0, int(name[1:])] = value
    return made


def test_nothing_drawn_is_no_proposal() -> None:
    request = asked(2)
    assert request.proposal() == Proposal()
    assert not request.done
    assert asked(0).done


def test_greedy_drafts_are_certain() -> None:
    request = asked(2)
    for token in (14, 7):
        assert not request.done
        request.draw(logits(**{f"t{token}": 5.0}))
    assert request.done
    proposal = request.proposal()
    assert (proposal.ids, proposal.own, proposal.then) == ((14, 7), None, "")
    assert proposal.probs is not None
    assert proposal.probs.shape == (2, VOCAB)
    assert [int(row.nonzero()) for row in proposal.probs] == [14, 7]


def test_samples_are_drawn_from_what_the_filters_leave() -> None:
    given = logits(t4=2.0, t5=1.0, t6=0.5, t7=0.2)
    wanted = distribution(given, WARM)
    assert int((wanted > 0).sum()) == 3
    for uniform, token in ((0.0, 4), (math.nextafter(1.0, 0.0), 6)):
        request = asked(1, WARM, uniform=lambda uniform=uniform: uniform)
        request.draw(given)
        assert request.ids == [token]
        proposal = request.proposal()
        assert proposal.probs is not None
        assert torch.equal(proposal.probs, wanted)


def test_with_a_seed_the_noise_is_that_of_seed_and_position() -> None:
    given = logits(t4=2.0, t5=1.9, t6=1.8)
    row = distribution(given, WARM)[0]
    request = asked(8, WARM, seed=11)
    for _ in range(8):
        request.draw(given)
    assert request.ids == [coupled_draw(row, 11, 3 + n) for n in range(8)]
    assert len(set(request.ids)) > 1  # each position has noise of its own


@pytest.mark.parametrize(("penalty", "ids"), [(1.0, [2, 2]), (3.0, [9, 5])])
def test_what_was_said_is_punished_even_within_the_draft(penalty: float, ids: list[int]) -> None:
    request = asked(2, SamplingParams(temperature=0.0, repetition_penalty=penalty))
    for _ in range(2):
        request.draw(logits(t2=5.0, t9=4.0, t5=3.0))  # 2 is in the text
    assert request.ids == ids


# --------------------------------------------------------------------------- the text goes on


def test_the_tokens_of_the_text_are_certain_rows() -> None:
    tokens = [*PHRASE, 50, 51, 11, 12, 13]
    request = Ask(None, DraftRequest(tokens, 2, GREEDY, lambda: 0.5, max_tokens=5), indexed(tokens))  # type: ignore[arg-type]
    logits = torch.zeros(1, 60)
    logits[0, 14] = 5.0
    request.draw(logits)
    proposal = request.proposal()
    assert request.done
    assert proposal.ids == (14, 15, 16, 17, 18)
    assert (proposal.own, proposal.then) == (1, "ngram:4")
    assert proposal.probs is not None
    assert proposal.probs.shape == (5, 60)
    assert proposal.probs[1:].argmax(dim=-1).tolist() == [15, 16, 17, 18]
    assert proposal.probs.sum(dim=-1).tolist() == [1.0] * 5


def test_without_a_text_or_room_the_draft_stays_the_models_own() -> None:
    tokens = [*PHRASE, 50, 51, 11, 12, 13]
    for text, most in ((None, 5), (indexed(tokens), 1)):
        request = Ask(None, DraftRequest(tokens, 3, GREEDY, lambda: 0.5, max_tokens=most), text)  # type: ignore[arg-type]
        logits = torch.zeros(1, 60)
        logits[0, 14] = 5.0
        request.draw(logits)
        assert request.proposal().ids == (14,)
        assert request.proposal().own is None
        assert not request.done
