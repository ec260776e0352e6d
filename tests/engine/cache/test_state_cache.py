"""States that verification may take back, and copies of them: always the one behind the right tokens."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.cache.pool.states import NO_STATE, StateCopy
from helix_app.engine.cache.state_cache import Added, StateCache, tail_after
from helix_app.modelfiles.config import Recurrent

SIZES = Recurrent(key_heads=1, value_heads=2, key_dim=4, value_dim=8, kernel=3)
SIZE = 4
ROWS = torch.randn(60, SIZES.channels, generator=torch.Generator().manual_seed(1))


def added(begin: int, end: int) -> Added:
    """What the rows between two positions add: some function of them."""
    rows = ROWS[begin:end]
    return Added(rows[:, :2].sigmoid(), rows[:, :8].reshape(-1, 2, 4), rows[:, 8:24].reshape(-1, 2, 8))


def behind(length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The state and the last inputs behind so many rows."""
    state, all_ = torch.zeros(2, 4, 8), added(0, length)
    for decay, key, delta in zip(all_.decays, all_.keys, all_.deltas):
        state = state * decay[:, None, None] + key.unsqueeze(2) * delta.unsqueeze(1)
    return state, tail_after(torch.zeros(2, SIZES.channels), ROWS[:length])


def cache() -> StateCache:
    made = StateCache(SIZES, layers=2, slots=3, block_size=SIZE, device=torch.device("cpu"))
    for slot in range(3):
        made.copy(StateCopy(NO_STATE, 0, slot))
    return made


def run(states: StateCache, start: int, end: int, verified: int, slot: int = 0) -> None:
    """A pass over the rows between two positions, checked before it."""
    view = states.view(slot, start, end - start, verified)
    for layer in range(2):
        check(view.begin(layer, own=True), start)
        view.add(layer, added(start, end), ROWS[start:end])


def check(got: tuple[torch.Tensor, torch.Tensor], length: int) -> None:
    state, tail = behind(length)
    assert torch.allclose(got[0], state, atol=1e-5)
    assert torch.equal(got[1], tail)


def test_rejected_rows_leave_nothing() -> None:
    states = cache()
    run(states, 0, 5, verified=0)
    for verified in (3, 7, 8, 10):  # of rows up to four further on
        run(states, verified, verified + 4, verified)


def test_a_pass_may_begin_behind_rows_that_nobody_has_verified() -> None:
    """A draft on the target's own states; then the target runs the same rows."""
    states = cache()
    run(states, 0, 6, verified=0)
    for start in (6, 7, 8):
        run(states, start, start + 1, verified=6)
    run(states, 6, 10, verified=6)
    run(states, 9, 12, verified=9)


def test_what_is_verified_cannot_be_taken_back() -> None:
    states = cache()
    run(states, 0, 6, verified=0)
    run(states, 5, 8, verified=5)
    with pytest.raises(ValueError, match="5 to 8"):
        states.view(0, 4, 1, 4).begin(0, own=False)
    with pytest.raises(ValueError, match="5 to 8"):
        states.view(0, 9, 1, 5).begin(0, own=False)


def test_a_single_row_works_on_the_base_itself() -> None:
    states = cache()
    run(states, 0, 4, verified=0)
    state, _ = states.view(0, 4, 1, 4).begin(0, own=False)
    assert state.data_ptr() == states.states[0][0].data_ptr()
    check((state, states.tails[0][0]), 4)


@pytest.mark.parametrize("position", [3, 5, 7])
def test_a_copy_is_the_state_at_any_row_that_is_kept(position: int) -> None:
    states = cache()
    run(states, 0, 5, verified=0)
    run(states, 3, 7, verified=3)
    states.copy(StateCopy(0, position, 2))
    for layer in range(2):
        check((states.states[layer][2], states.tails[layer][2]), position)
    run(states, position, position + 2, verified=position, slot=2)
    run(states, 5, 9, verified=5)


def test_a_copy_of_what_is_gone_or_never_was_is_refused() -> None:
    states = cache()
    run(states, 0, 5, verified=0)
    run(states, 3, 7, verified=3)
    for position in (2, 8):
        with pytest.raises(ValueError, match="3 to 7"):
            states.copy(StateCopy(0, position, 1))


def test_a_slot_begins_anew() -> None:
    states = cache()
    run(states, 0, 5, verified=0)
    states.copy(StateCopy(NO_STATE, 0, 0))
    run(states, 0, 3, verified=0)


def test_a_long_pass_moves_the_base_to_its_last_border() -> None:
    states = cache()
    run(states, 0, 6, verified=0)
    view = states.view(0, 6, 29, 6)
    assert view.border == 26, "through token 32"
    for layer in range(2):
        check(view.begin(layer, own=True), 6)
        view.settle(layer, *behind(32), view.border)
        view.add(layer, added(32, 35), ROWS[32:35], view.border)
    states.copy(StateCopy(0, 32, 1))
    check((states.states[0][1], states.tails[0][1]), 32)
    run(states, 35, 36, verified=35)


def test_its_bytes_are_those_that_the_description_says() -> None:
    assert cache().nbytes == 2 * 3 * SIZES.state_bytes
