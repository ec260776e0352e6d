"""A draft model that fails is a draft that proposes nothing; it changes no reply and stops none."""

from __future__ import annotations

import pytest
import torch

from helix_app.protocol.events import Finished, RoundDone
from helix_app.protocol.requests import SamplingParams
from tests.engine.made.tiny import GREEDY, Zoo, ask
from tests.engine.runs.crowds import Crowd, Models, alone


@pytest.fixture(scope="module")
def models(zoo: Zoo) -> Models:
    return Models(zoo)


@pytest.mark.parametrize("draft", ["model", "mixed"])
@pytest.mark.parametrize(
    "sampling",
    [
        GREEDY,
        SamplingParams(temperature=1.0, top_k=0, top_p=1.0, seed=5),
        SamplingParams(temperature=1.0, top_k=3, top_p=0.9, seed=5),
    ],
    ids=["greedy", "all tokens", "few tokens"],
)
def test_drafted_rows_that_are_not_numbers_are_not_proposed(
    models: Models, draft: str, sampling: SamplingParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = models.session(draft)
    assert session.draft_runner is not None
    real, calls = session.draft_runner.decoder.forward_many, [0]

    def broken(*args: object) -> torch.Tensor:
        calls[0] += 1
        return real(*args) * (float("nan") if calls[0] > 6 else 1.0)  # type: ignore[arg-type]

    asked = [ask(text, request_id=text, k="fixed:2", sampling=sampling) for text in ("the cat", "1 2 3 1 2", "x")]
    want = [alone(models.session(), request) for request in asked]
    with monkeypatch.context() as patch:
        patch.setattr(session.draft_runner.decoder, "forward_many", broken)
        crowd = Crowd(session).add(*asked)
        results = crowd.run()
    assert calls[0] > 6
    for one in want:
        got = results[one.request_id]
        assert isinstance(got, Finished), got
        assert got.token_ids == one.token_ids
    healed = Crowd(session).add(*asked)
    healed.run()
    assert [healed.results[one.request_id].token_ids for one in want] == [one.token_ids for one in want]  # type: ignore[union-attr]
    assert any(e.accepted for e in healed.events if isinstance(e, RoundDone))


def test_a_draft_that_is_no_number_is_never_accepted(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rejection sampling would find no probability to hold against the token."""
    session = models.session("model")
    assert session.draft_runner is not None
    real = session.draft_runner.decoder.forward_many
    monkeypatch.setattr(session.draft_runner.decoder, "forward_many", lambda *args: real(*args) * float("nan"))
    sampling = SamplingParams(temperature=1.0, seed=5)
    crowd = Crowd(session).add(ask(k="fixed:2", verify="rejection", sampling=sampling))
    got = crowd.run()["r"]
    assert isinstance(got, Finished)
    assert got.metrics.drafted_tokens == 0
    assert (
        got.token_ids
        == alone(models.session(), ask(mode="autoregressive", verify="rejection", sampling=sampling)).token_ids
    )
