"""The gated delta rule row by row and chunk by chunk, against its definition in float64."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from helix_app.engine.cache.state_cache import Added, replay_
from helix_app.engine.kernels.delta_rule import DeltaRows, chunked, convolved, of_length_one, steps

HEADS, KEY, VALUE = 3, 8, 16


def made(count: int, seed: int = 0, forgets: float = 1.0) -> tuple[torch.Tensor, DeltaRows]:
    """A state and rows; ``forgets``: how fast."""
    g = torch.Generator().manual_seed(seed)
    queries, keys = (of_length_one(torch.randn(count, HEADS, KEY, generator=g)) for _ in range(2))
    values = torch.randn(count, HEADS, VALUE, generator=g)
    log_decays = -forgets * torch.rand(count, HEADS, generator=g)
    rates = torch.rand(count, HEADS, generator=g)
    return torch.randn(HEADS, KEY, VALUE, generator=g), DeltaRows(queries, keys, values, log_decays, rates)


def by_definition(state: torch.Tensor, rows: DeltaRows) -> tuple[torch.Tensor, torch.Tensor]:
    """What is read, and the state behind the last row."""
    s, outputs = state.double(), []
    for q, k, v, g, b in zip(*(tensor.double() for tensor in vars(rows).values())):
        s = s * g.exp()[:, None, None]
        delta = b[:, None] * (v - torch.einsum("hkv,hk->hv", s, k))
        s = s + torch.einsum("hk,hv->hkv", k, delta)
        outputs.append(torch.einsum("hkv,hk->hv", s, q))
    return torch.stack(outputs), s


def worst(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a.double() - b).abs().max())


@pytest.mark.parametrize("run", [steps, chunked])
@pytest.mark.parametrize("count", [1, 2, 63, 64, 65, 150])
def test_outputs_and_states_are_those_of_the_definition(count: int, run: object) -> None:
    state, rows = made(count)
    want, behind = by_definition(state, rows)
    outputs, added = run(state.clone(), rows)  # type: ignore[operator]
    assert worst(outputs, want) < 1e-5
    replayed = state.clone()
    replay_(replayed, added)
    assert worst(replayed, behind) < 1e-5


def test_chunks_leave_the_state_behind_the_last_row() -> None:
    state, rows = made(100)
    _, behind = by_definition(state, rows)
    chunked(state, rows)
    assert worst(state, behind) < 1e-5


def test_a_head_that_forgets_at_once_gives_numbers() -> None:
    """Over a chunk its decay is far beyond what float32 holds, and its inverse too."""
    state, rows = made(128, forgets=60.0)
    outputs, _ = chunked(state.clone(), rows)
    assert worst(outputs, by_definition(state, rows)[0]) < 1e-5


def test_a_row_does_not_depend_on_how_many_come_after_it_nor_on_where_the_state_was_made_again() -> None:
    """To the bit: all at once, and one at a time with a state that is replayed between."""
    state, rows = made(20)
    together, added = steps(state.clone(), rows)
    for row in range(20):
        alone, own = steps(state.clone(), rows.part(row, row + 1))
        assert torch.equal(alone[0], together[row])
        assert torch.equal(own.deltas[0], added.deltas[row])
        replay_(state, own)


def test_part_of_what_was_added_leads_to_the_state_there() -> None:
    state, rows = made(9)
    _, added = steps(state.clone(), rows)
    _, behind = by_definition(state, rows.part(0, 4))
    replay_(state, added.part(0, 4))
    assert worst(state, behind) < 1e-5
    assert isinstance(added.part(2, 3), Added)


@pytest.mark.parametrize("kernel", [1, 2, 4])
def test_a_convolution_sees_the_rows_before_in_whatever_pieces(kernel: int) -> None:
    g = torch.Generator().manual_seed(3)
    x, weights = torch.randn(30, 12, generator=g), torch.randn(kernel, 12, generator=g)
    padded = F.pad(x.T.unsqueeze(0), (kernel - 1, 0))
    want = F.silu(F.conv1d(padded, weights.T.unsqueeze(1), groups=12))[0].T
    before, pieces = torch.zeros(kernel - 1, 12), []
    for part in x.split([1, 2, 20, 7]):
        pieces.append(convolved(before, part, weights.unbind(0)))
        before = torch.cat((before, part))[part.shape[0] :]
    assert worst(torch.cat(pieces), want.double()) < 1e-5
