"""What layers that draft have in common: a step is one row, and looks at all slots but the first."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.drafting.layer import DraftingLayer
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.engine.models.runner import ModelRunner
from tests.engine.made.heads import head_for
from tests.engine.made.next_token import reference_of, with_layer
from tests.engine.made.tiny import Zoo
from tests.engine.models.drafting.cases import read
from tests.engine.models.test_decoder import some_ids, worst
from tests.engine.runs.head_runs import head_of, joined as with_head, target_of
from tests.engine.runs.next_token_runs import files_with, joined as with_own, parts_of

TEXT = some_ids(20, 6)


@pytest.fixture(scope="module", params=["mtp", "head"])
def pair(request: pytest.FixtureRequest, zoo: Zoo, tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelRunner, ...]:
    """Runners of a target and of its own layer, or of a head for it."""
    root: Path = tmp_path_factory.mktemp("layers")
    if request.param == "mtp":
        return with_own(parts_of(files_with(with_layer("qwen3", reference_of("qwen3"), root))), 8)
    target = target_of(zoo.gguf("qwen3"))
    return with_head((target, head_of(target, head_for("qwen3").save(root / "head"))), 8)


def test_what_is_in_the_first_slot_does_not_matter(pair: tuple[ModelRunner, ...]) -> None:
    runner, draft = pair
    read(runner, TEXT, [19])
    first = draft.forward("s", TEXT[19:], 1)
    runner.pool.truncate("s", 19)
    layer, block = runner.decoder.config.num_layers, runner.pool.tables()["s"].groups[0].blocks[0]
    with torch.inference_mode():
        keys, values = runner.cache.keys[layer], runner.cache.values[layer]
        for one in (keys, values):
            one[:, block * 16] = 1e4
        again = draft.forward("s", TEXT[19:], 1)
        assert torch.equal(again, first)
        runner.pool.truncate("s", 19)
        keys[:, block * 16 + 1] = 1e4
        assert worst(draft.forward("s", TEXT[19:], 1), first) > 1e-2
    runner.discard("s")


def test_a_step_is_one_row_with_a_state(pair: tuple[ModelRunner, ...]) -> None:
    runner, draft = pair
    runner.open("s", ())
    with pytest.raises(ValueError, match="one row"):
        draft.forward("s", [1, 2], 2)
    states, draft.hidden = draft.hidden, None
    with pytest.raises(ValueError, match="hidden state"):
        draft.forward("s", [1], 1)
    draft.hidden = states
    runner.close("s")


def test_what_each_says_of_itself(pair: tuple[ModelRunner, ...]) -> None:
    layer = pair[1].decoder
    assert isinstance(layer, DraftingLayer)
    assert layer.vocabulary == pair[0].decoder.config.vocab_size
    assert layer.layers == ((0, 1, 2) if isinstance(layer, EagleHead) else ())
    assert isinstance(layer, (EagleHead, NextTokenLayer))
    assert layer.format == "float32"
    assert layer.weight_bytes > 0
