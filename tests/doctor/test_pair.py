"""A pair looked at as the window has it done: a question as JSON, an answer as JSON."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base import typed
from helix_app.doctor import pair
from helix_app.doctor.pair import examine, run, run_verdicts
from helix_app.engine.engine import Engine
from helix_app.engine.measuring import pairs
from helix_app.hub import resolve
from helix_app.hub.catalog import Catalog
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.pairs import PairAsked, PairExamined, PairProbe, Verdict
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import Zoo
from tests.engine.test_engine import other_words as other_words
from tests.gui.models.fit_views import PROBE
from tests.hub.served.models import entry


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
    assert (found.probe, found.better) == (None, ())


def test_it_takes_the_cache_that_a_load_would_take(zoo: Zoo) -> None:
    asked = PairAsked(str(zoo.gguf("llama")), str(zoo.gguf("llama-small")), 256, "cpu", "float32")
    one, four, less = (
        examine(replace(asked, cache_tokens=tokens), threading.Event(), lambda _: None).fit
        for tokens in (None, 1024, 64)
    )
    assert one is not None
    assert four is not None
    assert (one.pool, four.pool, four.context) == (256, 1024, 256)
    assert four.need.cache > one.need.cache
    assert four.need.draft_cache > one.need.draft_cache
    assert less is not None
    assert (less.pool, less.need.cache) == (256, one.need.cache)  # of no effect, as the setting says


@pytest.mark.parametrize(("busy", "speed", "kept"), [(1.0, 1.4, True), (9.0, 1.4, False), (1.0, 0.9, False)])
def test_a_pair_of_other_words_is_tried_and_kept_where_it_pays(
    zoo: Zoo, other_words: Path, monkeypatch: pytest.MonkeyPatch, busy: float, speed: float, kept: bool
) -> None:
    monkeypatch.setenv("HELIX_HOME", str(other_words.parent / "home"))
    monkeypatch.setattr(pair, "busyness", lambda: busy)
    seen: list[str] = []

    def tried(engine: Engine, *_: object) -> PairProbe:
        assert engine.session is not None
        assert engine.session.draft is not None
        seen.append(engine.session.draft.kind)
        return replace(PROBE, by_text=True, measured=speed, measured_low=speed - 0.1)

    monkeypatch.setattr(pair, "try_pair", tried)
    target, draft = zoo.gguf("llama-small"), other_words
    found = examine(
        PairAsked(str(target), str(draft), 128, "cpu", "float32", probe=True), threading.Event(), lambda _: None
    )
    assert found.facts is not None
    assert (found.facts.verdict.differs, seen) == ("draft_vocab_mismatch", ["reencoded"])
    assert found.probe is not None
    assert found.probe.kept is kept
    best = pairs.best(inspect(target), pairs.Setting("cpu", "float32"), (str(draft),))
    assert (best is not None) is kept


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


@pytest.mark.parametrize("name", ["llama", "llama-small"])
def test_a_head_is_looked_at_and_tried(zoo: Zoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Or it is said what does not fit."""
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(pair, "busyness", lambda: 1.0)
    kinds: list[str] = []

    def tried(engine: Engine, *_: object) -> PairProbe:
        assert engine.session is not None
        assert engine.session.draft is not None
        kinds.append(engine.session.draft.kind)
        return replace(PROBE, by_text=False, measured=1.4, measured_low=1.3)

    monkeypatch.setattr(pair, "try_pair", tried)
    folder = head_for("llama").save(tmp_path / "head")
    asked = PairAsked(str(zoo.gguf(name)), str(folder), 128, "cpu", "float32", probe=True, installed=(str(folder),))
    found = examine(asked, threading.Event(), lambda _: None)
    if name == "llama-small":
        assert found.failed is not None
        assert (found.failed.code, kinds) == ("head_hidden_size", [])
        return
    assert found.facts is not None
    assert (found.facts.verdict.head, kinds) == (True, ["head"])
    assert found.fit is not None
    assert found.fit.need.draft_weights > 0
    assert found.probe is not None
    assert found.probe.kept
    best = pairs.best(inspect(zoo.gguf("llama")), pairs.Setting("cpu", "float32"), ())
    assert best is not None
    assert best.path == folder


def test_models_of_the_catalog_are_called_as_there(zoo: Zoo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HELIX_MODELS", str(tmp_path))
    files = {"big": zoo.gguf("llama").read_bytes(), "small": zoo.gguf("llama-small").read_bytes()}
    entries = []
    for name, content in files.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "tiny.gguf").write_bytes(content)
        entries.append(entry(id=name, name=f"The {name} one", size_bytes=len(content)))
    monkeypatch.setattr(resolve, "known_catalog", lambda: Catalog(tuple(entries)))
    target, draft = (str(tmp_path / name / "tiny.gguf") for name in files)
    found = examine(PairAsked(target, draft, 256, "cpu", "float32"), threading.Event(), lambda _: None)
    assert found.facts is not None
    assert found.fit is not None
    names = ("The big one", "The small one")
    assert (found.facts.target_name, found.facts.draft_name) == names
    assert (found.fit.target_name, found.fit.draft_name) == names
    own = examine(PairAsked(str(zoo.gguf("llama")), draft, 256, "cpu", "float32"), threading.Event(), lambda _: None)
    assert own.facts is not None
    assert (own.facts.target_name, own.facts.draft_name) == (zoo.gguf("llama").stem, "The small one")
