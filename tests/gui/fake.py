"""A fake engine: the events of a session, without any model."""

from __future__ import annotations

import math
import random

import numpy as np

from helix_app.protocol import events
from helix_app.protocol.events import (
    BLOCK_CACHED,
    BLOCK_SHARED,
    BLOCK_USED,
    CACHE_CELL,
    NO_OWNER,
    CacheSnapshot,
    RoundDone,
    RunMetrics,
)
from helix_app.protocol.models.loading import MemoryUse, ModelReady
from helix_app.protocol.requests import CatalogItem

CELL = np.dtype(CACHE_CELL)
MEMORY = MemoryUse(612_000_000, 151_000_000, 189_000_000, 5_100_000_000, 8_300_000_000)

SMOL = CatalogItem(
    id="smollm2-135m-instruct",
    name="SmolLM2 135M Instruct",
    size_bytes=144_811_904,
    download_bytes=144_811_904,
    licence="Apache 2.0",
    summary="A tiny chat model that answers at once on any computer. Good to see how Helix works.",
)
BIG = CatalogItem(
    id="qwen2.5-1.5b-instruct",
    name="Qwen2.5 1.5B Instruct",
    size_bytes=1_646_572_928,
    download_bytes=1_646_572_928,
    licence="Apache 2.0",
    summary="Small and capable.",
)


def here(item: CatalogItem) -> CatalogItem:
    """The item as it is once it was downloaded."""
    return CatalogItem(
        item.id, item.name, item.size_bytes, 0, item.licence, item.summary, f"/models/{item.id}/model.gguf"
    )


def ready(**values: object) -> ModelReady:
    """A loaded model."""
    base = {
        "target_name": "SmolLM2 135M Instruct",
        "draft": "ngram",
        "draft_name": "",
        "device": "cpu",
        "device_name": "8 threads",
        "dtype": "bfloat16",
        "context_length": 8192,
        "block_size": 16,
        "target_blocks": 512,
        "draft_blocks": 0,
        "parameters": 134_515_008,
        "vocab_size": 49_152,
        "load_seconds": 1.8,
        "target_block_bytes": 368_640,
        "memory": MEMORY,
    }
    return ModelReady(**{**base, **values})  # type: ignore[arg-type]


def round_done(request_id: str, index: int, **values: object) -> RoundDone:
    """One round whose figures look like those of a real session."""
    wave = 0.68 + 0.2 * math.sin(index / 17) + 0.05 * math.sin(index / 3)
    base = {
        "request_id": request_id,
        "index": index,
        "k": max(1, round(4 + 3 * math.sin(index / 23))),
        "proposed": (),
        "accepted": 3,
        "emitted": (),
        "draft_seconds": 0.002,
        "verify_seconds": 0.04,
        "overhead_seconds": 0.001,
        "k_reason": "steady",
        "rolling_acceptance": wave,
        "acceptance_rate": 0.7 + 0.1 * math.exp(-index / 60) * math.sin(index / 11),
        "rolling_tokens_per_second": 58 + 9 * math.sin(index / 19) + 2 * math.sin(index),
        "decode_tokens_per_second": 60.8,
        "plain_tokens_per_second": 38.0 if index > 8 else None,
        "mean_accepted_length": 2.9,
        "tokens_generated": 3 * index,
        "context_tokens": 60 + 3 * index,
        "elapsed_seconds": 0.2 + index * 0.06,
    }
    return RoundDone(**{**base, **values})  # type: ignore[arg-type]


def finished(request_id: str, text: str = "", reason: str = "eos", **values: object) -> events.Finished:
    """The end of a reply."""
    base = {
        "tokens_generated": 212,
        "prompt_tokens": 48,
        "cached_tokens": 32,
        "time_seconds": 3.7,
        "tokens_per_second": 57.2,
        "decode_tokens_per_second": 60.8,
        "time_to_first_token": 0.213,
        "acceptance_rate": 0.731,
        "mean_accepted_length": 2.9,
        "target_passes": 73,
        "drafted_tokens": 190,
        "accepted_tokens": 139,
        "k_mean": 3.4,
        "k_min": 1,
        "k_max": 7,
        "plain_tokens_per_second": 38.0,
        "seed": 1234,
    }
    metrics = RunMetrics(**{**base, **values})  # type: ignore[arg-type]
    return events.Finished(request_id, reason, text, (), metrics)  # type: ignore[arg-type]


def cell(
    state: int, fill: int = 0, speculative: int = 0, refcount: int = 0, owner: int = NO_OWNER
) -> tuple[int, int, int, int, int, int]:
    """One packed block."""
    return (state, fill, speculative, 0, refcount, owner)


def pool_cells(blocks: int, sequences: int = 3, seed: int = 1) -> np.ndarray:
    """A pool in use: some sequences, shared prefixes, cached tails, draft slots at the ends."""
    rng = random.Random(seed)
    cells = np.zeros(blocks, CELL)
    cells["owner"] = NO_OWNER
    at = 0
    for owner in range(sequences):
        length = max(1, blocks // (sequences * 3) - owner)
        for number in range(length):
            if at >= blocks:
                break
            last = number == length - 1
            shared = number < 3 and owner < 2
            cells[at] = cell(
                BLOCK_SHARED if shared else BLOCK_USED,
                rng.randint(5, 15) if last else 16,
                3 if last else 0,
                2 if shared else 1,
                owner,
            )
            at += 1
    for _ in range(blocks // 10):
        if at < blocks:
            cells[at] = cell(BLOCK_CACHED, 16)
            at += 1
    return cells


def cells(blocks: int = 64, **runs: tuple[int, int, int, int]) -> np.ndarray:
    """A pool with some runs of blocks: (first, count, state, owner)."""
    made = np.zeros(blocks, CELL)
    made["owner"] = NO_OWNER
    for first, count, state, owner in runs.values():
        made[first : first + count] = cell(state, 16, 0, 1, owner)
    return made


def snapshot(cells: np.ndarray, pool: str = "target", owners: int = 3) -> CacheSnapshot:
    """A full snapshot of a pool."""
    used = int(np.isin(cells["state"], (BLOCK_USED, BLOCK_SHARED)).sum())
    cached = int((cells["state"] == BLOCK_CACHED).sum())
    return CacheSnapshot(
        pool=pool,  # type: ignore[arg-type]
        num_blocks=len(cells),
        block_size=16,
        full=True,
        indices=b"",
        cells=cells.tobytes(),
        owners=tuple(f"chat {n + 1}" for n in range(owners)),
        used_blocks=used,
        cached_blocks=cached,
        free_blocks=len(cells) - used - cached,
    )


def delta(indices: list[int], cells: np.ndarray, blocks: int, owners: int = 3) -> CacheSnapshot:
    """A snapshot of the blocks that changed."""
    return CacheSnapshot(
        "target",
        blocks,
        16,
        False,
        np.array(indices, "<u4").tobytes(),
        cells.tobytes(),
        tuple(f"chat {n + 1}" for n in range(owners)),
        7,
        2,
        blocks - 9,
    )


MARKDOWN = """A **KV cache** keeps the keys and values of every token the model has read, so that each new \
token needs *one* row of attention instead of all of them. Helix keeps it in blocks of 16 tokens.

## How a block is used

1. A sequence asks the pool for a free block.
2. Tokens fill its slots from left to right; rejected draft tokens free theirs at once.
3. A full block is shared by `hash(prefix)`:
   - a second chat with the same system prompt reads it,
   - writing to it makes a copy first.

```python
def append(table: list[int], pool: BlockPool, tokens: int) -> None:
    # one block holds 16 tokens
    while tokens > 16 * len(table):
        table.append(pool.allocate())  # may evict a cached block
    return None
```

| state | who reads it | may be reused |
|:--|:--|--:|
| used | one sequence | no |
| shared | several | no |
| cached | nobody now | yes |

> The cache never lies: a block's tokens are compared, not only their hash.

Raw HTML such as <b>this</b> stays text. More at [the paper](https://arxiv.org/abs/2309.06180). 你好 🙂
"""


def record(signal) -> list:
    """What a signal carried so far."""
    seen: list = []
    signal.connect(lambda *args: seen.append(args[0] if args else None))
    return seen
