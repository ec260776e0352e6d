"""A pass over a few rows of one sequence as one recorded program: CUDA graphs (ROCm's HIP graphs included).

A decoding step launches some hundred small kernels, and on a graphics card the launches, not the kernels, are what it
waits for. A graph is launched at once, but runs the same kernels on the same memory every time. So a pass is recorded
for a number of rows and of blocks in each group of layers (powers of two); token ids, first position, slots and block
tables are tensors that are filled before it runs, the keys and values of the blocks are gathered, and a mask made from
the position hides what lies behind the end, and before a window.

A recorded pass is used only after it gave the logits that the plain pass gave on the same tokens, in less time; it
writes what that pass had written, so nothing is harmed by trying. Whatever fails on the way ends the recording for
good, and plain passes go on. ``HELIX_CUDA_GRAPHS=0`` in the environment does without.
"""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

import torch
import torch.nn.functional as F

from helix_app.engine.cache.kv_cache import KVCache, KVView
from helix_app.engine.cache.pooled import GroupedView
from helix_app.engine.kernels.attention import Path, Span
from helix_app.modelfiles.config import ModelConfig

log = logging.getLogger(__name__)

SWITCH = "HELIX_CUDA_GRAPHS"
MAX_ROWS = 17  # more rows keep a card busy without help
MIN_BLOCKS, MAX_BLOCKS = 16, 512
MAX_STEPS = 48  # recorded passes that are kept, the latest made
USES = 3  # so often a pass runs plainly before it is recorded
_BETTER = 0.97  # of the plain pass's time that a recorded one must stay under
_TURNS = 3
_WARM_UPS = 2
_Key = tuple[int, int, tuple[int, ...]]  # rows, those with logits, blocks in each group of layers
_TOLERANCE = {torch.float32: 1e-3, torch.bfloat16: 5e-2, torch.float16: 1e-2}  # of the largest logit


class Recorded(Protocol):
    """The decoder whose passes are recorded; attributes as those of ``decoder.Decoder``."""

    config: ModelConfig
    dtype: torch.dtype
    cache_dtype: torch.dtype
    device: torch.device

    def through(self, ids: torch.Tensor, positions: torch.Tensor, path: Path, logit_rows: int) -> torch.Tensor:
        """One sequence's rows through all layers: ids and positions ``[rows]``, logits ``[logit_rows, vocab]``."""
        ...


class Recorder(Protocol):
    """What records kernels."""

    def record(self, run: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        """Record what ``run`` does. Returns what does it again, and the tensor that holds its result then.

        Raises:
            RuntimeError: it cannot be recorded.
        """
        ...

    def wait(self) -> None:
        """Return when the device is idle."""
        ...


class CudaRecorder:
    """Records CUDA graphs that share their memory: of a result only a copy outlives the next replay."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()

    def record(self, run: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        with torch.cuda.device(self._device):
            current, side = torch.cuda.current_stream(), torch.cuda.Stream()
            side.wait_stream(current)
            with torch.cuda.stream(side):  # libraries set themselves up in the first runs, which cannot be recorded
                for _ in range(_WARM_UPS):
                    run()
            current.wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                result = run()
        return graph.replay, result

    def wait(self) -> None:
        torch.cuda.synchronize(self._device)


def for_device(decoder: Recorded) -> StepGraphs | None:
    """Recorded passes for a decoder where the device has them and nobody does without."""
    if decoder.device.type != "cuda" or os.environ.get(SWITCH) == "0":
        return None
    try:
        return StepGraphs(decoder, CudaRecorder(decoder.device))
    except RuntimeError as exc:
        log.warning("passes are not recorded: %s", exc)
        return None


class StepGraphs:
    """The recorded passes of a decoder.

    Attributes:
        tried: the latest pass was also used to record and measure: its time means nothing.
        off: why nothing is recorded any more, empty while it is.
    """

    def __init__(self, decoder: Recorded, recorder: Recorder, clock: Callable[[], float] = time.perf_counter) -> None:
        self._decoder, self._recorder, self._clock = decoder, recorder, clock
        self._cache: KVCache | None = None
        self._steps: dict[_Key, _Step | None] = {}  # None: the plain pass is better
        self._uses: Counter[_Key] = Counter()
        self.tried = False
        self.off = ""

    @property
    def recorded(self) -> int:
        """How many recorded passes are in use."""
        return sum(step is not None for step in self._steps.values())

    def run(self, ids: torch.Tensor, span: Span, plain: Callable[[], torch.Tensor]) -> torch.Tensor:
        """The logits of a pass over one sequence, ``[logit_rows, vocab]``, recorded where that pays.

        Args:
            ids: token ids ``[rows]`` on the device.
            plain: does the same pass without a recording.
        """
        self.tried = False
        views = _views(span) if not self.off and span.rows <= MAX_ROWS else ()
        if not views:
            return plain()
        blocks = tuple(max(MIN_BLOCKS, 1 << (len(view.blocks) - 1).bit_length()) for view in views)
        if max(blocks) > MAX_BLOCKS:
            return plain()
        if views[0].cache is not self._cache:  # what was recorded writes into the old one
            self.forget()
            self._cache = views[0].cache
        key = span.rows, span.logit_rows, blocks
        if key not in self._steps:
            self._uses[key] += 1
            return plain() if self._uses[key] < USES else self._try(key, ids, span, plain)
        step = self._steps[key]
        if step is None:
            return plain()
        try:
            return step(ids, span)
        except RuntimeError as exc:
            self._give_up(exc)
            return plain()

    def _try(self, key: _Key, ids: torch.Tensor, span: Span, plain: Callable[[], torch.Tensor]) -> torch.Tensor:
        """A plain pass, and the same once more while it is recorded."""
        self.tried = True
        logits = plain()
        try:
            assert self._cache is not None
            step = _Step(self._decoder, self._cache, key, self._recorder, ids, span)
            again = step(ids, span)
            bound = _TOLERANCE.get(self._decoder.dtype, 1e-3) * logits.abs().max()
            if not bool((again - logits).abs().max() <= bound):
                raise RuntimeError("a recorded pass gave other logits")
            recorded, usual = self._seconds(lambda: step(ids, span)), self._seconds(plain)
        except RuntimeError as exc:
            self._give_up(exc)
            return logits
        pays = recorded < _BETTER * usual
        log.info("%d rows, %s blocks: recorded %.2f ms, plain %.2f ms", *key[::2], recorded * 1000, usual * 1000)
        while len(self._steps) >= MAX_STEPS:
            oldest = next(iter(self._steps))
            del self._steps[oldest], self._uses[oldest]
        self._steps[key] = step if pays else None
        return logits

    def _seconds(self, run: Callable[[], torch.Tensor]) -> float:
        """The median time of a run."""
        times = []
        for _ in range(_TURNS):
            self._recorder.wait()
            begin = self._clock()
            run()
            self._recorder.wait()
            times.append(self._clock() - begin)
        return statistics.median(times)

    def _give_up(self, exc: RuntimeError) -> None:
        self.off = str(exc).partition("\n")[0] or type(exc).__name__
        log.warning("passes are not recorded any more: %s", self.off)
        self.forget()

    def forget(self) -> None:
        """Record anew: what the decoder gives has changed."""
        self._steps.clear()
        self._uses.clear()
        self._cache = None


def _views(span: Span) -> tuple[KVView, ...]:
    """Where a sequence's keys and values are, for each group of layers; nothing of another kind of cache."""
    views = span.view.views if isinstance(span.view, GroupedView) else (span.view,)
    return tuple(view for view in views if isinstance(view, KVView))


class _Step:
    """A recorded pass and the tensors that it reads: ``ids``, and numbers: the first position, then for each group of
    layers the position of its first slot, the slot of each row and the blocks."""

    def __init__(
        self,
        decoder: Recorded,
        cache: KVCache,
        key: _Key,
        recorder: Recorder,
        ids: torch.Tensor,
        span: Span,
    ) -> None:
        self._rows, logit_rows, self._blocks = key
        self._block_size = cache.block_size
        self._ids = torch.zeros(self._rows, dtype=torch.int64, device=decoder.device)
        count = sum(1 + self._rows + blocks for blocks in self._blocks)
        self._numbers = torch.zeros(1 + count, dtype=torch.int64, device=decoder.device)
        self._fill(ids, span)
        rows = torch.arange(self._rows, device=decoder.device)

        def run() -> torch.Tensor:
            positions = self._numbers[:1] + rows
            numbers = self._numbers[1:].split([1 + self._rows + blocks for blocks in self._blocks])
            path = _GroupPaths(cache, [_BlockPath(decoder, cache, positions, own) for own in numbers])
            return decoder.through(self._ids, positions, path, logit_rows)

        self._replay, self._logits = recorder.record(run)

    def __call__(self, ids: torch.Tensor, span: Span) -> torch.Tensor:
        self._fill(ids, span)
        self._replay()
        return self._logits.clone()  # the next one writes there again

    def _fill(self, ids: torch.Tensor, span: Span) -> None:
        size, places = self._block_size, range(span.start, span.start + self._rows)
        numbers = [span.start]
        for view, count in zip(_views(span), self._blocks):
            used = view.blocks
            spare = [used[0]] * (count - len(used))  # read under the mask; finite, as all that was verified
            slots = [used[place // size - view.begin] * size + place % size for place in places]
            numbers += [view.first, *slots, *used, *spare]
        self._ids.copy_(ids)
        self._numbers.copy_(torch.tensor(numbers, dtype=torch.int64))


class _GroupPaths:
    """Attention of each layer by its group's path."""

    def __init__(self, cache: KVCache, paths: Sequence[_BlockPath]) -> None:
        self.rows = paths[0].rows
        self._paths, self._places = paths, cache.layout.places

    def attend(self, layer: int, heads: torch.Tensor, sinks: torch.Tensor | None = None) -> torch.Tensor:
        """As ``attention.Path``. Raises RuntimeError for sinks, which are not recorded."""
        if sinks is not None:
            raise RuntimeError("attention sinks are not recorded")
        return self._paths[self._places[layer][0]].attend(layer, heads)


class _BlockPath:
    """Attention over a fixed number of blocks, wherever they are and however many of their slots are in use."""

    def __init__(self, decoder: Recorded, cache: KVCache, positions: torch.Tensor, numbers: torch.Tensor) -> None:
        """
        Args:
            positions: of the rows ``[rows]``.
            numbers: the position of the first slot, the rows' slots, then the blocks.
        """
        self.rows = positions.shape[0]
        self._cache, self._group, self._kv_heads = cache, decoder.config.group_size, decoder.config.num_kv_heads
        first, self._slots, blocks = numbers[:1], numbers[1 : 1 + self.rows], numbers[1 + self.rows :]
        heads = torch.arange(2 * self._kv_heads, device=decoder.device)
        self._gathered = (heads[:, None] * cache.num_blocks + blocks).view(-1)  # a row is one head's part of a block
        places = first + torch.arange(blocks.shape[0] * cache.block_size, device=decoder.device)
        self._windows, self._scale = decoder.config.windows, decoder.config.attention_scale
        self._masks: dict[int, torch.Tensor] = {}
        for window in set(self._windows) or {0}:
            hidden = places[None] > positions[:, None]
            if window:
                hidden = hidden | (places[None] <= positions[:, None] - window)
            mask = torch.zeros(hidden.shape, dtype=decoder.cache_dtype, device=decoder.device)
            self._masks[window] = mask.masked_fill_(hidden, float("-inf")).repeat(self._group, 1)

    def attend(self, layer: int, heads: torch.Tensor) -> torch.Tensor:
        """As ``attention.Path``."""
        rows, dim, kv_heads, group = self.rows, heads.shape[2], self._kv_heads, self._group
        index = self._cache.layout.indices[layer]
        pool = self._cache.pool[index]
        new = heads[:, group * kv_heads : (group + 2) * kv_heads]
        pool.index_copy_(1, self._slots, new.transpose(0, 1))
        both = self._cache.parts[index].index_select(0, self._gathered)
        keys, values = both.view(1, 2 * kv_heads, -1, dim).chunk(2, dim=1)
        q = heads[:, : group * kv_heads].reshape(rows, kv_heads, group, dim).permute(1, 2, 0, 3)
        q = q.reshape(1, kv_heads, group * rows, dim)
        mask = self._masks[self._windows[layer] if self._windows else 0]
        out = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask, scale=self._scale)
        return out.view(kv_heads, group, rows, dim).permute(2, 0, 1, 3).reshape(rows, -1)
