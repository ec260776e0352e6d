"""The program that ``bench window`` talks to, in a terminal: lines of JSON in, an answer for each."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from helix_app.base import messages
from helix_app.cli.benching import trial
from tests.cli.test_generate import Run, generate as generate, model as model, run as run

Trial = Callable[..., tuple[int, list[dict[str, Any]]]]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Trial:
    """Runs the program on these lines; its exit code and answers."""

    def call(*said: dict[str, Any]) -> tuple[int, list[dict[str, Any]]]:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(json.dumps(line) + "\n" for line in said)))
        code = trial.main()
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return call


def opening(target: str, blocks: int = 32) -> dict[str, Any]:
    options = {"target": target, "draft": "ngram", "device": "cpu", "dtype": "float32", "prompt": "Say hello."}
    options |= {"max-tokens": "12", "temperature": "0"}
    return {"blocks": blocks, "generate": [f"--{name}={value}" for name, value in options.items()]}


def test_each_prompt_gets_the_reply_that_generate_gives(answers: Trial, generate: Run, model: str) -> None:
    code, told = answers(opening(model), *({"prompt": prompt} for prompt in ("the cat", "a dog", "the cat")))
    assert code == 0
    ready, cat, dog, again = told
    assert ready == {"ready": True}
    alone = json.loads(generate("--prompt", "the cat", "--json")[1])
    assert cat["text"] == again["text"] == alone["generated_text"] != dog["text"]
    assert cat["metrics"]["tokens_generated"] == alone["tokens_generated"]
    assert cat["metrics"]["cached_tokens"] == 0 < again["metrics"]["cached_tokens"]  # it stays open


def test_a_target_that_is_not_there_is_its_sentence(answers: Trial) -> None:
    code, told = answers(opening("./no/such/file.gguf"))
    assert code == 1
    assert told == [{"error": messages.error_text("model_not_found", {"path": "./no/such/file.gguf"})}]


def test_a_prompt_that_cannot_be_used_ends_it_with_its_sentence(answers: Trial, model: str) -> None:
    code, told = answers(opening(model), {"prompt": " "}, {"prompt": "the cat"})
    assert (code, told[0]) == (1, {"ready": True})
    assert told[1:] == [{"error": messages.error_text("prompt_empty")}]
