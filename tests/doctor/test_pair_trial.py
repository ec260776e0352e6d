"""A trial of a pair, on tiny models, and the arithmetic of what it is worth."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from helix_app.doctor.pair_trial import speedup, try_pair
from tests.engine.made.tiny import Zoo, loaded
from tests.engine.test_engine import other_words as other_words


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Zoo(tmp_path_factory.mktemp("trial-zoo")).gguf("llama-long")


def test_speedup() -> None:
    assert speedup(1.0, 4, 0.0, 1.0) == 5.0
    assert speedup(0.0, 4, 0.25, 1.0) == pytest.approx(0.5)
    assert speedup(0.5, 1, 0.0, 1.0) == pytest.approx(1.5)


def test_a_target_that_drafts_for_itself_is_always_right(target: Path) -> None:
    engine = loaded(target, target)
    told: list[float] = []
    probe = try_pair(engine, threading.Event(), told.append, seconds=2.0)
    engine.close()
    assert probe.acceptance > 0.99
    assert probe.acceptance_low <= probe.acceptance <= probe.acceptance_high
    assert sum(kind.drafted for kind in probe.kinds) > 0
    assert probe.expected_low <= probe.expected <= probe.expected_high
    assert told == sorted(told)
    assert not probe.by_text


def test_re_encoded_drafts_are_tried_as_any_others(target: Path, other_words: Path) -> None:
    engine = loaded(target, other_words, context_length=512)
    probe = try_pair(engine, threading.Event(), lambda _: None, seconds=1.0)
    engine.close()
    assert probe.by_text
    assert 0 <= probe.tokens_a_call <= 4


def test_one_that_is_stopped_at_once_says_little(target: Path) -> None:
    engine = loaded(target, target)
    cancel = threading.Event()
    cancel.set()
    probe = try_pair(engine, cancel, lambda _: None, seconds=2.0)
    engine.close()
    assert probe.measured is None
