"""Crowds over models whose layers have windows: forks, prefixes, and drafts change no reply."""

from __future__ import annotations

import pytest

from helix_app.engine.drafts import model
from helix_app.engine.models.runner import ModelRunner
from tests.engine.made.tiny import Zoo, ask
from tests.engine.runs.crowds import TEXTS, Crowd, Models, check_same, staggered

pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture(scope="module", params=["gemma3-loopy", "phi3-loopy"])
def windowed(request: pytest.FixtureRequest, zoo: Zoo) -> Models:
    """Windows of 24 tokens: beside a layer that sees all, and in every layer."""
    return Models(zoo, name=request.param)


def test_what_shares_a_beginning_is_written_as_if_alone(windowed: Models) -> None:
    """The later ones begin while the first one's window is still at the shared tokens, or has passed them."""
    asked = [
        ask(TEXTS[2] + text, request_id=f"{i}", max_tokens=40, k="fixed:3") for i, text in enumerate(TEXTS[:4] * 2)
    ]
    crowd = Crowd(windowed.session("ngram", blocks=60))
    crowd.run(each=staggered(crowd, asked, every=4))
    check_same(windowed, crowd, asked)
    cached = [result.metrics.cached_tokens for result in crowd.results.values() if hasattr(result, "metrics")]
    assert sum(tokens > 0 for tokens in cached) > len(cached) / 2


def test_memory_of_a_reply_stays_the_same_while_it_grows(windowed: Models) -> None:
    """As far as windows go: the layer that sees all tokens has all its blocks."""
    session = windowed.session(blocks=16)
    session.eos = frozenset()
    crowd = Crowd(session).add(ask(TEXTS[2], request_id="r", max_tokens=120))
    held: dict[int, list[int]] = {}

    def each() -> None:
        for table in crowd.session.runner.pool.tables().values():
            held[table.verified] = [len(group.blocks) for group in table.groups]

    crowd.run(each=each)
    windows = crowd.session.runner.pool.windows
    late = [blocks for verified, blocks in held.items() if verified > 64]
    assert len(late) > 30
    for group, window in enumerate(windows):
        counts = {blocks[group] for blocks in late}
        assert counts <= {2, 3} if window else max(counts) > 8


def test_a_draft_model_on_a_device_that_nobody_waits_for_moves_its_window_on(
    windowed: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it reads the prompt, too: otherwise its cache would have to hold all of it."""
    monkeypatch.setattr(ModelRunner, "is_synchronous", False)
    monkeypatch.setattr(model, "CHUNK", 24)
    session = windowed.session("model")
    assert session.draft_runner is not None
    draft = session.draft_runner.pool
    held: list[int] = []
    commit = draft.commit
    monkeypatch.setattr(
        draft, "commit", lambda *given: (held.append(len(draft.tables()[given[0]].blocks)), commit(*given))
    )
    asked = [ask(TEXTS[4] + TEXTS[2], request_id="r", max_tokens=20, k="fixed:3")]
    crowd = Crowd(session).add(*asked)
    crowd.run()
    check_same(windowed, crowd, asked)
    assert crowd.results["r"].metrics.drafted_tokens  # type: ignore[union-attr]
    full = sum(not window for window in draft.windows)
    prompt = crowd.results["r"].metrics.prompt_tokens  # type: ignore[union-attr]
    assert max(held[:3]) <= full * -(-prompt // 16) + 5 * (len(draft.windows) - full)
