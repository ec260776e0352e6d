"""The exact law of replies over layers of two head sizes, some of which read the keys of earlier ones.

The target's answers hang on what its last two layers find in the places of the first and the third: of the tokens in
the window what a layer with a window has, of those before what one without has.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from helix_app.engine.cache.layout import Planes, layout_of
from helix_app.engine.cache.plane_cache import PlaneCache, PlaneView
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pooled import GroupedView
from helix_app.engine.engine import Engine
from helix_app.engine.models.runner import ModelRunner
from helix_app.modelfiles.config import Layer, ModelConfig
from tests.engine.proof.instruments.checks import Patch, install, reply_law
from tests.engine.proof.instruments.enumerate_paths import OneHotDraft, Table, difference, model_draft, target_law
from tests.engine.proof.test_exact import EXACT, PARAMS, PROMPT

_WINDOW, _SIZE, _BLOCKS = 2, 2, 40
_MARK = 10  # times a layer's number is added to its keys
_LAYERS = (
    Layer(window=_WINDOW),
    Layer(window=_WINDOW),  # side by side with the one before
    Layer(head_dim=4),
    Layer(head_dim=4, shares=2),
    Layer(window=_WINDOW, shares=0),
)


class SharingDecoder:
    """A decoder whose keys are token ids, over a cache as Gemma 4 has it."""

    graphs, kernels, bits, parameters, dtype, format = None, (), 0, 0, torch.float64, "float64"

    def __init__(self, table: Table) -> None:
        self.table, self.max_positions, self.device = table, _SIZE * _BLOCKS // 2, torch.device("cpu")
        self.config = ModelConfig("table", table.vocab, 1, 1, len(_LAYERS), 1, 1, 2, self.max_positions, layers=_LAYERS)

    @torch.inference_mode()
    def forward(self, ids: torch.Tensor, start: int, view: GroupedView[PlaneView], logit_rows: int) -> torch.Tensor:
        found = []
        for i, layer in enumerate(self.config.layers):
            place, dim = view.at(i), self.config.heads(i).dim
            new = ids.double().view(1, -1, 1).expand(2, -1, dim)
            kept = place.seen(i) if layer.shares is not None else place.write(i, new + _MARK * i)
            own = i if layer.shares is None else layer.shares
            found.append(((kept[0][0, 0, :, -1] - _MARK * own).tolist(), place.first))
        (whole, _), (recent, first) = found[3:]
        rows = []
        for end in range(start + len(ids) - logit_rows + 1, start + len(ids) + 1):
            begin = max(0, end - _WINDOW)
            context = [*whole[:begin], *recent[begin - first : end - first]]
            rows.append(self.table([int(i) for i in context]))
        return torch.stack(rows)

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Any]) -> torch.Tensor:
        parts = ids.split([span.rows for span in spans])
        return torch.cat([self.forward(part, s.start, s.view, s.logit_rows) for part, s in zip(parts, spans)])


def sharing_runner(table: Table) -> ModelRunner:
    """The production runner around it; its blocks lie anywhere."""
    decoder: Any = SharingDecoder(table)
    layout = layout_of(decoder.config, decoder.max_positions)
    assert (layout.windows, layout.readers) == ((0, _WINDOW), (1, 1))
    cache = PlaneCache(decoder.config, _BLOCKS, _SIZE, torch.float64, decoder.device, layout)
    with torch.inference_mode():
        cache.pool.fill_(float("nan"))  # what was never written must never be read
    order = random.Random(0).sample(range(_BLOCKS), _BLOCKS)
    return ModelRunner(decoder, BlockPool(_BLOCKS, _SIZE, order, layout.windows), cache)


def law_error(engine: Engine, patch: Patch, kind: str) -> float:
    """How far the law of whole replies is from the target's."""
    target = Table(8)
    similar = Table(108, spread=0.8, base=target)
    runner = sharing_runner(target)
    install(engine, patch, runner, model_draft(similar) if kind == "model" else OneHotDraft(similar))
    law = reply_law(engine, patch, PROMPT, PARAMS["plain"], max_tokens=3, k="fixed:2")
    runner.pool.check_integrity()
    return difference(law, target_law(target, PARAMS["plain"], PROMPT, 3))


@pytest.mark.parametrize("kind", ["model", "one-hot"])
def test_exact_law_of_whole_replies_over_shared_layers(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    assert law_error(engine, monkeypatch, kind) < EXACT


def shared_keys_written_twice(patch: Patch) -> None:
    """A layer that shares writes keys of its own to where it reads."""
    real = PlaneView.seen

    def seen(self: PlaneView, layer: int, padded: bool = False) -> Any:
        if _LAYERS[layer].shares is not None and self._rows:
            slots = self._slots()[self._length - self._rows : self._length]
            self.cache.joined[layer][:, slots] = self.cache.joined[layer][:, slots] + 1
        return real(self, layer, padded)

    patch.setattr(PlaneView, "seen", seen)


def window_one_too_short(patch: Patch) -> None:
    real = BlockPool._first

    def first(self: BlockPool, group: int, length: int) -> int:
        return real(self, group, length + 1) if self.windows[group] else 0

    patch.setattr(BlockPool, "_first", first)


def window_groups_share_blocks(patch: Patch) -> None:
    """A layer reads in the blocks of the first group, whichever is its own."""
    patch.setattr(GroupedView, "at", lambda self, layer: self.views[0])


def layers_side_by_side_in_one_place(patch: Patch) -> None:
    real = Planes.place
    patch.setattr(Planes, "place", lambda self, group, index: (real(self, group, index)[0], 0))


def rejected_slots_stay(patch: Patch) -> None:
    patch.setattr(BlockPool, "truncate", lambda self, name, length: None)


@pytest.mark.parametrize(
    "mutate",
    [
        shared_keys_written_twice,
        window_one_too_short,
        window_groups_share_blocks,
        layers_side_by_side_in_one_place,
        rejected_slots_stay,
    ],
)
def test_mutant_is_caught(engine: Engine, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[Patch], None]) -> None:
    mutate(monkeypatch)
    with pytest.raises(AssertionError) as caught:
        assert law_error(engine, monkeypatch, "one-hot") < EXACT
    assert "code='internal'" not in str(caught.value)  # a wrong answer, not a mutant that crashes
