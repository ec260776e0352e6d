"""Completions through the official client."""

from __future__ import annotations

from typing import Any

from tests.later import Later

openai = Later("openai")


def test_completions_of_several_prompts(client: openai.OpenAI) -> None:
    asked: Any = {"model": "fake", "prompt": ["say 2", "echo x y z"], "n": 2, "logprobs": 2}
    whole = client.completions.create(**asked)
    assert [choice.text for choice in whole.choices] == ["w0 w1 "] * 2 + ["x y z "] * 2
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (6, 10)
    texts = [""] * 4
    offsets: list[list[int]] = [[], [], [], []]
    for chunk in client.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            offsets[choice.index] += (choice.logprobs.text_offset or []) if choice.logprobs else []
    assert texts == [choice.text for choice in whole.choices]
    assert offsets == [choice.logprobs.text_offset for choice in whole.choices if choice.logprobs]
    assert client.completions.create(model="fake", prompt="forever").usage.completion_tokens == 16  # type: ignore[union-attr]
