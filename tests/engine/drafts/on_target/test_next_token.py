"""A target's own layer as its draft: over recurrent layers, and never right; else as ``test_on_target.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.protocol.events import RoundDone
from tests.engine.made.next_token import TRAINED, echo_of, train, with_layer
from tests.engine.made.tiny import ask
from tests.engine.runs.crowds import TEXTS, Crowd, alone, check_same, plain
from tests.engine.runs.next_token_runs import SAID, Taught, asked
from tests.engine.runs.on_target import rounds

pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.mark.soak
@pytest.mark.parametrize("name", ["qwen35", "qwen3_5_moe"])
def test_over_recurrent_layers_it_is_mostly_right_too(tmp_path: Path, name: str) -> None:
    """Qwen3.5, also with experts, taught for some seconds."""
    reference = train(name, 60, normed=True)
    models, passes = Taught(with_layer(name, reference, tmp_path, seed=TRAINED)), []
    for request in asked(k="fixed:2"):
        passes += rounds(models.session("mtp"), request)
    assert sum(each.accepted for each in passes) > 0.6 * sum(each.k for each in passes) > 0


def test_the_policy_leaves_a_layer_alone_that_is_never_right(
    taught_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = NextTokenLayer.forward_many
    monkeypatch.setattr(NextTokenLayer, "forward_many", lambda self, ids, spans: real(self, ids, spans).roll(7, 1))
    session = Taught(taught_file).session("mtp")
    for rows, seconds in ((1, 1.0), (2, 1.01), (5, 1.04), (9, 1.08)):  # what a real model's passes cost
        session.costs.add(rows, 0, seconds)
    monkeypatch.setattr(session.costs, "add", lambda *_: None)
    found = rounds(session, ask(SAID[3], max_tokens=150))
    assert not any(each.accepted for each in found)
    late = found[len(found) // 2 :]
    assert sum(bool(each.k) for each in found) > 0
    assert sum(bool(each.k) for each in late) <= 0.1 * len(late)


@pytest.mark.parametrize("name", ["qwen35-loopy", "qwen3_5_moe-loopy"])
def test_over_recurrent_layers_it_changes_nothing(tmp_path: Path, name: str) -> None:
    """Whose states are taken back with what was not accepted; in a crowd that is preempted, and after a prefix hit.

    Also where layers have experts, the one that drafts among them.
    """
    models = Taught(with_layer(name, echo_of(name), tmp_path))
    wanted = [ask(text, request_id=text, max_tokens=36, k="fixed:3") for text in TEXTS[:4]]
    crowd = Crowd(models.session("mtp", blocks=9)).add(*wanted)
    crowd.run()
    assert crowd.preempted
    check_same(models, crowd, wanted)
    assert any(event.accepted for event in crowd.events if isinstance(event, RoundDone))
    session, request = models.session("mixed-mtp"), ask(TEXTS[2] + TEXTS[7], max_tokens=20, k="fixed:2")
    first, second = alone(session, request), alone(session, request)
    assert second.metrics.cached_tokens >= 32
    assert first.token_ids == second.token_ids == plain(models, request).token_ids
