"""Whether a load fits: green, yellow, red, and what would make it fit."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.engine.engine import Engine
from helix_app.engine.loading.fitting import fit as fitting
from helix_app.engine.loading.fitting.fit import ROOMY, Memory, fit_of, level_of
from helix_app.engine.loading.plan import plan
from helix_app.engine.machine.devices.device import cpu
from helix_app.protocol.events import Failed
from helix_app.protocol.models.fit import Fit
from helix_app.protocol.models.loading import Checked, ModelReady
from helix_app.protocol.requests import LoadRequest
from tests.engine.made.tiny import Zoo, events


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("fit-zoo"))


@pytest.fixture(scope="module")
def target(zoo: Zoo) -> Path:
    return zoo.gguf("llama-long")


def request_for(target: Path, **options: object) -> LoadRequest:
    values = {"draft": "none", "device": "cpu", "dtype": "float32", "context_length": 8192, **options}
    return LoadRequest(str(target), **values)  # type: ignore[arg-type]


def fit_with(request: LoadRequest, free: int) -> Fit:
    return fit_of(plan(request), cpu(), memory=Memory(free, 2 * free))


def test_levels() -> None:
    assert [level_of(need, 100) for need in (int(100 * ROOMY), 86, 100, 101)] == ["fits", "tight", "tight", "short"]
    assert level_of(1, None) == "unknown"


def test_what_fits_needs_no_ways(target: Path) -> None:
    found = fit_with(request_for(target), 10**12)
    assert (found.level, found.ways) == ("fits", ())
    assert (found.context, found.pool, found.format) == (8192, 8192, "float32")


def test_what_is_given_back_counts_as_free(target: Path) -> None:
    what = plan(request_for(target))
    need = fit_of(what, cpu()).need.total
    assert fit_of(what, cpu(), memory=Memory(need // 2, None)).level == "short"
    assert fit_of(what, cpu(), memory=Memory(need // 2, None), given_back=need).level == "fits"


def test_each_way_makes_it_fit(target: Path, zoo: Zoo) -> None:
    request = request_for(target, draft=str(target), cache_tokens=65_536)
    smaller = fit_with(replace(request, cache_tokens=None), 10**12).need.total
    found = fit_with(request, int(smaller / ROOMY) + 1000)
    assert found.level in ("tight", "short")
    kinds = [way.kind for way in found.ways]
    assert kinds[0] == "pool"
    assert 8192 <= int(found.ways[0].value) < 65_536
    for way in found.ways:
        assert found.free is not None
        assert way.total <= found.free * ROOMY


def test_the_longest_context_that_leaves_room_is_offered(target: Path) -> None:
    half = fit_with(request_for(target, context_length=4096), 10**12).need.total
    found = fit_with(request_for(target), int(half / ROOMY) + 1000)
    context = next(way for way in found.ways if way.kind == "context")
    assert (context.value, context.total) == ("4096", half)


def test_without_the_draft_it_may_fit(target: Path) -> None:
    request = request_for(target, draft=str(target))
    alone = fit_with(request_for(target), 10**12).need.total
    found = fit_with(request, int(alone / ROOMY) + 1000)
    draft = next(way for way in found.ways if way.kind == "draft")
    assert (draft.value, draft.total <= found.free * ROOMY) == ("none", True)  # type: ignore[operator]


def test_another_quantisation_of_the_same_model_is_offered(zoo: Zoo) -> None:
    large, small = zoo.gguf("llama-small"), zoo.gguf("llama-small", quant="Q8_0")
    other, gone = zoo.gguf("qwen2"), zoo.gguf("llama-small").parent / "gone.gguf"
    installed = (str(small), str(other), str(gone), str(large))
    request = request_for(large, dtype="auto", context_length=256, installed=installed)
    need = fit_with(request, 10**12).need.total
    found = fit_with(request, int(need * 0.999))
    assert [way.value for way in found.ways if way.kind == "quantisation"] in ([str(small)], [])
    assert all(way.value not in (str(other), str(gone)) for way in found.ways)


def test_another_quantisation_is_priced_in_the_format_that_it_would_have(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that runs packed is offered instead of one that does not, and the other way round its size is told."""
    packs, plain = zoo.gguf("llama-q4", quant="Q8_0"), zoo.gguf("llama-q4")
    formats = {packs: "packed", plain: "float32"}
    monkeypatch.setattr(fitting, "format_of", lambda what, _device: formats[what.target.path])

    def needs(path: Path, other: Path, free: int) -> Fit:
        return fit_with(request_for(path, dtype="auto", context_length=256, installed=(str(other),)), free)

    whole = {path: needs(path, path, 10**12).need.total for path in formats}
    assert whole[packs] < whole[plain]
    (way,) = (way for way in needs(plain, packs, int(whole[packs] / ROOMY) + 1000).ways if way.kind == "quantisation")
    assert (way.value, way.total) == (str(packs), whole[packs])
    ways = needs(packs, plain, int(whole[packs] * 1.01)).ways
    assert [way for way in ways if way.kind == "quantisation"] == []


def test_a_pool_is_cut_to_what_leaves_room(target: Path) -> None:
    wanted = request_for(target, context_length=512, cache_tokens=32_768)
    half = fit_with(replace(wanted, cache_tokens=16_384), 10**12).need.total
    found = fit_with(wanted, int(half / ROOMY) + 1000)
    pool = next(way for way in found.ways if way.kind == "pool")
    assert (int(pool.value), pool.total) == (16_384, half)


def test_a_load_is_stopped_before_anything_is_taken(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine()
    first = events(engine, request_for(target, context_length=512))
    assert isinstance(first[-1], ModelReady)
    monkeypatch.setattr(fitting, "free_memory", lambda: 1000)
    said = events(engine, request_for(target, stop_at="tight"))
    assert isinstance(said[-2], Fit)
    assert said[-2].level == "short"
    failed = said[-1]
    assert isinstance(failed, Failed)
    assert (failed.code, failed.kept) == ("load_short", True)
    assert engine.ready == first[-1]
    checked = events(engine, request_for(target, stop_at="tight", check_only=True))
    assert [type(event) for event in checked[-2:]] == [Fit, Failed]
    assert isinstance(events(engine, request_for(target, check_only=True))[-1], Checked)


def test_a_load_that_leaves_little_is_stopped_where_that_was_asked_for(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need = fit_with(request_for(target), 10**12).need.total
    monkeypatch.setattr(fitting, "free_memory", lambda: int(need * 1.05))
    engine = Engine()
    stopped = list(engine.stream(request_for(target, stop_at="tight"), threading.Event()))
    assert getattr(stopped[-1], "code", "") == "load_tight"
    assert isinstance(events(engine, request_for(target, stop_at="short"))[-1], ModelReady)
