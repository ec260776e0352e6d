"""Log probabilities of a reply: the model's own, whatever the sampling does."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.rounds.certify import logits_after
from helix_app.engine.rounds.session import prompt_tokens
from helix_app.protocol.events import EmittedToken, Finished, PrefillDone, RoundDone
from helix_app.protocol.requests import GenerateRequest, SamplingParams
from tests.engine.made.tiny import Zoo, ask, events, loaded, session_of

PARAMS = SamplingParams(0.5, 3, 0.9, 0.01, 1.2, seed=4, presence_penalty=0.5, logit_bias=((60, 3.0),))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder: Path = tmp_path_factory.mktemp("models")
    return loaded(Zoo(folder).gguf("llama"), "ngram")


def emitted(engine: Engine, request: GenerateRequest) -> list[EmittedToken]:
    told = events(engine, request)
    assert isinstance(told[-1], Finished), told[-1]
    return [token for e in told if isinstance(e, (PrefillDone, RoundDone)) for token in e.emitted]


def test_they_are_of_the_models_own_softmax(engine: Engine) -> None:
    request = ask("the cat sat on the mat and the cat sat", sampling=PARAMS, alternatives=3, k="fixed:3", max_tokens=12)
    tokens = emitted(engine, request)
    prompt = prompt_tokens(session_of(engine), request)
    text = [token.token_id for token in tokens]
    for at, token in enumerate(tokens):
        want = logits_after(session_of(engine), [*prompt, *text[:at]]).log_softmax(dim=-1)
        assert token.logprob == pytest.approx(float(want[token.token_id]), abs=1e-4)
        best = torch.topk(want, 3)
        assert [a.token_id for a in token.alternatives] == best.indices.tolist()
        assert [a.logprob for a in token.alternatives] == pytest.approx(best.values.tolist(), abs=1e-4)
        assert [a.target_prob for a in token.alternatives] == pytest.approx(best.values.exp().tolist(), abs=1e-4)
        assert 0 < token.target_prob <= 1  # what it was drawn with, after every filter
    assert any(abs(math.log(t.target_prob) - (t.logprob or 0)) > 0.1 for t in tokens)


def test_alone_they_come_without_alternatives_and_unasked_not_at_all(engine: Engine) -> None:
    asked = emitted(engine, ask(logprobs=True, max_tokens=4))
    assert all(token.logprob is not None and not token.alternatives for token in asked)
    assert all(token.logprob is None and not token.alternatives for token in emitted(engine, ask(max_tokens=4)))
