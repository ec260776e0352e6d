"""What pairs were measured to bring, as ``draft auto`` remembers it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.engine.loading.plan import plan
from helix_app.engine.measuring import pairs
from helix_app.modelfiles.draft_head import inspect_head
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.protocol.pairs import PairProbe
from helix_app.protocol.requests import LoadRequest
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import Zoo
from tests.engine.test_engine import other_words as other_words

HERE = pairs.Setting("cpu", "float32")
FASTER = PairProbe((), 0.8, 0.7, 0.9, 4, 0.2, 1.3, 1.5, 1.4, 1.6, 1.4, 1.2, 1.6, by_text=True)


@pytest.fixture
def target(zoo: Zoo) -> ModelFiles:
    return inspect(zoo.gguf("llama-small"))


@pytest.fixture
def draft(other_words: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModelFiles:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))
    return inspect(other_words)


@pytest.mark.parametrize(
    ("measured", "low", "found"), [(1.4, 1.2, True), (1.4, 0.9, False), (1.01, 1.005, False), (None, None, False)]
)
def test_only_what_is_faster_beyond_doubt_is_taken(
    target: ModelFiles, draft: ModelFiles, measured: float | None, low: float | None, found: bool
) -> None:
    pairs.keep(target, draft, HERE, replace(FASTER, measured=measured, measured_low=low))
    best = pairs.best(target, HERE, (str(draft.path),))
    assert (best is not None and best.path == draft.path) is found


def test_it_holds_for_what_was_measured_alone(target: ModelFiles, draft: ModelFiles, zoo: Zoo) -> None:
    pairs.keep(target, draft, HERE, FASTER)
    assert pairs.best(target, HERE, ()) is None
    assert pairs.best(target, pairs.Setting("auto", "float32"), (str(draft.path),)) is None
    assert pairs.best(inspect(zoo.gguf("llama")), HERE, (str(draft.path),)) is None
    with draft.path.open("ab") as file:
        file.write(b" ")
    assert pairs.best(target, HERE, (str(draft.path),)) is None
    draft.path.unlink()
    assert pairs.best(target, HERE, (str(draft.path),)) is None


def test_the_fastest_is_taken_and_a_later_measurement_counts(
    target: ModelFiles, draft: ModelFiles, other_words: Path
) -> None:
    second = other_words.with_name("second.gguf")
    second.write_bytes(other_words.read_bytes())
    pairs.keep(target, draft, HERE, FASTER)
    pairs.keep(target, inspect(second), HERE, replace(FASTER, measured=1.5))
    installed = (str(draft.path), str(second))
    best = pairs.best(target, HERE, installed)
    assert best is not None
    assert best.path == second
    pairs.keep(target, inspect(second), HERE, replace(FASTER, measured=0.9, measured_low=0.8))
    best = pairs.best(target, HERE, installed)
    assert best is not None
    assert best.path == draft.path


def test_draft_auto_takes_it_and_nothing_else_does(target: ModelFiles, draft: ModelFiles) -> None:
    wished = LoadRequest(
        str(target.path), draft="auto", device="cpu", dtype="float32", installed=(str(draft.path),), context_length=64
    )
    assert plan(wished).draft_kind == "auto"
    pairs.keep(target, draft, HERE, FASTER)
    made = plan(wished)
    assert (made.draft_kind, made.draft and made.draft.path) == ("reencoded", draft.path)
    assert made.draft_name == "other"
    assert plan(replace(wished, draft="ngram")).draft is None
    suggested = plan(replace(wished, draft=str(draft.path), draft_required=False, installed=()))
    assert (suggested.draft_kind, suggested.skipped) == ("reencoded", None)


def test_a_head_that_pays_is_taken_wherever_it_lies(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))
    head, target = inspect_head(head_for("llama").save(tmp_path / "head")), inspect(zoo.gguf("llama"))
    request = LoadRequest(str(target.path), device="cpu", dtype="float32")
    assert plan(request).draft_kind == "auto"
    pairs.keep(target, head, HERE, replace(FASTER, by_text=False))
    made = plan(request)
    assert (made.draft_kind, made.draft, made.head) == ("head", None, head)
    assert made.draft_file == str(head.path)
    assert pairs.best(target, HERE, (), heads=False) is None
    suggested = plan(replace(request, draft=str(zoo.gguf("llama-small")), draft_name="Small", draft_required=False))
    assert (suggested.draft_kind, suggested.draft_name) == ("head", head.path.name)  # nobody tried that one here
    pairs.keep(target, head, HERE, replace(FASTER, by_text=False, measured=0.9))
    assert plan(request).draft_kind == "auto"
