from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from helix_app.engine.kernels.attention import EXACT_ROWS, EXACT_TORCH
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts.experts import ExpertMlps, choose, load_experts
from helix_app.engine.models.parts.part import Pass, pieces_of
from helix_app.modelfiles.config import Experts, ModelConfig
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import runner_of
from tests.engine.models.whole.test_ragged import BESIDE, TORCH, check_exact
from tests.engine.proof.experts.test_experts import Weights

SCORES = torch.tensor([[0.0, 2.0, 1.0, 2.0], [3.0, -1.0, 0.5, 0.0]])
ONE = Experts(6, 2, 8)
CONFIG = ModelConfig("qwen3moe", 10, 16, 24, 1, 2, 1, 8, context_length=64, experts=ONE)


@pytest.mark.parametrize(
    ("experts", "weights"),
    [
        (Experts(4, 2, 8), [[0.5, 0.5], [1 / (1 + 0.0820850), 0.0820850 / (1 + 0.0820850)]]),
        (Experts(4, 2, 8, softmax_of_chosen=True), [[0.5, 0.5], [1 / (1 + 0.0820850), 0.0820850 / (1 + 0.0820850)]]),
        (Experts(4, 2, 8, renormalised=False), [[0.399486, 0.399486], [0.869423, 0.071367]]),
    ],
    ids=["renormalised", "of the chosen", "of all"],
)
def test_experts_come_in_the_order_of_their_numbers(experts: Experts, weights: list[list[float]]) -> None:
    chosen, found = choose(SCORES, experts)
    assert chosen.tolist() == [[1, 3], [0, 2]]
    torch.testing.assert_close(found, torch.tensor(weights), atol=1e-5, rtol=0)


def test_of_equal_scores_the_first_is_the_better_one() -> None:
    for dtype in (torch.float32, torch.bfloat16):
        chosen, weights = choose(torch.ones(3, 64, dtype=dtype), Experts(64, 4, 8))
        assert chosen.tolist() == [[0, 1, 2, 3]] * 3
        assert weights.dtype == torch.float32
        assert torch.equal(weights, torch.full((3, 4), 0.25))


def made(together: int = 0) -> tuple[ExpertMlps, list[tuple[str, int]]]:
    """Experts whose products say which of them ran, and over how many rows."""
    maker = LinearMaker("plain", torch.float32, torch.device("cpu"))
    half, seen = load_experts(CONFIG, maker, Weights(CONFIG), 0), []  # type: ignore[arg-type]

    def watched(name: str, run: Any) -> Any:
        def linear(x: torch.Tensor) -> torch.Tensor:
            seen.append((name, x.shape[0]))
            return run(x)

        return linear

    half.gate_up = [watched(str(i), run) for i, run in enumerate(half.gate_up)]
    return half, seen


def one_by_one(half: ExpertMlps, x: torch.Tensor) -> torch.Tensor:
    return torch.cat([half(row, Pass((), ())) for row in x.split(1)])


def test_each_expert_runs_once_over_its_rows() -> None:
    half, seen = made()
    x = torch.randn(40, 16, generator=torch.Generator().manual_seed(1))
    together = half(x, Pass((), ()))
    assert len(seen) == len({name for name, _ in seen}) == ONE.count
    assert sum(rows for _, rows in seen) == 40 * ONE.used
    torch.testing.assert_close(together, one_by_one(half, x), atol=1e-5, rtol=1e-5)


def test_where_kernels_compute_few_rows_alike_prompts_run_apart_from_rounds() -> None:
    half, seen = made()
    spans, limit = (30, EXACT_ROWS + 15, 1), 4
    x = torch.randn(sum(spans), 16, generator=torch.Generator().manual_seed(2))
    paths: Any = [SimpleNamespace(rows=rows) for rows in spans]
    got = half(x, Pass((), paths, frozenset(), pieces_of(spans, limit), limit))
    torch.testing.assert_close(got, one_by_one(half, x), atol=1e-5, rtol=1e-5)
    seen.clear()
    half(x, Pass((), paths, frozenset(), pieces_of(spans, limit), limit))
    longer = [rows for _, rows in seen if rows > limit]
    assert len(longer) <= ONE.count  # of the prompt, each expert's rows at once
    assert sum(longer) > EXACT_ROWS
    whole, _ = made()
    alone = whole(x[30:-1], Pass((), [paths[1]], frozenset(), pieces_of(spans[1:2], limit), limit))
    assert torch.equal(got[30:-1], alone)


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.parametrize(("name", "kind"), [("qwen2_moe-loopy", "onednn"), ("gpt_oss-loopy", "plain")])
def test_bits_do_not_depend_on_prompts_beside_nor_on_how_rows_are_split(
    zoo: Zoo, name: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = runner_of(zoo.gguf(name), kind, torch.bfloat16)
    assert isinstance(runner.decoder, Decoder)
    monkeypatch.setattr(runner.decoder, "_together", 5)
    check_exact(runner, 45, (BESIDE[1], ((0, EXACT_ROWS + 5), (12, 3))))


@pytest.mark.parametrize("name", ["qwen3_moe", "qwen2_moe", "gpt_oss"])
def test_a_row_reads_the_experts_that_it_is_given_to(zoo: Zoo, name: str) -> None:
    decoder = runner_of(zoo.folder(name)).decoder
    assert isinstance(decoder, Decoder)
    half = decoder._layers[0].feed_forward
    one = decoder.config.experts
    assert isinstance(half, ExpertMlps)
    assert one is not None
    products = sum(linear.rows * linear.columns for linear in half.linears) * decoder.dtype.itemsize
    assert products <= half.weight_bytes < 1.05 * products
    everyone = one.count * 3 * one.size * decoder.config.hidden_size * decoder.dtype.itemsize
    assert half.weight_bytes < everyone
    assert decoder.parameters * decoder.dtype.itemsize > decoder.config.num_layers * everyone


def test_a_shared_expert_takes_part_in_every_row() -> None:
    config = replace(CONFIG, experts=replace(ONE, shared_size=8))
    maker = LinearMaker("plain", torch.float32, torch.device("cpu"))
    half = load_experts(config, maker, Weights(config), 0)  # type: ignore[arg-type]
    x = torch.randn(3, 16, generator=torch.Generator().manual_seed(3))
    shared, half.shared = half.shared, None
    assert shared is not None
    apart = half(x, Pass((), ())) + shared(x, Pass((), ()))
    half.shared = shared
    torch.testing.assert_close(half(x, Pass((), ())), apart)
