"""Attention by packed kernels for the dense decoder: that of the textbook, over each cache, and alike however rows are
cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.layout import layout_of
from helix_app.engine.cache.plane_cache import PlaneCache
from helix_app.engine.cache.pool.block_table import BlockTable, Held
from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.packed.library import CORE, shared
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.models.make import make_cache
from helix_app.engine.models.packed.attention import CACHE, PackedAttention, attends, attention_parts
from helix_app.engine.models.packed.decoder import pool_of
from helix_app.modelfiles.config import Layer, ModelConfig

CPU, WINDOW, TOKENS, BLOCKS = torch.device("cpu"), 20, 90, 12
CONFIGS = {
    "one kind": ModelConfig("x", 10, 64, 8, 2, 4, 2, 16, 256),
    "windows": ModelConfig("x", 10, 64, 8, 2, 4, 2, 16, 256, layers=(Layer(window=WINDOW), Layer())),
    "sinks": ModelConfig("x", 10, 64, 8, 2, 4, 2, 16, 256, layers=(Layer(window=WINDOW), Layer()), sinks=True),
    "two sizes": ModelConfig(
        *("x", 10, 64, 8, 3, 4, 2, 16, 256),
        layers=(Layer(window=WINDOW), Layer(head_dim=32, kv_heads=1), Layer(head_dim=32, kv_heads=1, shares=1)),
        attention_scale=0.3,
    ),
}


@pytest.fixture(autouse=True, scope="module")
def inference_mode() -> Iterator[None]:
    """Caches are written as a pass writes them."""
    with torch.inference_mode():
        yield


def attention_of(config: ModelConfig, threads: int = 2) -> PackedAttention:
    try:
        shared().add((CORE, *attention_parts(config)))
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    return PackedAttention(config, shared(), pool_of(shared(), threads))


def noise(config: ModelConfig, layer: int) -> torch.Tensor:
    heads = config.heads(layer)
    own = 0 if config.layer(layer).shares is not None else 2 * heads.kv
    generator = torch.Generator().manual_seed(layer)
    return torch.randn(TOKENS, heads.queries + own, heads.dim, generator=generator).to(CACHE)


def view_of(cache: Any, order: list[int], length: int, rows: int) -> Any:
    """Of a sequence whose blocks are these in each group."""
    if isinstance(cache, KVCache) and len(cache.layout.windows) == 1:
        return cache.view(order, length, rows)
    count, groups = -(-length // 16), range(len(cache.layout.windows))
    held = [Held([block + i * BLOCKS for block in order[:count]]) for i in groups]
    return cache.view_of(BlockTable(held, length), rows)


def attended(
    config: ModelConfig, cuts: list[int], order: list[int], sinks: torch.Tensor | None, threads: int = 2
) -> list[torch.Tensor]:
    """The mixtures of all tokens, layer by layer, in passes that end at these."""
    attention, layout = attention_of(config, threads), layout_of(config, 256)
    cache = make_cache(config, BLOCKS * len(layout.windows), 16, CACHE, CPU, layout)
    assert isinstance(cache, PlaneCache if layout.planes is not None else KVCache)
    cache.pool.fill_(float("nan"))  # what is not a sequence's own is never read
    parts: list[list[torch.Tensor]] = [[] for _ in range(config.num_layers)]
    at = 0
    for end in cuts:
        path = attention.path(Span(at, end - at, view_of(cache, order, end, end - at), 1))
        assert path.rows == end - at
        for layer in range(config.num_layers):
            parts[layer].append(path.attend(layer, noise(config, layer)[at:end], sinks))
        at = end
    return [torch.cat(rows) for rows in parts]


def textbook(config: ModelConfig, layer: int, sinks: torch.Tensor | None) -> torch.Tensor:
    """The same in float64."""
    heads, own, shares = config.heads(layer), noise(config, layer).double(), config.layer(layer).shares
    queries = own[:, : heads.queries].view(TOKENS, heads.kv, heads.group, heads.dim)
    both = own if shares is None else noise(config, shares).double()
    keys, values = both[:, heads.queries :].split(heads.kv, dim=1)
    scale = heads.dim**-0.5 if config.attention_scale is None else config.attention_scale
    scores = torch.einsum("ikgd,jkd->kgij", queries, keys) * scale
    behind = torch.arange(TOKENS)[:, None] - torch.arange(TOKENS)[None]
    window = config.layer(layer).window or TOKENS
    scores = scores.masked_fill((behind < 0) | (behind >= window), float("-inf"))
    if sinks is not None:
        own_scores = sinks.double().view(heads.kv, heads.group, 1, 1).expand(-1, -1, TOKENS, 1)
        scores = torch.cat((scores, own_scores), dim=-1)
    return torch.einsum("kgij,jkd->ikgd", scores.softmax(-1)[..., :TOKENS], values).reshape(TOKENS, -1)


@pytest.mark.parametrize("name", CONFIGS)
def test_it_is_that_of_the_textbook_and_no_row_depends_on_others(name: str) -> None:
    config, order = CONFIGS[name], [7, 2, 9, 3, 4, 0]
    assert attends(config)
    sinks = torch.tensor([0.5, -1.0, 3.0, 1.0]).bfloat16() if config.sinks else None
    whole = attended(config, [TOKENS], order, sinks)
    for layer, rows in enumerate(whole):
        assert torch.allclose(rows.double(), textbook(config, layer, sinks), atol=5e-3)
    for cuts in (list(range(1, TOKENS + 1)), [3, 40, 41, 70, TOKENS]):
        others = attended(config, cuts, list(range(6)), sinks, threads=3)
        assert all(torch.equal(*both) for both in zip(whole, others))


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("one kind", ("attention_16_2",)),
        ("windows", ("attention_16_2", "windowed_16_2")),
        ("sinks", ("attention_16_2_sinks", "windowed_16_2_sinks")),
        ("two sizes", ("attention_32_4", "windowed_16_2_32")),
    ],
)
def test_each_kind_of_layer_has_a_kernel(name: str, parts: tuple[str, ...]) -> None:
    assert attention_parts(CONFIGS[name]) == parts


def test_heads_of_other_sizes_are_left_to_pytorch() -> None:
    odd = ModelConfig("x", 10, 64, 8, 2, 4, 2, 24, 256)
    many = ModelConfig("x", 10, 64, 8, 2, 34, 2, 16, 256)
    for config in (odd, many):
        assert not attends(config)
        assert attention_parts(config) == ()
