"""``bench guard`` on a tiny model."""

from __future__ import annotations

import json
import threading

import pytest

from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments import experiment, guard
from helix_app.bench.experiments.experiment import Bench, open_bench
from tests.engine.made.tiny import Zoo


def opened(zoo: Zoo, repeats: int) -> Bench:
    target = str(zoo.folder("llama-loopy"))
    config = BenchConfig(
        target,
        target,
        device="cpu",
        dtype="float32",
        repeats=repeats,
        max_tokens=6,
        kinds=("chat",),
        prompts_per_kind=1,
    )
    return open_bench(config, lambda text: None, threading.Event())


def test_every_draft_at_both_temperatures(zoo: Zoo) -> None:
    bench = opened(zoo, 1)
    found = guard.run(bench)
    assert found.columns == ("Kind", "Temperature", "Plain tok/s", "n-gram", "always wrong", "target itself")
    assert [row[:2] for row in found.rows] == [("chat", "0.0"), ("chat", "1.2")]
    assert len(found.data) == 8
    assert json.loads(experiment.document(found, bench.config, bench.ready, "x"))
    assert bench.session.eos, "the end of text is back in place"


@pytest.mark.parametrize(("repeats", "unsure"), [(2, True), (6, False)])
def test_there_is_no_verdict_without_an_interval(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch, repeats: int, unsure: bool
) -> None:
    """Whatever drafts is half as fast here; only enough replies may say so."""
    monkeypatch.setattr(guard, "_speed", lambda s, task, t, name, bench: 10.0 if name == guard.PLAIN else 5.0)
    found = guard.run(opened(zoo, repeats))
    assert found.notes[0].startswith("Lowest median: 0.500")
    verdict = found.notes[0].partition("interval: ")[2]
    assert (verdict == "none.") is unsure
    assert any("too few replies" in note for note in found.notes) is unsure
    if not unsure:
        assert verdict.count("temperature") == 6
