"""A pair looked at as the window has it done: a question as JSON, an answer as JSON."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from helix_app.base import typed
from helix_app.doctor.pair import examine, run, run_verdicts
from helix_app.protocol.pairs import PairAsked, PairExamined, Verdict
from tests.engine.tiny import Zoo


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("pair-zoo"))


def test_a_pair_that_goes_together(zoo: Zoo) -> None:
    target, draft = str(zoo.gguf("llama")), str(zoo.gguf("llama-small"))
    asked = PairAsked(target, draft, 256, "cpu", "float32", installed=(target, draft))
    found = typed.read(PairExamined, run(json.dumps(typed.plain(asked))))
    assert found.failed is None
    assert found.facts is not None
    assert found.facts.verdict == Verdict(draft)
    assert found.fit is not None
    assert found.fit.need.draft_weights > 0
    assert (found.draft_fit, found.probe, found.better) == (None, None, ())


def test_a_smaller_model_that_fits_is_better(zoo: Zoo) -> None:
    target, small = str(zoo.gguf("llama")), str(zoo.gguf("llama-small"))
    asked = PairAsked(target, target, 256, "cpu", "float32", installed=(small,))
    assert examine(asked, threading.Event(), lambda _: None).better == (small,)


def test_a_file_that_is_gone_is_told(zoo: Zoo, tmp_path: Path) -> None:
    found = examine(PairAsked(str(zoo.gguf("llama")), str(tmp_path / "gone.gguf")), threading.Event(), lambda _: None)
    assert found.failed is not None
    assert found.failed.code == "model_not_found"


def test_verdicts_as_json(zoo: Zoo) -> None:
    target = str(zoo.gguf("llama-small"))
    answer = run_verdicts(target, json.dumps([str(zoo.gguf("llama"))]))
    assert typed.read(tuple[Verdict, ...], answer["verdicts"])[0].code == ""
