"""A decoder with its pool and its cache: slots that are reserved, kept and given back, and passes that come home."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.models.runner import ModelRunner, Rows, brought_home
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import TOLERANCE, runner_of, some_ids, worst


@pytest.fixture(autouse=True)
def inference_mode() -> Iterator[None]:
    """Caches are written as a pass writes them."""
    with torch.inference_mode():
        yield


@pytest.fixture
def runner(zoo: Zoo) -> ModelRunner:
    """16 blocks of 16 tokens."""
    return runner_of(zoo.gguf("llama"))


def test_rows_count_what_the_host_and_the_device_know() -> None:
    assert Rows("s", (1, 2), 1).count == 2
    assert Rows("s", (1, 2), 1, tail=torch.tensor([3, 4, 5])).count == 5


def test_a_sequence_has_the_slots_of_its_tokens_until_they_are_given_back(runner: ModelRunner) -> None:
    ids = some_ids(40)
    assert runner.open("s", ()) == 0
    assert runner.forward("s", ids, 3).shape == (3, 300)
    assert runner.length("s") == 40
    runner.commit("s", ids[:20])
    assert runner.length("s") == 20  # what was not kept is free
    assert runner.pool.used_blocks == 2
    runner.close("s")
    runner.close("s")
    runner.close("never opened")
    assert (runner.pool.used_blocks, runner.pool.tables()) == (0, {})
    assert runner.open("t", ids) == 16  # the whole block of what was kept


def test_rows_after_kept_ones_are_those_of_one_pass(runner: ModelRunner) -> None:
    ids = some_ids(30)
    runner.open("whole", ())
    wanted = runner.forward("whole", ids, 10)
    runner.close("whole")
    runner.pool.clear_cache()
    runner.open("s", ())
    runner.forward("s", [*ids[:20], 1, 2, 3], 1)
    runner.commit("s", ids[:20])
    assert worst(runner.forward("s", ids[20:], 10), wanted) < TOLERANCE


def test_ids_that_only_the_device_knows_give_the_same_logits(runner: ModelRunner) -> None:
    ids = some_ids(12)
    for name in ("a", "b", "c"):
        runner.open(name, ())
    tails = [None, torch.tensor(ids[5:]), torch.tensor(ids)]
    batch = [Rows(n, ids[: 12 - (0 if t is None else len(t))], 4, tail=t) for n, t in zip("abc", tails)]
    host, mixed, device = runner.forward_many(batch)
    assert worst(host, mixed) < TOLERANCE
    assert worst(host, device) < TOLERANCE


def test_slots_that_are_reserved_are_used_and_not_taken_twice(runner: ModelRunner) -> None:
    ids = some_ids(5)
    runner.open("s", ())
    runner.reserve("s", 5)
    (logits,) = runner.forward_many([Rows("s", ids, 1)], reserved=True)
    assert runner.length("s") == 5
    runner.open("t", ())
    assert worst(logits, runner.forward("t", ids, 1)) < TOLERANCE


def test_only_passes_of_one_sequence_say_what_rows_cost(runner: ModelRunner) -> None:
    for name in ("a", "b"):
        runner.open(name, ())
    runner.forward("a", some_ids(3), 1)
    assert runner.costs.samples(3, 0) == 1
    runner.forward_many([Rows(name, some_ids(2), 1) for name in ("a", "b")])
    runner.forward_many([Rows("a", some_ids(2), 1)], carried=(torch.zeros(2),))
    assert [runner.costs.samples(rows, 0) for rows in (2, 4)] == [0, 0]


def test_no_room_changes_nothing(runner: ModelRunner) -> None:
    runner.open("large", ())
    runner.reserve("large", 15 * 16)
    runner.open("s", ())
    runner.forward("s", some_ids(16), 1)
    with pytest.raises(CacheExhaustedError):
        runner.forward("s", some_ids(1), 1)
    assert runner.length("s") == 16
    with pytest.raises(CacheExhaustedError):
        runner.try_rows(1)
    assert set(runner.pool.tables()) == {"large", "s"}  # a trial that failed leaves no sequence
    runner.pool.check_integrity()


def test_a_trial_leaves_nothing_but_its_time(runner: ModelRunner) -> None:
    runner.try_rows(5)
    assert runner.costs.samples(5, 0) == 1
    assert (runner.pool.used_blocks, runner.pool.cached_blocks) == (0, 0)


def test_a_trial_is_of_different_tokens_each_time(runner: ModelRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies of one would wake the same experts, and cost less than text does."""
    seen: list[int] = []
    real = ModelRunner.forward

    def forward(self: ModelRunner, sequence_id: str, ids: list[int], *rest: Any) -> torch.Tensor:
        seen.extend(ids)
        return real(self, sequence_id, ids, *rest)

    monkeypatch.setattr(ModelRunner, "forward", forward)
    for rows in (1, 9, 1, 9):
        runner.try_rows(rows)
    assert len(set(seen)) == len(seen)
    assert all(0 <= token < runner.decoder.config.vocab_size for token in seen)


def test_another_size_is_empty_and_limits_its_sequences(runner: ModelRunner) -> None:
    assert runner.max_tokens == 256
    ids = some_ids(32)
    runner.open("s", ())
    runner.forward("s", ids, 1)
    runner.commit("s", ids)
    runner.close("s")
    runner.resize(3)
    assert (runner.max_tokens, runner.pool.num_blocks, runner.cache.num_blocks) == (48, 3, 3)
    assert runner.open("s", ids) == 0
    runner.resize(1000)
    assert runner.max_tokens == 256  # the model takes no more


def test_what_was_damaged_is_wiped_and_never_found(runner: ModelRunner) -> None:
    ids = some_ids(40)
    runner.open("s", ())
    runner.forward("s", ids, 1)
    runner.commit("s", ids[:20])
    runner.forward("s", ids[20:], 1)
    table = list(runner.pool.tables()["s"].blocks)
    for tensor in (*runner.cache.keys, *runner.cache.values):
        tensor[:, table[1] * 16 + 4 : (table[1] + 2) * 16] = float("nan")
    runner.discard("s")
    assert "s" not in runner.pool.tables()
    for tensor in (*runner.cache.keys, *runner.cache.values):
        assert bool(tensor.isfinite().all())
    runner.pool.check_integrity()


def test_a_copy_of_keys_and_values_is_one(runner: ModelRunner) -> None:
    runner.open("s", ())
    runner.forward("s", some_ids(5), 1)
    keys, values = runner.read("s", 1)
    assert keys.shape == values.shape == (2, 5, 16)
    keys += 1
    assert not torch.equal(runner.read("s", 1)[0], keys)


# --------------------------------------------------------------------------- the way home


def test_what_comes_home_is_in_float32_and_in_its_shape() -> None:
    sent = (torch.randn(2, 3), torch.tensor([1.5, -2.0]).bfloat16(), torch.arange(4))
    home = brought_home(sent)
    assert [tensor.shape for tensor in home] == [tensor.shape for tensor in sent]
    assert {tensor.dtype for tensor in home} == {torch.float32}
    assert all(torch.equal(a, b.float()) for a, b in zip(home, sent))
    (alone,) = brought_home(sent[:1])
    assert torch.equal(alone, sent[0])
    (half,) = brought_home((torch.tensor([0.1]).half(),))
    assert half.dtype == torch.float32
