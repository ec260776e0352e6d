"""Attention of a span's rows over its blocks: that of the textbook, wherever they lie and however many rows run."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.cache.base import Cache
from helix_app.engine.cache.joined_cache import JoinedCache
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.kernels.attention import EXACT_ROWS, Span, SpanPath, missing_rows
from helix_app.modelfiles.config import ModelConfig

CPU = torch.device("cpu")
SIZE = 16
ORDERS = {"adjacent": list(range(2, 10)), "scattered": [7, 2, 9, 3, 4, 0, 8, 5]}
SHAPES = {"mha": (4, 4), "gqa": (6, 2), "mqa": (5, 1)}  # query heads, key/value heads


@pytest.fixture(autouse=True, scope="module")
def inference_mode():  # type: ignore[no-untyped-def]
    """Caches are written as a pass writes them."""
    with torch.inference_mode():
        yield


def config_of(shape: str) -> ModelConfig:
    heads, kv_heads = SHAPES[shape]
    return ModelConfig("llama", 10, 8 * heads, 8, 2, heads, kv_heads, 8, 256)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def textbook(config: ModelConfig, heads: torch.Tensor, rows: int) -> torch.Tensor:
    """The mixture for the last ``rows`` of all tokens' ``heads`` ``[tokens, heads + 2 * kv_heads, dim]``."""
    queries, keys, values = heads.double().split((config.num_heads, config.num_kv_heads, config.num_kv_heads), dim=1)
    out = []
    for at in range(len(heads) - rows, len(heads)):
        for head in range(config.num_heads):
            kv = head // config.group_size
            scores = keys[: at + 1, kv] @ queries[at, head] / config.head_dim**0.5
            out.append(scores.softmax(dim=0) @ values[: at + 1, kv])
    return torch.stack(out).view(rows, -1)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kind", [KVCache, JoinedCache])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_that_of_the_textbook_in_pieces_of_any_size(
    shape: str, order: str, kind: type[KVCache] | type[JoinedCache], exact: bool
) -> None:
    config = config_of(shape)
    cache: Cache = kind(config, 12, SIZE, torch.float32, CPU)
    tokens = noise(100, config.num_heads + 2 * config.num_kv_heads, 8)
    at = 0
    for rows in (20, 1, 1, 5, 2, 40, 9, 1):
        at += rows
        view = cache.view(ORDERS[order], at, rows)
        path = SpanPath(config, Span(at - rows, rows, view, 1), torch.float32, CPU, exact)
        for layer in range(2):
            got = path.attend(layer, (tokens + layer)[at - rows : at])
            wanted = textbook(config, (tokens + layer)[:at], rows)
            assert got.shape == (rows, config.num_heads * 8)
            assert torch.allclose(got.double(), wanted, atol=1e-5)


def test_a_pass_may_be_a_part_of_a_larger_one() -> None:
    """The rows of a span lie between those of others."""
    config = config_of("gqa")
    tokens = noise(9, 10, 8)
    cache = KVCache(config, 4, SIZE, torch.float32, CPU)
    cache.view([1], 3, 3)
    for exact in (False, True):
        alone, beside = (
            SpanPath(config, Span(0, 3, cache.view([1], 3, 3), 1), torch.float32, CPU, exact).attend(0, heads)
            for heads in (tokens[4:7].clone(), tokens[4:7])
        )
        assert torch.equal(alone, beside)


@pytest.mark.parametrize("rows", [1, 5, EXACT_ROWS])
def test_what_lies_behind_the_sequence_does_not_count(rows: int) -> None:
    config = config_of("gqa")
    tokens, seen = noise(80, 10, 8), []
    for left_behind in (0.0, 1e30):
        cache = KVCache(config, 8, SIZE, torch.float32, CPU)
        for tensor in (*cache.keys, *cache.values):
            tensor.fill_(left_behind)
        for begin, end in ((0, 7), (7, 7 + rows)):
            view = cache.view([3, 1, 5, 2, 0], end, end - begin)
            path = SpanPath(config, Span(begin, end - begin, view, 1), torch.float32, CPU, True)
            out = path.attend(0, tokens[begin:end])
        seen.append(out)
    assert torch.equal(*seen)


def test_rows_are_filled_up_until_no_tile_has_fewer_than_four() -> None:
    for count in range(1, 2000):
        filled = count + missing_rows(count)
        tile = 32 if filled < 192 else 64 if filled < 768 else 256
        assert filled % tile == 0 or filled % tile >= 4
        assert missing_rows(count) <= 3
        assert missing_rows(filled) == 0


@pytest.mark.parametrize(("count", "missing"), [(1, 3), (2, 2), (3, 1), (4, 0), (32, 0), (33, 3), (192, 0), (193, 3)])
def test_so_many_are_missing(count: int, missing: int) -> None:
    assert missing_rows(count) == missing
