"""Certificates: the evidence that speculation changed nothing, and that it is refused where something changed."""

from __future__ import annotations

import random
import threading
from pathlib import Path

import pytest
import torch

from helix_app.base.message_texts.certificate import certificate_text
from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.engine import Engine
from helix_app.engine.rounds import scheduler
from helix_app.engine.rounds.certify import Certified, first_token_test
from helix_app.protocol.events import Event
from helix_app.protocol.requests import ChatMessage, GenerateRequest, SamplingParams
from tests.engine.made.tiny import Zoo, loaded
from tests.engine.runs.drafting import TARGET


@pytest.fixture
def model(zoo: Zoo) -> Path:
    """A tiny model."""
    return zoo.gguf(TARGET)


def certificate(engine: Engine, **sampling: object) -> Certified:
    """The certificate of a short speculative reply."""
    request = GenerateRequest(
        "r",
        (ChatMessage("user", "the cat sat on the mat the cat sat"),),
        k="fixed:3",
        max_tokens=40,
        sampling=SamplingParams(**sampling),  # type: ignore[arg-type]
    )
    items: list[Event | Certified] = list(engine.certify(request, threading.Event()))
    assert isinstance(items[-1], Certified)
    return items[-1]


@pytest.mark.parametrize("sampling", [{"temperature": 0.0}, {"temperature": 1.0, "seed": 5}])
def test_a_certificate_of_identity(ngram: Engine, sampling: dict[str, object]) -> None:
    found = certificate(ngram, **sampling).certificate
    assert (found.kind, found.holds, found.position) == ("identity", True, None)
    assert found.drafted > 0
    assert "identical" in certificate_text(vars(found))


def test_a_changed_reply_is_refuted_with_its_gap(ngram: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    real = scheduler.Reply.judge

    def judge(self: object, plan: object, logits: torch.Tensor) -> object:
        if plan.proposal.ids:  # type: ignore[attr-defined]
            logits = logits.roll(1, -1)
        return real(self, plan, logits)  # type: ignore[arg-type]

    monkeypatch.setattr(scheduler.Reply, "judge", judge)
    found = certificate(ngram, temperature=0.0).certificate
    assert found.holds is False
    assert found.position is not None
    assert found.logit_gap is None or found.logit_gap > 0
    assert "part at token" in certificate_text(vars(found))


def test_nothing_drafted_is_no_certificate(model: Path) -> None:
    found = certificate(loaded(model, "none"), temperature=0.0).certificate
    assert found.holds is None
    assert "nothing was drafted" in certificate_text(vars(found))


def test_a_sampled_reply_is_tested_on_its_own_rounds(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random.SystemRandom, "randrange", lambda *_: 11)
    found = certificate(loaded(model, model), temperature=1.5, top_k=0, top_p=1.0).certificate
    assert (found.kind, found.holds) == ("distribution", True)
    assert found.rounds > 0
    assert found.p_value is not None
    assert "no difference" in certificate_text(vars(found))


@pytest.mark.parametrize("one_hot", [True, False])
def test_the_distribution_test_has_power(one_hot: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    target = torch.tensor([0.5, 0.3, 0.15, 0.05])
    draft = None if one_hot else torch.tensor([[0.1, 0.2, 0.3, 0.4]])
    proposal = Proposal((2,), draft)
    chi, freedom = first_token_test(target, proposal, 2000, random.Random(1))
    assert freedom == 3
    assert chi < 16.3  # p > 0.001
    monkeypatch.setattr(
        "helix_app.engine.sampling.verification.residual", lambda target_row, draft_id, draft_row: target_row
    )
    wrong, _ = first_token_test(target, proposal, 2000, random.Random(1))
    assert wrong > 50
