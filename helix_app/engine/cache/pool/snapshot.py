"""The state of a pool as an event for the block map."""

from __future__ import annotations

import struct

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.block_table import BlockTable
from helix_app.protocol.events import (
    BLOCK_CACHED,
    BLOCK_FREE,
    BLOCK_PASSED,
    BLOCK_SHARED,
    BLOCK_USED,
    NO_BLOCK,
    NO_OWNER,
    CacheSnapshot,
    PoolName,
)

_CELL = struct.Struct("<BBBBHH")  # events.CACHE_CELL


_Use = tuple[int, int, int, int]  # of a block: fill, speculative, group, owner


def take_snapshot(pool: BlockPool, name: PoolName, *, full: bool) -> CacheSnapshot:
    """All blocks, or those that changed since the last snapshot. Mutates: what the pool notes as changed."""
    dirty = pool.take_dirty()
    wanted = list(range(pool.num_blocks)) if full else sorted(dirty)
    tables: list[tuple[str, bytes]] = []
    used: dict[int, _Use] = {}
    owners = tuple(pool.tables())
    for owner, (sequence_id, table) in enumerate(pool.tables().items()):
        if full or table.moved:
            tables.append((sequence_id, _packed(table)))
            table.moved = False
        for group, held in enumerate(table.groups):
            for i, block in enumerate(held.blocks, held.begin):
                if full or block in dirty:
                    used.setdefault(block, (*_filled(table, i * pool.block_size, pool.block_size), group, owner))
    return CacheSnapshot(
        pool=name,
        num_blocks=pool.num_blocks,
        block_size=pool.block_size,
        full=full,
        indices=b"" if full else struct.pack(f"<{len(wanted)}I", *wanted),
        cells=b"".join(_cell(pool, block, used.get(block)) for block in wanted),
        owners=owners,
        used_blocks=pool.used_blocks,
        cached_blocks=pool.cached_blocks,
        free_blocks=pool.free_blocks,
        tables=tuple(tables),
        windows=pool.windows,
        readers=pool.readers,
        passed_blocks=pool.passed_blocks,
        evicted_blocks=pool.evicted,
        states=pool.states.slots,
        used_states=pool.states.slots - pool.states.free,
        kept_states=pool.states.checkpoints,
    )


def _filled(table: BlockTable, start: int, size: int) -> tuple[int, int]:
    """Slots in use of the block that begins with token ``start`` of a sequence, and how many are speculative."""
    fill = min(size, table.length - start)
    return fill, max(0, start + fill - max(start, table.verified))


def _cell(pool: BlockPool, block: int, use: _Use | None) -> bytes:
    """One record of ``CACHE_CELL``; ``use`` is that by a sequence."""
    if use is not None:
        fill, speculative, group, owner = use
        refs = pool.refcount(block)
        state = BLOCK_SHARED if refs > 1 else BLOCK_USED
        return _CELL.pack(state, min(fill, 255), min(speculative, 255), group, min(refs, 0xFFFF), owner)
    if pool.is_cached(block):
        state = BLOCK_PASSED if pool.is_passed(block) else BLOCK_CACHED
        return _CELL.pack(state, min(pool.block_size, 255), 0, pool.group_of(block), 0, NO_OWNER)
    return _CELL.pack(BLOCK_FREE, 0, 0, 0, 0, NO_OWNER)


def _packed(table: BlockTable) -> bytes:
    blocks = [block for held in table.groups for block in (*[NO_BLOCK] * held.begin, *held.blocks)]
    return struct.pack(f"<{len(blocks)}I", *blocks)
