"""A draft head of its own: of a part of the vocabulary, and for targets of all kinds; else as ``test_on_target.py``."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.protocol.events import RoundDone
from helix_app.protocol.requests import Grammar
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import Zoo, ask
from tests.engine.models.whole.test_ragged import TORCH
from tests.engine.runs.crowds import TEXTS, Crowd, alone, check_same, plain
from tests.engine.runs.head_runs import Headed
from tests.engine.runs.next_token_runs import SAID
from tests.engine.runs.on_target import proposals, rounds

pytestmark = pytest.mark.usefixtures("small_chunks")


def test_a_grammar_masks_drafts_of_a_part_of_the_vocabulary(taught_file: Path, taught_head: Path) -> None:
    """Also where all that it allows lies outside of the head's vocabulary."""
    taught = Headed(taught_file, taught_head)
    request = ask(SAID[1], max_tokens=40, k="fixed:3", grammar=Grammar("regex", "( (cat|sat|mat|dog|lay|XYZ))+"))
    drafted, wanted = alone(taught.session("head"), request), plain(taught, request)
    assert drafted.token_ids == wanted.token_ids
    assert drafted.metrics.accepted_tokens > 0
    strange = ask(SAID[1], max_tokens=40, k="fixed:3", grammar=Grammar("regex", " (@#[X-Z]{3})+%"))
    assert alone(taught.session("head"), strange).token_ids == plain(taught, strange).token_ids


# target, its head's heads, and the format of its weights
HARDLY_RIGHT = [
    pytest.param("qwen35-loopy", None, "", marks=pytest.mark.soak),
    ("llama-loopy", (2, 2, 8), ""),
    ("llama-loopy", (2, 2, 8), "Q8_0"),
    ("qwen35-blocks-loopy", (2, 1, 16), "Q8_0"),
    ("qwen3_5_moe-loopy", (4, 4, 8), "Q8_0"),
    ("gemma3-loopy", (4, 1, 8), "Q8_0"),
    ("gemma4-loopy", None, "Q8_0"),
]


@pytest.mark.parametrize(("name", "heads", "quant"), HARDLY_RIGHT)
def test_a_head_that_is_hardly_ever_right_changes_nothing(
    zoo: Zoo, tmp_path: Path, name: str, heads: tuple[int, int, int] | None, quant: str
) -> None:
    """Over packed weights, recurrent layers, experts and windows, too, with keys and values of another size; in a crowd
    that is preempted, and after a prefix hit."""
    if name == "qwen3_5_moe-loopy" and TORCH < EXACT_TORCH:
        pytest.skip("kernels of this torch depend on the number of rows")
    folder = head_for(name, (0, 1, 2), **({} if heads is None else {"heads": heads})).save(tmp_path, "speculators")
    models = Headed(zoo.gguf(name, quant=quant or "F32"), folder, packed=bool(quant))
    wanted = [ask(text, request_id=text, max_tokens=24, k="fixed:3") for text in TEXTS[:4]]
    blocks = 6 if models.target.config.windows else 7  # windows give some back
    crowd = Crowd(models.session("head", blocks=blocks)).add(*wanted)
    crowd.run()
    assert crowd.preempted
    check_same(models, crowd, wanted)
    assert any(event.k for event in crowd.events if isinstance(event, RoundDone))
    session, request = models.session("mixed-head"), ask(TEXTS[2] + TEXTS[7], max_tokens=20, k="fixed:2")
    first, second = alone(session, request), alone(session, request)
    assert second.metrics.cached_tokens >= 32
    assert first.token_ids == second.token_ids == plain(models, request).token_ids
    if quant:  # where bits are the same however a text was read, drafts are too
        session = models.session("head")
        assert proposals(rounds(session, request)) == proposals(rounds(session, request))
