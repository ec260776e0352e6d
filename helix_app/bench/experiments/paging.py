"""``bench paging``: what the paged cache costs in time, and what it saves in memory.

Time: one decode step on blocks that lie side by side, on blocks scattered over the pool, and on a plain contiguous
cache. Memory: slots that are allocated but hold nothing, and conversations that fit where each would otherwise
reserve its whole limit.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from helix_app.base.sizes import percent_text
from helix_app.bench.experiments.experiment import Bench, Experiment
from helix_app.bench.figures.statistics import median
from helix_app.bench.workloads import built_in
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.states import NO_STATE, StateCopy
from helix_app.engine.cache.state_cache import StateView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.rounds.scheduler import Scheduler
from helix_app.protocol.requests import ChatMessage, GenerateRequest, SamplingParams

CONTEXTS = (256, 1024, 4096)
LIMIT = 2048  # tokens that a conversation may grow to, and that a contiguous cache reserves
_STEPS = 12
_REPLIES = 16
_REPLY_TOKENS = 256
ARMS = ("contiguous", "adjacent", "scattered")


@dataclass
class _Contiguous:
    """Keys and values of one sequence in tensors of their own: what paging is compared with. See ``KVView``.

    Attributes:
        layers: ``[2 * kv_heads, slots, head_dim]`` each, keys before values.
        states: of recurrent layers, which are never paged.
    """

    layers: Sequence[torch.Tensor]
    length: int
    states: StateView | None = None
    rows: int = 1
    padded_length: int = 0
    first: int = 0
    block_size: int = 16

    def at(self, layer: int) -> _Contiguous:
        return self

    def write(self, layer: int, kv: torch.Tensor, padded: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        both = self.layers[layer]
        both[:, self.length - self.rows : self.length] = kv
        keys, values = both[None, :, : self.length].chunk(2, dim=1)
        return keys, values


def run(bench: Bench) -> Experiment:
    """Measure time first, then memory."""
    found = Experiment(
        "paging",
        "One plain decode step, paged against a contiguous cache (1.00 is as fast), median of paired ratios",
        ("Context", "Contiguous ms", "Adjacent blocks", "Scattered blocks"),
    )
    decoder = bench.session.runner.decoder
    contexts = [c for c in CONTEXTS if c < decoder.max_positions and decoder.config.is_even]
    times: dict[tuple[int, str], list[float]] = defaultdict(list)
    for context in contexts:
        bench.on_progress(f"{context} tokens of context")
        _steps(bench, context, times)
        if not (base := times[context, "contiguous"]):
            break  # stopped
        ratios = {arm: [x / b for x, b in zip(times[context, arm], base)] for arm in ARMS}
        found.rows.append(
            (
                f"{context:,}",
                f"{1000 * median(base):.2f}",
                f"{median(ratios['adjacent']):.3f}",
                f"{median(ratios['scattered']):.3f}",
            )
        )
    bench.on_progress("memory")
    wasted, adjacent, passes = _mixed_run(bench)
    size = bench.session.runner.pool.block_size
    found.notes += [
        f"Mixed run of {_REPLIES} conversations at once: {percent_text(wasted, 1)} of the slots allocated to those of "
        f"{_REPLY_TOKENS} tokens or more held no token (mean over all passes); {percent_text(adjacent)} of {passes:,} "
        "sequence passes found their blocks side by side.",
        *(_capacity(typical, size) for typical in (_REPLY_TOKENS, 512, 1024)),
    ]
    if not decoder.config.is_even:
        found.notes.append("Steps are not timed against a contiguous cache: this model's layers differ in size.")
    found.data = {
        "step_seconds": {f"{context} {arm}": values for (context, arm), values in times.items()},
        "wasted_share": wasted,
        "adjacent_share": adjacent,
    }
    return found


def _capacity(typical: int, block_size: int) -> str:
    count = fitting(_REPLIES * LIMIT, typical, block_size)
    return (
        f"Conversations of {typical:,} tokens in the memory of {_REPLIES} contiguous reservations of {LIMIT:,}: "
        f"{count} paged, {_REPLIES} contiguous ({count / _REPLIES:.1f}x)."
    )


def fitting(slots: int, typical: int, block_size: int) -> int:
    """How many sequences of ``typical`` tokens a pool of so many slots holds, counted with the pool itself."""
    pool = BlockPool(slots // block_size, block_size)
    count = 0
    while -(-typical // block_size) <= pool.free_blocks:
        pool.open(str(count), ())
        pool.extend(str(count), typical)
        count += 1
    return count


def _steps(bench: Bench, context: int, times: dict[tuple[int, str], list[float]]) -> None:
    """Time single steps at a context; the three caches take turns."""
    decoder = bench.session.runner.decoder
    config, dtype, device = decoder.config, decoder.cache_dtype, decoder.device
    size = bench.session.runner.pool.block_size
    blocks = -(-(context + 1) // size)
    cache = KVCache(config, 4 * blocks, size, dtype, device)
    if cache.states is not None:
        cache.states.copy(StateCopy(NO_STATE, context, 0))
    indices = cache.layout.indices
    with untracked(device):
        cache.pool.normal_()
        kept = cache.pool[:, :, : blocks * size].clone().unbind(0)
    own = [kept[index % len(kept)] for index in indices]  # a recurrent layer's is not looked at
    scattered = list(range(blocks, 4 * blocks))
    bench.order.shuffle(scattered)
    views: dict[str, Callable[[], Any]] = {
        "contiguous": lambda: _Contiguous(own, context + 1, cache.view((), context + 1, 1).states),
        "adjacent": lambda: cache.view(range(blocks), context + 1, 1),
        "scattered": lambda: cache.view(scattered[:blocks], context + 1, 1),
    }
    if decoder.format == "packed":  # reads through the block table in any case: a cache of its own, in one piece
        alone = KVCache(config, blocks, size, dtype, device)
        with untracked(device):
            alone.pool.copy_(cache.pool[:, :, : blocks * size])
        views["contiguous"] = lambda: alone.view(range(blocks), context + 1, 1)
    ids = torch.zeros(1, dtype=torch.int64, device=device)
    for turn in range(_STEPS * bench.config.repeats + 2):
        if bench.stopped:
            return
        for arm in bench.shuffled(ARMS):
            begin = time.perf_counter()
            decoder.forward_many(ids, (Span(context, 1, views[arm](), 1),)).cpu()
            if turn > 1:
                times[context, arm].append(time.perf_counter() - begin)


def _mixed_run(bench: Bench) -> tuple[float, float, int]:
    """Share of slots that held nothing, share of passes on adjacent blocks, and the passes counted.

    The slots are those allocated to sequences of ``_REPLY_TOKENS`` or more.
    """
    session = bench.session
    session.runner.pool.clear_cache()
    scheduler = Scheduler(session)
    prompts = [prompt.text for prompt in built_in(("chat", "story", "code", "rewrite"))]
    for i in range(_REPLIES):
        scheduler.add(
            GenerateRequest(
                f"bench-{i}",
                (ChatMessage("user", prompts[i % len(prompts)]),),
                max_tokens=_REPLY_TOKENS + 16 * i,
                sampling=SamplingParams(temperature=0.7, seed=i),
            ),
            bench.cancel,
        )
    pool, shares, adjacent, passes = session.runner.pool, [], 0, 0
    try:
        while scheduler.busy:
            for _ in scheduler.step():
                pass
            tables = list(pool.tables().values())
            long = [t for t in tables if t.length >= _REPLY_TOKENS]
            slots = sum(len(t.blocks) for t in long) * pool.block_size
            if slots:
                held = sum(t.length - group.begin * pool.block_size for t in long for group in t.groups)
                shares.append(1 - held / slots)
            for t in tables:
                passes += 1
                adjacent += all(b == group.blocks[0] + i for group in t.groups for i, b in enumerate(group.blocks))
    finally:
        scheduler.close()
    return (sum(shares) / len(shares) if shares else 0.0), adjacent / max(1, passes), passes
