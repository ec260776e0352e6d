"""What a pass over packed weights needs beside weights and cache: the memory of its rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from helix_app.engine.cache.layout import Layout
from helix_app.engine.kernels.packed.formats import RECORD_BYTES
from helix_app.engine.kernels.packed.program import address
from helix_app.engine.models.packed.recurrent import RecurrentMemory
from helix_app.modelfiles.config import ModelConfig

Floats = npt.NDArray[np.float32]


class RowMemory:
    """What a pass of at most so many rows needs beside weights and cache.

    Attributes:
        x: the residual ``[capacity, hidden]``.
        positions, wanted: of each row its position; the rows whose logits are wanted.
        slots, tables: of each group of layers and row its cache slot, and the address of its sequence's block table.
        layout: the groups.
        unturned: positions of rows for layers that turn nothing, all 0.
        levels: of rows, where queries grow by position: which of the sizes is theirs.
        counts: rows of this pass, wanted rows, and 1.
        gated: gates, then what attention gives, ``mixed``, where that is gated.
        recurrent: of recurrent layers, None in a model without.
    """

    def __init__(self, config: ModelConfig, capacity: int, layout: Layout) -> None:
        self.layout = layout
        hidden, inner = config.hidden_size, config.intermediate_size
        self.capacity = capacity
        self.q_width = config.num_heads * config.head_dim
        self.kv_width = config.num_kv_heads * config.head_dim
        self.x = np.zeros((capacity, hidden), dtype=np.float32)
        self.normed = np.zeros_like(self.x)
        self.qkv = np.zeros((capacity, self.q_width + 2 * self.kv_width), dtype=np.float32)
        self.gated = np.zeros((capacity, self.q_width * (1 + config.gated_attention)), dtype=np.float32)
        self.mixed = self.gated[:, self.q_width * config.gated_attention :]
        sizes = config.recurrent
        self.recurrent = None if sizes is None else RecurrentMemory(sizes, capacity)
        self.added = np.zeros_like(self.x if adds_apart(config) else self.x[:0])
        self.gate_up = np.zeros((capacity, 2 * inner), dtype=np.float32)
        self.activated = np.zeros((capacity, inner), dtype=np.float32)
        columns = max(hidden, self.q_width, inner, 0 if sizes is None else sizes.inner)
        self.records = {
            size: np.zeros(capacity * -(-columns // size) * nbytes, dtype=np.uint8)
            for size, nbytes in RECORD_BYTES.items()
        }
        self.positions, self.wanted, self.unturned, self.levels = np.zeros((4, capacity), dtype=np.int64)
        self.slots, self.tables = np.zeros((2, len(layout.windows), capacity), dtype=np.int64)
        self.rows = np.arange(capacity, dtype=np.int64)
        self.counts = np.array([0, 0, 1], dtype=np.int64)
        widest = 0 if sizes is None else sizes.channels
        self.zeros = np.zeros(
            max(config.vocab_size, columns, 2 * inner, self.q_width + 2 * self.kv_width, widest), dtype=np.float32
        )

    def count(self, index: int) -> int:
        """The address of one of ``counts``."""
        return address(self.counts) + 8 * index


def adds_apart(config: ModelConfig) -> bool:
    """Whether what a half of a layer gives is not added as it is."""
    return config.post_norms or config.residual_scale != 1.0
