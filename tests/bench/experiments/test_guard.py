"""``bench guard`` on a tiny model."""

from __future__ import annotations

import json
import threading

import pytest

from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments import experiment, guard
from helix_app.bench.experiments.experiment import Bench, open_bench
from helix_app.protocol.events import EmittedToken, RoundDone
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
    own = found.data.pop("over their own plain rounds")
    assert found.data.pop("under") == []
    assert len(found.data) == 8
    assert len(own) == 6
    assert all(0 <= cell["drafted"] <= cell["rounds"] for cell in own.values())
    assert [row[:2] for row in found.more[0].rows] == [("chat", "0.0"), ("chat", "1.2")]
    assert json.loads(experiment.document(found, bench.config, bench.ready, "x"))
    assert bench.session.eos, "the end of text is back in place"


@pytest.mark.parametrize(("repeats", "unsure"), [(2, True), (6, False)])
@pytest.mark.parametrize("k", [0, 1])
def test_there_is_no_verdict_without_an_interval(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch, repeats: int, unsure: bool, k: int
) -> None:
    """Whatever has a draft is half as fast here; only enough replies may say so, with a remark where none was made."""
    rounds = [a_round(k, 0.1, 1)]
    monkeypatch.setattr(guard, "_reply", lambda s, task, t, name, bench: (10.0 if name == guard.PLAIN else 5.0, rounds))
    found = guard.run(opened(zoo, repeats))
    assert found.notes[0].startswith("Lowest median: 0.500")
    verdict = found.notes[0].partition("interval: ")[2]
    undrafted = "".join(note for note in found.notes if note.startswith("Of these no round drafted in"))
    assert any("too few replies" in note for note in found.notes) is unsure
    assert (verdict == "none.") is unsure
    assert verdict.count("temperature") == len(found.data["under"]) == (0 if unsure else 6)
    assert undrafted.count("temperature") == (0 if unsure or k else 6)


def test_stopped_before_a_reply_it_has_no_figures(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "_reply", lambda *_: (None, []))
    found = guard.run(opened(zoo, 1))
    assert {row[2:] for row in found.rows} == {("–",) * 4}
    assert found.notes[0] == "Nothing was compared."
    assert not any("Lowest" in note for note in found.notes)


def a_round(k: int, seconds: float, emitted: int, draft: float = 0.0) -> RoundDone:
    parts = (draft, 0.75 * seconds, 0.25 * seconds)
    tokens = (EmittedToken(5, "x", "plain", 1.0),) * emitted
    unknown = (None, None, None, None, None, None)
    return RoundDone("r", 0, k, (), emitted - 1, tokens, *parts, "costs_more", *unknown, 1, 1, 1.0)


def test_a_reply_against_its_own_plain_rounds() -> None:
    plain = [a_round(0, 1.0, 1)] * 8
    assert guard.over_own_plain(plain[1:]) is None, "too few to say what a plain round takes"
    assert guard.over_own_plain(plain) == 1.0
    assert guard.over_own_plain([*plain, a_round(0, 50.0, 1)]) == 1.0, "a stall is no loss by drafting"
    assert guard.over_own_plain([*plain, a_round(3, 2.0, 1)]) == pytest.approx(9 / 10)
    assert guard.over_own_plain([*plain, a_round(3, 2.0, 4)]) == pytest.approx(12 / 10)
    assert guard.over_own_plain([*plain, a_round(3, 1.0, 4, draft=1.0)]) == pytest.approx(12 / 10)


def test_looking_for_drafts_in_vain_is_a_loss() -> None:
    looking = [a_round(0, 1.0, 1, draft=0.25)] * 8
    assert guard.over_own_plain(looking) == pytest.approx(1 / 1.25)
    assert guard.over_own_plain([*[a_round(0, 1.0, 1)] * 8, a_round(0, 1.0, 1, draft=9.0)]) == pytest.approx(9 / 18)
