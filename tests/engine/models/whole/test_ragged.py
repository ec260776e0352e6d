"""A ragged batch gives every sequence what it gets alone; in 16 bits, to the last bit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from helix_app.engine.kernels.attention import EXACT_ROWS, EXACT_TORCH, missing_rows
from helix_app.engine.kernels.linear import PlainLinear, same_rows
from helix_app.engine.machine import measured
from helix_app.engine.models import decoder
from helix_app.engine.models.runner import ModelRunner, Rows
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import runner_of, some_ids, worst

TORCH = tuple(int(part) for part in torch.__version__.split(".")[:2])

TINY = ("llama", "llama-mha", "llama-mqa", "llama-gqa3", "llama-biases", "qwen2", "qwen2-tied")
# (tokens in the cache, rows that run, rows whose logits are wanted): a prompt's piece, plain rows, drafts
SPANS = ((0, 20, 1), (16, 1, 1), (37, 5, 5), (30, 9, 9), (5, 2, 1), (15, 1, 1), (0, 1, 1))
SHUFFLED = torch.randperm(16, generator=torch.Generator().manual_seed(3)).tolist()


def prepared(runner: ModelRunner, held: Sequence[int], seeds: Sequence[int] | None = None) -> list[str]:
    """Sequences that hold so many tokens each, run alone."""
    names = []
    for i, length in enumerate(held):
        name = f"s{i}"
        runner.open(name, ())
        ids = some_ids(length, seeds[i] if seeds else i)
        if ids:
            runner.forward(name, ids, 1)
        runner.commit(name, ids)
        names.append(name)
    return names


def logits_of_spans(
    runner: ModelRunner, spans: Sequence[tuple[int, int, int]], together: bool, exact: bool = False
) -> list[torch.Tensor]:
    """Logits of each span, all in one pass or each in its own; nothing stays behind."""
    names = prepared(runner, [held for held, _, _ in spans])
    batch = [
        Rows(name, some_ids(rows, 100 + i), wanted, exact)
        for i, (name, (_, rows, wanted)) in enumerate(zip(names, spans))
    ]
    logits = runner.forward_many(batch) if together else [runner.forward_many([rows])[0] for rows in batch]
    for name in names:
        runner.close(name)
    runner.pool.clear_cache()
    runner.pool.check_integrity()
    return logits


@pytest.mark.parametrize("order", [None, SHUFFLED], ids=["ordered", "shuffled"])
@pytest.mark.parametrize("name", TINY)
def test_spans_together_are_spans_apart(zoo: Zoo, name: str, order: list[int] | None) -> None:
    runner = runner_of(zoo.gguf(name), order=order)
    apart, together = (logits_of_spans(runner, SPANS, together) for together in (False, True))
    assert [len(rows) for rows in together] == [wanted for _, _, wanted in SPANS]
    assert max(float(rows.abs().max()) for rows in apart) > 0.1
    for a, b in zip(apart, together):
        assert worst(a, b) < 1e-5


def test_a_batch_writes_each_sequence_s_own_keys_and_values(zoo: Zoo) -> None:
    runner = runner_of(zoo.gguf("llama"), order=SHUFFLED)
    held = [20, 37, 5]
    names = prepared(runner, held)
    rows = [some_ids(count, 100 + count) for count in (9, 1, 30)]
    runner.forward_many([Rows(name, ids, 1) for name, ids in zip(names, rows)])
    assert not all(
        b - a == 1
        for name in names
        for a, b in zip(runner.pool.tables()[name].blocks, runner.pool.tables()[name].blocks[1:])
    )
    got = [[runner.read(name, layer) for layer in range(2)] for name in names]
    for name in names:
        runner.close(name)
    runner.pool.clear_cache()
    for i, (length, ids) in enumerate(zip(held, rows)):
        runner.open("alone", ())
        runner.forward("alone", [*some_ids(length, i), *ids], 1)
        for layer in range(2):
            for mine, alone in zip(got[i][layer], runner.read("alone", layer)):
                assert worst(mine, alone) < 1e-5
        runner.close("alone")
        runner.pool.clear_cache()


# --------------------------------------------------------------------------- exact

DRAFTS = (1, 2, 5, 9)  # rows of a plain round and of drafts


def drafted(runner: ModelRunner, names: Sequence[str], rows: int, beside: Sequence[tuple[int, int]]) -> torch.Tensor:
    """Logits ``[rows, vocab]`` of rows after what the first sequence holds, in one pass with rows of the others, spans
    ``(held, rows)``; they hold the same afterwards."""
    batch = [Rows(names[0], some_ids(9, 50)[:rows], rows, exact=True)]
    batch += [Rows(name, some_ids(count, 60 + count), 1, exact=True) for name, (_, count) in zip(names[1:], beside)]
    lengths = [runner.length(name) for name in names]
    logits = runner.forward_many(batch)[0]
    for name, length in zip(names, lengths):
        runner.pool.truncate(name, length)
    return logits


def one_by_one(runner: ModelRunner, held: int, rows: int) -> torch.Tensor:
    """The same rows, each in a pass of its own."""
    (name,) = prepared(runner, [held])
    logits = [runner.forward(name, [token], 1, exact=True) for token in some_ids(9, 50)[:rows]]
    runner.close(name)
    runner.pool.clear_cache()
    return torch.cat(logits)


@torch.inference_mode()
def fill_unwritten(runner: ModelRunner, name: str, value: float) -> None:
    """Write a value into every slot of the pool that the sequence has not written."""
    table, size = runner.pool.tables()[name], runner.pool.block_size
    mine = [table.blocks[i // size] * size + i % size for i in range(table.length)]
    for tensor in (*runner.cache.keys, *runner.cache.values):
        kept = tensor[:, mine].clone()
        tensor.fill_(value)
        tensor[:, mine] = kept


def check_exact(runner: ModelRunner, held: int, beside: Sequence[Sequence[tuple[int, int]]]) -> None:
    """Every number of rows, alone and beside others, gives the bits of rows run one by one."""
    assert runner.decoder.can_be_exact
    want = one_by_one(runner, held, max(DRAFTS))
    for others in ((), *beside):
        names = prepared(runner, [held, *(other for other, _ in others)])
        for rows in DRAFTS:
            got = drafted(runner, names, rows, others)
            assert torch.equal(got, want[:rows]), f"{rows} rows beside {others}: {worst(got, want[:rows])}"
        for name in names:
            runner.close(name)
        runner.pool.clear_cache()


def mixture(mine: torch.Tensor, both: Sequence[torch.Tensor], rows: int, filled: bool) -> torch.Tensor:
    """Attention of one row's heads ``[heads, group, dim]`` in the middle of so many rows."""
    heads, group, dim = mine.shape
    q = torch.randn(1, heads, rows, group, dim, generator=torch.Generator().manual_seed(rows)).bfloat16()
    q[0, :, rows // 2] = mine
    q = q.view(1, heads, rows * group, dim)
    q = torch.cat((q, q[:, :, :1].expand(-1, -1, missing_rows(rows * group) if filled else 0, -1)), dim=2)
    out = F.scaled_dot_product_attention(q, both[0], both[1])[:, :, : rows * group]
    return out.unflatten(2, (rows, group))[0, :, rows // 2]


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
def test_attention_is_filled_up_to_what_its_kernel_computes_alike() -> None:
    """Filled no row depends on the others; unfilled only where ``missing_rows`` says so, and there some do."""
    random, unlike = torch.Generator().manual_seed(4), 0
    for heads, group in ((3, 3), (4, 7), (8, 1), (2, 2)):
        for length in (16, 128, 304, 512, 1504, 4000):
            both = [torch.randn(1, heads, length, 64, generator=random).bfloat16() for _ in range(2)]
            mine = torch.randn(heads, group, 64, generator=random).bfloat16()
            want, counts = mixture(mine, both, 8, True), (1, 2, 3, 4, 5, 6, 9, 11, 17, 33, 34, 65)
            assert all(torch.equal(mixture(mine, both, rows, True), want) for rows in counts)
            alone = [rows for rows in counts if not torch.equal(mixture(mine, both, rows, False), want)]
            assert all(missing_rows(rows * group) for rows in alone)
            unlike += len(alone)
    assert unlike


BESIDE = (((20, 1),), ((3, 9), (40, 5)), ((17, 1), (33, 1), (0, 1), (25, 2)), ((0, 40), (12, 3)))


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.covering
@pytest.mark.parametrize("kind", ["plain", "onednn"])
@pytest.mark.parametrize("held", [13, 32])
@pytest.mark.parametrize("name", ["llama", "llama-gqa3", "qwen2"])
def test_exact_rows_do_not_depend_on_how_many_run(zoo: Zoo, name: str, held: int, kind: str) -> None:
    for order in (None, SHUFFLED):
        check_exact(runner_of(zoo.gguf(name), kind, torch.bfloat16, order), held, BESIDE)


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.parametrize("order", [None, SHUFFLED], ids=["ordered", "shuffled"])
@pytest.mark.parametrize("rows", [1, 5, EXACT_ROWS])
def test_exact_rows_do_not_depend_on_what_lies_behind_them(zoo: Zoo, rows: int, order: list[int] | None) -> None:
    runner = runner_of(zoo.gguf("llama"), dtype=torch.bfloat16, order=order)
    seen = []
    for value in (0.0, 1.0, 1e30, -1e30):
        (name,) = prepared(runner, [21])
        fill_unwritten(runner, name, value)
        seen.append(runner.forward(name, some_ids(rows, 7), rows, exact=True))
        runner.close(name)
        runner.pool.clear_cache()
    assert bool(seen[0].isfinite().all())
    assert all(torch.equal(seen[0], other) for other in seen[1:])


@pytest.fixture(scope="module")
def real(few_layers: Path) -> ModelRunner:
    """The default model with plain linear layers, few of them."""
    return runner_of(few_layers, "plain", torch.bfloat16)


@pytest.mark.model
def test_other_rows_do_depend_on_how_many_run(real: ModelRunner) -> None:
    """What ``exact`` is for, and that these tests can fail."""
    runner, differ = real, 0
    for held in (13, 32):
        (name,) = prepared(runner, [held])
        ids = some_ids(9, 50)
        single = torch.cat([runner.forward(name, [token], 1) for token in ids])
        runner.close(name)
        runner.pool.clear_cache()
        (name,) = prepared(runner, [held])
        differ += not torch.equal(runner.forward(name, ids, 9), single)
        runner.close(name)
        runner.pool.clear_cache()
    assert differ


def test_a_damaged_sequence_leaves_nothing_in_the_block_a_fork_shares(zoo: Zoo) -> None:
    """The fork reads the whole block under a mask, and what is not a number shows through any mask."""
    runner = runner_of(zoo.gguf("llama"), dtype=torch.bfloat16)
    next_ids = some_ids(3, 1)
    want = None
    for damaged in (False, True):
        (parent,) = prepared(runner, [21])
        runner.reserve(parent, 24)
        runner.pool.fork(parent, "fork", 21)
        if damaged:
            fill_unwritten(runner, "fork", float("nan"))
            for tensor in (*runner.cache.keys, *runner.cache.values):  # of all other blocks
                with torch.inference_mode():
                    tensor[:, : runner.pool.tables()[parent].blocks[0] * 16] = 0
                    tensor[:, (runner.pool.tables()[parent].blocks[1] + 1) * 16 :] = 0
        runner.discard(parent)
        got = runner.forward("fork", next_ids, 3, exact=True)
        runner.close("fork")
        runner.pool.clear_cache()
        want = got if want is None else want
        assert torch.equal(got, want)


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.model
@pytest.mark.parametrize("kind", ["plain", "onednn"])
def test_exact_rows_of_the_real_model(few_layers: Path, real: ModelRunner, kind: str) -> None:
    runner = real if kind == "plain" else runner_of(few_layers, kind, torch.bfloat16)
    check_exact(runner, 45, BESIDE[1:2])
    check_exact(runner, 100, BESIDE[2:3])


@pytest.fixture(params=[torch.float32])
def moody(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Plain linear layers that add up in another order, or in fewer bits, for a single row and for more than twenty."""
    usual = PlainLinear.__call__

    def call(layer: PlainLinear, x: torch.Tensor) -> torch.Tensor:
        if 2 <= x.shape[0] <= 20:
            return usual(layer, x)
        total = torch.zeros(x.shape[0], layer.weight.shape[0])
        for column in range(x.shape[1]):
            total += x[:, column, None].float() * layer.weight[:, column].float()
            total = total.to(request.param).float()
        total += layer.bias if layer.bias is not None else 0.0
        return total.to(x.dtype)

    measured.forget()
    monkeypatch.setattr(PlainLinear, "__call__", call)
    yield
    measured.forget()


def test_which_rows_come_out_the_same_is_noticed(moody: None) -> None:
    shape = 70, 96
    weight = torch.randn(shape, generator=torch.Generator().manual_seed(2)).bfloat16()
    assert same_rows(PlainLinear(weight, None), *shape, torch.bfloat16, torch.device("cpu")) == (False, 17)
    measured.forget()
    changed = sum(
        not torch.equal(layer(x[:1]), layer(x)[:1])
        for layer in [PlainLinear(weight, None)]
        for x in torch.randn(50, 2, 96, generator=torch.Generator().manual_seed(5)).bfloat16()
    )
    assert changed < 25  # of rows like those of a model most do not show it


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.parametrize("moody", [torch.bfloat16], indirect=True)
def test_rows_are_split_into_what_is_computed_alike(zoo: Zoo, moody: None, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = runner_of(zoo.gguf("llama-gqa3"), "plain", torch.bfloat16)
    check_exact(runner, 13, BESIDE)
    monkeypatch.setattr(decoder, "_WORTH_SPLITTING", 1000)
    with pytest.raises(AssertionError):
        check_exact(runner_of(zoo.gguf("llama-gqa3"), "plain", torch.bfloat16), 13, BESIDE)
