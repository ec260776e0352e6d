"""What drafts through the text would bring."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from helix_app.doctor.text_trial import right_tokens, try_by_text
from helix_app.engine.engine import Engine
from tests.engine.tiny import Zoo, loaded, session_of


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Zoo(tmp_path_factory.mktemp("text-zoo")).gguf("llama-long")


def test_right_tokens_are_those_that_the_text_begins_with(target: Path) -> None:
    words = session_of(loaded(target)).tokenizer
    ids = tuple(words.encode("the cat sat on the mat"))
    whole = words.decode(ids)
    assert right_tokens(words, ids, 1, whole) == len(ids) - 1
    assert right_tokens(words, ids, 1, words.decode(ids[:3])) == 2
    assert right_tokens(words, ids, 1, "something else") == 0


def test_a_model_agrees_with_itself(target: Path) -> None:
    asked: list[bool] = []

    def load(own: bool) -> Engine:
        asked.append(own)
        return loaded(target)

    probe = try_by_text(load, threading.Event(), lambda _: None, seconds=2.0)
    assert asked == [True, False]
    assert probe.by_text
    assert probe.expected_low <= probe.expected <= probe.expected_high
    assert probe.tokens_a_call >= 0
