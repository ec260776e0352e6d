"""Replies of the default model on its file's own blocks, drafted in every way there is and plain: the same tokens.

python -m pytest -m soak -s tests/integration/test_packed_soak.py
"""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.engine.engine import Engine
from helix_app.hub.learned import shipped_table
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import LoadRequest, SamplingParams
from tests.engine.made.tiny import ask, events, finish, session_of
from tests.integration.test_packed import prompts

pytestmark = [pytest.mark.model, pytest.mark.soak, pytest.mark.timeout(7200)]
TOKENS = 48
MORE = ("", "Be brief.", "Use plain words.", "Begin with a title.")
# how drafts are made: what a load asks for, and how many tokens a round drafts
KINDS = {
    "ngram": ({"draft": "ngram"}, "fixed:4"),
    "ngram and table": ({"draft": "ngram", "ngram_table": "shipped"}, "fixed:4"),
    "whichever promises more": ({"draft": "itself", "draft_required": False, "ngram_table": "shipped"}, "auto"),
    "model": ({"draft": "itself"}, "fixed:4"),
}


def asked() -> list[tuple[str, SamplingParams]]:
    """Sixty prompts with a seed, twenty at each of three temperatures, and two hundred greedy ones."""
    seeded = [
        (prompt, SamplingParams(temperature=temperature, seed=7))
        for temperature in (0.4, 0.8, 1.2)
        for prompt in prompts(20)
    ]
    greedy = [(f"{prompt} {more}".strip(), SamplingParams(temperature=0.0)) for more in MORE for prompt in prompts(50)]
    return seeded + greedy


def load(model: Path, options: dict[str, object]) -> Engine:
    table = shipped_table("smollm2-135m-instruct")
    places = {"itself": str(model), "shipped": "" if table is None else str(table)}
    given = {name: places.get(value, value) if isinstance(value, str) else value for name, value in options.items()}
    engine = Engine()
    request = LoadRequest(str(model), device="cpu", context_length=512, **given)  # type: ignore[arg-type]
    ready = events(engine, request)[-1]
    assert isinstance(ready, ModelReady), ready
    if ready.dtype != "packed":
        pytest.skip("no packed kernels here")
    return engine


def test_drafts_change_no_token_of_260_replies(default_model: Path) -> None:
    """Each reply is drafted in one of the ways, which take turns, and compared with the plain one."""
    same = total = 0
    for turn, (kind, (options, k)) in enumerate(KINDS.items()):
        engine, of_kind, drafted, accepted = load(default_model, options), 0, 0, 0
        mine = asked()[turn :: len(KINDS)]
        for prompt, sampling in mine:
            found, plain = (
                finish(engine, ask(prompt, sampling=sampling, max_tokens=TOKENS, mode=mode, k=k))
                for mode in ("speculative", "autoregressive")
                if session_of(engine).clear_caches() is None
            )
            of_kind += found.token_ids == plain.token_ids
            drafted += found.metrics.drafted_tokens
            accepted += found.metrics.accepted_tokens
            assert not plain.metrics.drafted_tokens
        engine.close()
        print(f"{kind}: {of_kind} of {len(mine)} the same; {accepted:,} of {drafted:,} drafted accepted", flush=True)
        assert 0 < accepted <= drafted
        same, total = same + of_kind, total + len(mine)
    print(f"{same} of {total}")
    assert same == total == 260
