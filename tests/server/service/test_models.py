"""Options of ``/generate`` become those of the engine's request."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from helix_app.base.settings import Settings
from helix_app.engine.rounds.session import check_request
from helix_app.protocol.requests import ChatMessage
from helix_app.server.service.models import GenerateBody


def test_what_is_left_out_is_as_the_settings_have_it() -> None:
    request = GenerateBody(prompt="x").request("r", "x")
    settings = Settings()
    params = request.sampling
    assert (params.temperature, params.top_k, params.top_p) == (settings.temperature, settings.top_k, settings.top_p)
    assert (request.messages, request.raw, request.max_tokens) == ((ChatMessage("user", "x"),), False, 256)
    check_request(request)


def test_everything_reaches_the_engine() -> None:
    body = GenerateBody(
        prompt="x", system="Be", max_tokens=5, temperature=0, top_p=0.5, top_k=3, min_p=0.1, repetition_penalty=1.2,
        presence_penalty=0.5, frequency_penalty=-0.5, seed=9, stop=["a"], mode="autoregressive", k="fixed:4",
        verify="coupled", priority=2,
    )  # fmt: skip
    request = body.request("r", "y")
    assert [(m.role, m.content) for m in request.messages] == [("system", "Be"), ("user", "y")]
    assert (request.max_tokens, request.mode, request.k, request.verify) == (5, "autoregressive", "fixed:4", "coupled")
    assert (request.stop, request.priority, request.sampling.seed) == (("a",), 2, 9)
    assert (request.sampling.presence_penalty, request.sampling.frequency_penalty) == (0.5, -0.5)
    check_request(request)
    raw = GenerateBody(prompt="x", raw=True).request("r", "x")
    assert (raw.messages, raw.prompt, raw.raw) == ((), "x", True)


def test_a_system_prompt_that_would_be_ignored_is_refused_by_name() -> None:
    with pytest.raises(ValidationError) as refused:
        GenerateBody.model_validate({"prompt": "x", "system": "Be", "raw": True})
    (error,) = refused.value.errors()
    assert (error["loc"], "raw" in error["msg"]) == (("system",), True)


@pytest.mark.parametrize("k", ["fixed:", "fixed:x", "many", "auto\n", ""])
def test_a_policy_that_there_is_not(k: str) -> None:
    with pytest.raises(ValidationError):
        GenerateBody(prompt="x", k=k)
