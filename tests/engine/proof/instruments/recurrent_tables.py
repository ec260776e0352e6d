"""A table of random logits that knows the context by a recurrent state alone, over the production cache and rule.

The state's keys are places and its values tokens: each row finds the first empty place and writes its token there, as
the delta rule does with a rate of one. So the next token depends on all that is in the state, and what a rejected draft
left there would be read as context.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.layout import layout_of
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.state_cache import Added, replay_
from helix_app.engine.kernels.delta_rule import DeltaRows, steps
from helix_app.engine.models.runner import ModelRunner
from helix_app.modelfiles.config import Layer, ModelConfig, Recurrent
from tests.engine.proof.instruments.enumerate_paths import Table, TableDecoder

PLACES = 64
SIZES = Recurrent(key_heads=1, value_heads=1, key_dim=PLACES, value_dim=1, kernel=1)


class RecurrentTableDecoder(TableDecoder):
    """One layer with a state, and one with keys that nobody reads."""

    def __init__(self, table: Table, max_positions: int) -> None:
        super().__init__(table, max_positions)
        layers = (Layer(recurrent=True, turned=False), Layer())
        self.config = ModelConfig("table", table.vocab, 1, 1, 2, 1, 1, 2, max_positions, layers=layers, recurrent=SIZES)

    @torch.inference_mode()
    def forward(self, ids: torch.Tensor, start: int, view: Any, logit_rows: int, *_: object) -> torch.Tensor:
        state, _tail = view.states.begin(0, own=True)
        contexts, parts = [], []
        for token in ids.tolist():
            filled = int((state != 0).sum())
            key = torch.nn.functional.one_hot(torch.tensor([[filled]]), PLACES).float()
            rows = DeltaRows(key, key, torch.full((1, 1, 1), token + 1.0), torch.zeros(1, 1), torch.ones(1, 1))
            _, added = steps(state, rows)
            replay_(state, added)
            parts.append(added)
            contexts.append([int(number) - 1 for number in state[0, :, 0].tolist() if number])
        whole = Added(*(torch.cat([vars(part)[name] for part in parts]) for name in ("decays", "keys", "deltas")))
        view.states.add(0, whole, torch.zeros(len(ids), SIZES.channels))
        return torch.stack([self.table(context) for context in contexts[-logit_rows:]])


def recurrent_runner(table: Table, blocks: int = 24, size: int = 2, states: int = 6) -> ModelRunner:
    """The production runner around it; slots of states hold what is no number before they are written."""
    decoder: Any = RecurrentTableDecoder(table, blocks * size)
    order = random.Random(1).sample(range(blocks), blocks)
    layout = layout_of(decoder.config, blocks * size)
    cache = KVCache(decoder.config, blocks, size, torch.float64, decoder.device, layout)
    assert cache.states is not None
    with torch.inference_mode():
        cache.states.states[0].fill_(float("nan"))
    return ModelRunner(decoder, BlockPool(blocks, size, order, layout.windows, layout.states), cache)


def context_of(runner: ModelRunner, name: str, length: int) -> Sequence[int]:
    """The tokens that a sequence's state holds behind its first ``length``."""
    assert runner.cache.states is not None
    for one in runner.pool.states.take_copies():
        runner.cache.states.copy(one)
    table = runner.pool.tables()[name]
    state, _ = runner.cache.states.view(table.state, length, 0, table.verified).begin(0, own=True)
    return [int(number) - 1 for number in state[0, :, 0].tolist() if number]
