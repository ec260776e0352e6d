"""Which number format decodes fastest here, tried by whole steps of a model of the same shape.

A single product tells little: a step is all of its products, norms, attention and the output head, read from memory. So
a few layers of the model's own shape, of made-up weights, enough to leave the caches, take steps in each format in
turn. What counts is a plain step, of one row: that gain is certain, while what drafts add depends on the text.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import replace

import numpy as np
import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.kernels import low_bit
from helix_app.engine.machine.devices.device import DTYPES, Device, check_dtype
from helix_app.engine.machine.measured import drop, known, remembered
from helix_app.engine.machine.memory import free_memory
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import DenseWeights, expected_shape
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.gguf.groups4 import GROUP, Groups4
from helix_app.modelfiles.parameters import layer_numbers

log = logging.getLogger(__name__)
DENSE = {"float32": torch.float32, "bfloat16": torch.bfloat16}
INT4 = "int4"
_WEIGHTS = 32 * 2**20  # of the trial: 64 MB in bfloat16, more than the caches of a desktop hold
_MAX_VOCAB, _MAX_INNER = 8192, 8192  # larger ones are tried as these: time and memory of the trial stay small
_BLOCK, _BLOCKS, _TURNS, _WARM = 16, 2, 9, 2
_BYTES = {"float32": 12, "bfloat16": 8, INT4: 8}  # that a weight of the trial takes while it is made
_SHARE = 0.5  # of the free memory that the trial may take
_CLEAR = 1.05  # times the next best: a choice that is remembered
_SURPRISE = 1.6  # between a step as it was tried and as it is in use, either way: the trial no longer holds


def step_seconds(config: ModelConfig) -> dict[str, float]:
    """Seconds of a plain step of such a model on this CPU, by format; those that exist in this build."""
    found = remembered(_name(config), lambda: _measure(config), _clear)
    return {name: float(seconds) for name, seconds in found.items()}


def pick_dtype(wanted: str, device: Device, config: ModelConfig) -> torch.dtype:
    """The number format: the wanted one, or for ``auto`` the fastest safe one for such a model on this device.

    Raises:
        InputError: not a format, or one this device cannot compute.
    """
    if wanted == "auto":
        half = torch.float16 if config.fits_float16 else torch.float32
        if device.kind == "directml":
            return half
        if device.kind == "cuda":
            return torch.bfloat16 if torch.cuda.is_bf16_supported() else half
        return choose_dtype(config)
    check_dtype(wanted, device)
    return DTYPES[wanted]


def choose_dtype(config: ModelConfig) -> torch.dtype:
    """The dense format with the shortest plain step; the smaller one where there was no memory to try any."""
    seconds = step_seconds(config)
    return DENSE[min(reversed(DENSE), key=lambda name: seconds.get(name, math.inf))]


def known_format(config: ModelConfig) -> str | None:
    """What ``choose_dtype`` will say, where it need not measure for it; None otherwise."""
    seconds = known(_name(config))
    if not seconds:
        return None
    return min(reversed(DENSE), key=lambda name: float(seconds.get(name, math.inf)))


def int4_share(config: ModelConfig, device: torch.device, over: torch.dtype | None = None) -> float:
    """Time of a step in four bits over that of the format ``over``; inf for no kernel.

    Args:
        over: a dense format; None for the fastest one.
    """
    if not low_bit.exists(4, device):
        return math.inf
    seconds = step_seconds(config)
    dense = [seconds[name] for name, dtype in DENSE.items() if name in seconds and over in (None, dtype)]
    return seconds[INT4] / min(dense) if dense and INT4 in seconds else 1.0


def contradicts(config: ModelConfig, name: str, seconds: float) -> bool:
    """Whether a plain step of a loaded model takes another time than a remembered trial of its format said."""
    expected = (known(_name(config)) or {}).get(name)
    return expected is not None and not 1 / _SURPRISE < seconds / float(expected) < _SURPRISE


def forget(config: ModelConfig) -> None:
    """Try the formats again at the next load."""
    drop(_name(config))


def _name(config: ModelConfig) -> str:
    heads = f"{config.num_heads}/{config.num_kv_heads} heads of {config.head_dim}"
    shape = f"{config.num_layers} layers of {config.hidden_size} and {config.active_size}, {heads}"
    return f"seconds a step: {config.architecture}, {shape}, {config.vocab_size} tokens"


def _clear(seconds: dict[str, float]) -> bool:
    dense = sorted(seconds[name] for name in DENSE if name in seconds)
    return len(dense) == 1 or (len(dense) == 2 and dense[1] > _CLEAR * dense[0])


def _measure(config: ModelConfig) -> dict[str, float]:
    trial = _trial(config)
    runners = {}
    for name in (*DENSE, INT4):
        free = free_memory()
        if free is not None and _weights(trial) * _BYTES[name] > free * _SHARE:
            log.info("%s is not tried: too little memory is free", name)
            continue
        try:
            runners[name] = _runner(trial, name)
        except (RuntimeError, MemoryError) as exc:
            log.info("%s is not tried: %s", name, exc)
    seconds = _seconds(runners)
    scale = _weights(config) / _weights(trial)
    log.info("seconds a step: %s of the trial, times %.1f", seconds, scale)
    for runner in runners.values():
        runner.release()
    return {name: value * scale for name, value in seconds.items()}


def _trial(config: ModelConfig) -> ModelConfig:
    """The same shape with only as many layers, and as large ones, as the trial needs."""
    small = replace(
        _evened(config),
        vocab_size=min(config.vocab_size, _MAX_VOCAB),
        intermediate_size=min(config.active_size, _MAX_INNER),  # one perceptron of what a row's experts are together
        experts=None,
    )
    head = small.vocab_size * small.hidden_size
    layer = (_weights(small) - head) // small.num_layers
    layers = max(1, -(-max(0, _WEIGHTS - head) // layer))
    # through the first layer with keys and values at least
    first = next(i for i in range(config.num_layers) if not config.layer(i).recurrent)
    return replace(small, num_layers=min(config.num_layers, max(layers, first + 1)))


def _evened(config: ModelConfig) -> ModelConfig:
    """A model of layers that are all alike, where they are not."""
    return (
        config if config.is_even else replace(config, layers=(), value_norm=False, layer_scale=False, token_inputs=None)
    )


def _weights(config: ModelConfig) -> int:
    """Numbers that a step reads."""
    one = replace(config, intermediate_size=config.active_size, experts=None)
    layers = sum(layer_numbers(one, i) for i in range(config.num_layers))
    return layers + config.vocab_size * config.hidden_size


def _runner(config: ModelConfig, name: str) -> ModelRunner:
    cpu = torch.device("cpu")
    if name == INT4 and not low_bit.exists(4, cpu):
        raise RuntimeError("no kernel")
    dtype = DENSE.get(name, low_bit.ACTIVATIONS)
    bits = 4 if name == INT4 else 0
    decoder = Decoder(config, dtype=dtype, device=cpu, max_positions=_BLOCK * _BLOCKS, bits=bits)
    decoder.can_be_exact = False  # nothing here is compared
    for _ in decoder.load(_MadeUp(config)):
        pass
    cache = KVCache(config, _BLOCKS, _BLOCK, dtype, cpu)
    return ModelRunner(decoder, BlockPool(_BLOCKS, _BLOCK, states=cache.layout.states), cache)


def _seconds(runners: dict[str, ModelRunner]) -> dict[str, float]:
    """Least seconds of a step of each, in turn: another program's work only ever adds to a time."""
    best = dict.fromkeys(runners, math.inf)
    for turn in range(_TURNS + _WARM):
        for name, runner in runners.items():
            begin = time.perf_counter()
            runner.try_rows(1)
            if turn >= _WARM:
                best[name] = min(best[name], time.perf_counter() - begin)
    return best


class _MadeUp(DenseWeights):
    """Weights of no meaning in the shapes of a config."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self._config = config

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        return torch.full(expected_shape(self._config, role, kind), 0.01)

    def expert(self, role: str, layer: int, index: int, kind: str = "weight") -> torch.Tensor:
        return self.get(role, kind, layer)

    def groups4(self, role: str, layer: int = 0) -> Groups4 | None:
        rows, columns = expected_shape(self._config, role, "weight")
        if columns % GROUP:
            return None
        scale = np.full((rows, columns // GROUP), 0.01, dtype=np.float32)
        return Groups4(np.full((rows, columns), 9, dtype=np.uint8), scale, scale)
