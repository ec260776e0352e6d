"""What a stream adds up to: figures that are told, none that are not, times as they were measured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helix_app.base.errors import HelixError
from helix_app.base.remote import RemoteModel
from helix_app.engine.remote.reading import Reading
from helix_app.protocol.requests import GenerateRequest

PLACE = RemoteModel("http://h/v1", "m")


class Clock:
    """A second later each time."""

    def __init__(self) -> None:
        self.now = -1.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def reading(**changes: Any) -> Reading:
    return Reading(GenerateRequest("r", max_tokens=10, **changes), PLACE, Clock())


def chunk(delta: Any = None, reason: Any = None, **more: Any) -> str:
    return json.dumps({"choices": [{"delta": delta, "finish_reason": reason}], **more})


def test_figures_of_helix_and_of_llama_cpp() -> None:
    for more in (
        {"usage": {"completion_tokens": 3, "prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4}},
         "timings": {"drafted_tokens": 4, "accepted_tokens": 2, "mean_accepted_length": 1.5, "seeds": [8]}},
        {"timings": {"predicted_n": 3, "prompt_n": 9, "draft_n": 4, "draft_n_accepted": 2}},
    ):  # fmt: skip
        read = reading()
        assert [read.take(chunk({"content": word})) for word in ("a", "b")] == ["a", "b"]
        read.take(chunk({}, "stop", **more))
        read.take("[DONE]")
        m = read.metrics()
        assert (m.tokens_generated, m.prompt_tokens, m.drafted_tokens, m.acceptance_rate) == (3, 9, 4, 0.5)
        assert (m.time_to_first_token, m.decode_tokens_per_second) == (1.0, 2.0)
        assert m.seed == (8 if "usage" in more else None)
        assert read.done
        assert read.finish_reason(m) == "eos"


def test_reasoning_is_closed_where_the_answer_begins_or_the_reply_ends() -> None:
    read = reading()
    parts = [read.take(chunk({"reasoning_content": word})) for word in ("why", " so")]
    parts += [read.take(chunk({"content": "yes"})), read.end()]
    assert "".join(parts) == read.text == "<think>why so</think>yes"
    read = reading()
    read.take(chunk({"reasoning": "why"}))
    assert read.end() == "</think>"


@pytest.mark.parametrize(
    "data", ["[]", "null", "5", '{"choices": 5}', '{"choices": [null]}', chunk(5), chunk({"content": {}})]
)
def test_nothing_is_made_of_what_says_nothing(data: str) -> None:
    read = reading()
    assert read.take(data) == ""
    assert not read.begun
    assert read.metrics().time_to_first_token is None


def test_errors_and_ends() -> None:
    for data in ('{"error": {"message": "boom"}}', '{"error": "boom"}', "nonsense"):
        with pytest.raises(HelixError):
            reading().take(data)
    read = reading()
    read.take(chunk({}, "length", usage={"completion_tokens": 10}))
    assert read.finish_reason(read.metrics()) == "length"
    read.take(chunk({}, "length", usage={"completion_tokens": 4}))
    assert read.finish_reason(read.metrics()) == "context_full"
