"""Fields of chats become those of the engine's requests."""

from __future__ import annotations

from typing import Any

from tests.later import Later
from tests.server.fakes import Running, user

openai = Later("openai")


def test_seeds_and_options_reach_the_engine(client: openai.OpenAI, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    client.chat.completions.create(
        model="fake",
        messages=[{"role": "developer", "content": [{"type": "text", "text": "Be"}]}, *user("say 1")],
        n=2, seed=7, temperature=0.5, top_p=0.9, stop=["x"], presence_penalty=1, frequency_penalty=-1,
        logit_bias={"5": -100}, max_completion_tokens=9, logprobs=True, top_logprobs=3,
        extra_body={"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1, "priority": 2},
    )  # fmt: skip
    one, two = seen
    params = one.sampling
    assert (params.seed, two.sampling.seed) == (7, 8)
    assert (params.temperature, params.top_p, params.top_k, params.min_p) == (0.5, 0.9, 5, 0.1)
    assert (params.presence_penalty, params.frequency_penalty, params.repetition_penalty) == (1, -1, 1.1)
    assert (params.logit_bias, one.stop, one.max_tokens, one.priority) == (((5, -100.0),), ("x",), 9, 2)
    assert [message.role for message in one.messages] == ["system", "user"]
    assert (one.alternatives, one.logprobs) == (3, True)
    assert one.request_id != two.request_id
