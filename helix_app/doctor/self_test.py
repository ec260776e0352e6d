"""Does a device compute what the CPU computes? A tiny random Llama decoder, always the same one, on both.

A job of ``jobs.py``: a driver that crashes or hangs takes only this process along.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.proposal import DraftRequest
from helix_app.engine.machine.devices.adapters import Adapter
from helix_app.engine.machine.devices.device import cpu, device_of, parse_device
from helix_app.engine.models.make import make_cache, make_decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import DenseWeights, expected_shape
from helix_app.engine.sampling.verification import verify
from helix_app.modelfiles.config import ModelConfig
from helix_app.protocol.requests import SamplingParams

CONFIG = ModelConfig(
    architecture="llama",
    vocab_size=256,
    hidden_size=64,
    intermediate_size=160,
    num_layers=2,
    num_heads=4,
    num_kv_heads=2,
    head_dim=16,
    context_length=256,
)
TOLERANCE = 1e-3  # of logits around 3: float32 in another order of summation gives a hundredth of that
_SEED = 132  # of few: all greedy choices are clear, and drafts are accepted and rejected
_PROMPT = (3, 14, 15, 92, 65, 35, 89, 79, 3, 14, 15, 92, 65, 35, 89, 79, 3, 14, 15, 92)
_TOKENS, _DRAFTED = 32, 4  # of a reply, and of a round
_BLOCKS, _BLOCK_SIZE = 16, 16
# of a layer's output: one that hardly looks back soon writes in circles, which an n-gram draft guesses
_LOOP = {"o": 0.05, "down": 0.05}


class _RandomWeights(DenseWeights):
    """The same weights for the same role and layer, whatever order they are asked in."""

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        shape = expected_shape(CONFIG, role, kind)
        if len(shape) == 1:
            return torch.ones(shape)
        seed = _SEED * 1000 + 10 * layer + sum(map(ord, role))
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        return noise * (0.35 if role in ("embed", "head") else 1.3 * _LOOP.get(role, 1.0) / shape[1] ** 0.5)

    def expert(self, role: str, layer: int, index: int, kind: str = "weight") -> torch.Tensor:
        return self.get(role, kind, layer)


def run(wanted: str) -> dict[str, Any]:
    """The job: one device against the CPU, in float32.

    Args:
        wanted: ``cpu`` or an adapter by its number, ``directml:1``.

    Returns:
        ``difference``: the largest one of a logit; ``tokens_equal``: whether a reply with n-gram drafts on the device
        is that of plain decoding on the CPU, ``drafted`` and ``accepted`` tokens of it; ``first_ms`` and
        ``second_ms`` of the same pass over the prompt; ``whole``: whether all this is as it should be.

    Raises:
        DeviceError, RuntimeError: the device's own.
    """
    kind, index = parse_device(wanted)
    place = cpu().torch_device if kind == "cpu" else device_of(Adapter(kind, index or 0, wanted)).torch_device
    return compare(lambda: make_runner(place))


def compare(make: Callable[[], ModelRunner]) -> dict[str, Any]:
    """What ``run`` returns, for the runner that ``make`` makes."""
    reference = make_runner(torch.device("cpu"))
    expected = _prompt_logits(reference, "logits")
    tokens, _, _ = _reply(reference, None)
    tried = make()
    begin = time.perf_counter()
    logits = _prompt_logits(tried, "first")
    first = time.perf_counter() - begin
    begin = time.perf_counter()
    _prompt_logits(tried, "second")
    second = time.perf_counter() - begin
    drafted_tokens, drafted, accepted = _reply(tried, NgramDraft())
    difference = float((logits - expected).abs().max())
    finite = bool(torch.isfinite(logits).all())
    return {
        "difference": difference if finite else None,
        "tokens_equal": drafted_tokens == tokens,
        "drafted": drafted,
        "accepted": accepted,
        "first_ms": 1000 * first,
        "second_ms": 1000 * second,
        "whole": finite and difference < TOLERANCE and drafted_tokens == tokens,
    }


def make_runner(device: torch.device, dtype: torch.dtype = torch.float32, layers: int = 0) -> ModelRunner:
    """The decoder on a device, with a cache; with another number of layers if one is given."""
    config = replace(CONFIG, num_layers=layers or CONFIG.num_layers)
    decoder = make_decoder(config, dtype=dtype, device=device, max_positions=config.context_length)
    with _RandomWeights() as source:
        for _ in decoder.load(source):
            pass
    cache = make_cache(config, _BLOCKS, _BLOCK_SIZE, dtype, device)
    return ModelRunner(decoder, BlockPool(_BLOCKS, _BLOCK_SIZE), cache)


def _prompt_logits(runner: ModelRunner, name: str) -> torch.Tensor:
    """Logits of every token of the prompt ``[tokens, vocab]``, from a sequence of its own."""
    runner.open(name, ())
    try:
        return runner.forward(name, _PROMPT, len(_PROMPT))
    finally:
        runner.close(name)


def _reply(runner: ModelRunner, draft: NgramDraft | None) -> tuple[list[int], int, int]:
    """A greedy reply to the prompt with the draft's proposals, none without one; tokens drafted and accepted."""
    name, params = "reply", SamplingParams(temperature=0.0)
    runner.open(name, ())
    tokens = [*_PROMPT, int(runner.forward(name, _PROMPT, 1).argmax())]
    runner.commit(name, tokens[:-1])
    drafted = accepted = 0
    while len(tokens) < len(_PROMPT) + _TOKENS:
        room = min(_DRAFTED, len(_PROMPT) + _TOKENS - len(tokens) - 1)
        ids: Sequence[int] = () if draft is None else draft.propose(DraftRequest(tokens, room, params, lambda: 0.0)).ids
        logits = runner.forward(name, [tokens[-1], *ids], len(ids) + 1)
        greedy = torch.nn.functional.one_hot(logits.argmax(dim=-1), CONFIG.vocab_size).float()
        verdict = verify(greedy, ids, None, [0.5] * (len(ids) + 1))
        tokens += [*ids[: verdict.accepted], verdict.next_token]
        drafted += len(ids)
        accepted += verdict.accepted
        runner.commit(name, tokens[:-1])
    runner.close(name)
    return tokens[len(_PROMPT) :], drafted, accepted
