"""The recurrent half of a layer: which rows run one by one, and what is kept of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from helix_app.engine.cache.pool.states import StateCopy
from helix_app.engine.kernels.attention import EXACT_ROWS
from helix_app.engine.models.parts import delta_net
from helix_app.engine.models.parts.delta_net import FEW_ROWS
from helix_app.engine.models.runner import ModelRunner
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import runner_of, some_ids, worst

IDS = some_ids(200, 8)


@pytest.fixture(scope="module")
def loaded(zoo: Zoo) -> ModelRunner:
    return runner_of(zoo.gguf("qwen35"))


@pytest.fixture
def runner(loaded: ModelRunner) -> Iterator[ModelRunner]:
    """With a sequence that has no token yet."""
    loaded.open("s", ())
    yield loaded
    loaded.close("s")
    loaded.pool.clear_cache()
    loaded.pool.check_integrity()


def states_of(runner: ModelRunner, name: str, length: int) -> list[torch.Tensor]:
    """The state of each layer behind so many tokens, and the inputs before it; by a slot that nobody uses."""
    cache, spare = runner.cache.states, runner.pool.states.slots - 1
    assert cache is not None
    cache.copy(StateCopy(runner.pool.tables()[name].state, length, spare))
    return [tensor[spare].clone() for tensor in (*cache.states, *cache.tails)]


@pytest.mark.parametrize(
    ("rows", "exact", "chunks"),
    [
        (1, False, False),
        (FEW_ROWS, False, False),
        (FEW_ROWS + 1, False, True),
        (FEW_ROWS + 1, True, False),
        (EXACT_ROWS, True, False),
        (EXACT_ROWS + 1, True, True),
    ],
)
def test_rows_whose_bits_count_and_few_ones_run_one_by_one(
    runner: ModelRunner, monkeypatch: pytest.MonkeyPatch, rows: int, exact: bool, chunks: bool
) -> None:
    calls = 0
    real = delta_net.chunked

    def chunked(*given: object) -> object:
        nonlocal calls
        calls += 1
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(delta_net, "chunked", chunked)
    monkeypatch.setattr(runner.decoder, "can_be_exact", True)
    runner.forward("s", IDS[:rows], 1, exact)
    layers = len(runner.decoder.config.recurrent_layers)
    assert calls == (layers if chunks else 0)


@pytest.mark.parametrize("rows", [5, FEW_ROWS + 4])
def test_rejected_rows_leave_the_state_as_if_they_had_never_run(runner: ModelRunner, rows: int) -> None:
    runner.forward("s", IDS[:40], 1)
    runner.commit("s", IDS[:40])
    want = states_of(runner, "s", 40)
    runner.forward("s", IDS[60 : 60 + rows], 1)
    runner.commit("s", IDS[:40])
    assert all(map(torch.equal, states_of(runner, "s", 40), want))
    runner.forward("s", [*IDS[40:42], *IDS[100 : 98 + rows]], 1)
    runner.commit("s", IDS[:42])
    got = runner.forward("s", IDS[42:43], 1)
    runner.open("t", (), apart=True)
    assert worst(got, runner.forward("t", IDS[:43], 1)) < 1e-4
    runner.close("t")


def test_a_long_pass_keeps_the_state_at_its_last_border_and_the_rows_behind_it(runner: ModelRunner) -> None:
    length = EXACT_ROWS + 40
    border = length // 16 * 16
    runner.forward("s", IDS[:length], 1)
    runner.open("t", (), apart=True)
    for row in range(length):
        runner.forward("t", IDS[row : row + 1], 1)
    assert border < length
    for end in (border, length):
        for got, want in zip(states_of(runner, "s", end), states_of(runner, "t", end)):
            assert worst(got, want) < 1e-4
    with pytest.raises(ValueError, match=f"states from {border} to {length}"):
        states_of(runner, "s", border - 1)
    runner.close("t")


def test_what_is_kept_of_a_few_rows_does_not_hold_the_pass(runner: ModelRunner) -> None:
    """A prompt's piece that ran beside or before them would stay in memory with it."""
    runner.forward("s", IDS[: EXACT_ROWS + 40], 1)
    cache, slot = runner.cache.states, runner.pool.tables()["s"].state
    assert cache is not None
    (kept,) = cache.place(0, slot).log
    for tensor in (kept.inputs, *vars(kept.added).values()):
        assert tensor.untyped_storage().nbytes() == tensor.nbytes
