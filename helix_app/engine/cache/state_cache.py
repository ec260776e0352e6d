"""The tensors behind ``states.py``: states of recurrent layers, and what verification may take back.

A slot of a layer has the state behind some token, its *base*, and for each row since what that row adds to it. A pass
moves the base on to the last verified token and works on a copy from there on, so that a state for each row is there
until it is known which rows stay: the next pass begins with those, and forgets what the others added.

    rows     0 ..................... base | verified ...... start | rows of this pass
    kept     state, last inputs           | what each row adds    | is added to that

Rows of a prompt are many, and none of them is taken back: the base moves through them to the last border of a block,
where a checkpoint may be made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch

from helix_app.engine.cache.pool.states import NO_STATE, StateCopy
from helix_app.engine.cache.zeros import zeros
from helix_app.engine.machine.untracked import untracked
from helix_app.modelfiles.config import Recurrent


@dataclass(frozen=True)
class Added:
    """What rows add to a state.

    Attributes:
        decays: ``[rows, heads]``.
        keys: ``[rows, heads, key_dim]``.
        deltas: ``[rows, heads, value_dim]``.
    """

    decays: torch.Tensor
    keys: torch.Tensor
    deltas: torch.Tensor

    def part(self, begin: int, end: int) -> Added:
        """Some of the rows."""
        return Added(self.decays[begin:end], self.keys[begin:end], self.deltas[begin:end])


Replay = Callable[[torch.Tensor, Added], None]


def replay_(state: torch.Tensor, added: Added) -> None:
    """The state ``[heads, key_dim, value_dim]`` behind these rows, in place, with the bits it had when they ran."""
    decays = added.decays[:, :, None, None].unbind(0)
    keys, deltas = added.keys.unsqueeze(3).unbind(0), added.deltas.unsqueeze(2).unbind(0)
    for decay, key, delta in zip(decays, keys, deltas):
        state.mul_(decay).addcmul_(key, delta)


@dataclass(frozen=True)
class LoggedRows:
    """What rows from position ``begin`` on added, in one layer.

    Attributes:
        inputs: of the convolution ``[rows, channels]``.
    """

    begin: int
    added: Added
    inputs: torch.Tensor

    @property
    def end(self) -> int:
        return self.begin + self.inputs.shape[0]

    def part(self, begin: int, end: int) -> LoggedRows:
        """Those between two positions, both within."""
        a, b = begin - self.begin, end - self.begin
        return LoggedRows(begin, self.added.part(a, b), self.inputs[a:b])


@dataclass
class _Place:
    """A slot in one layer.

    Attributes:
        base: tokens before its state.
        log: what the rows since added, without gaps.
    """

    base: int = 0
    log: list[LoggedRows] = field(default_factory=list)

    @property
    def end(self) -> int:
        """Tokens through the last row that is kept."""
        return self.log[-1].end if self.log else self.base

    def rows(self, begin: int, end: int) -> list[LoggedRows]:
        """What the rows between two positions added."""
        return [
            one.part(max(begin, one.begin), min(end, one.end)) for one in self.log if one.begin < end > begin < one.end
        ]


class StateCache:
    """States of all recurrent layers of one model.

    Attributes:
        slots: as many as the pool has (``StateSlots``).
        states: of each layer ``[slots, value_heads, key_dim, value_dim]`` in float32.
        tails: the last inputs of the convolution before it, ``[slots, kernel - 1, channels]``.
        replay: makes a state again as the decoder makes it whose rows these are.
    """

    replay: Replay = staticmethod(replay_)

    def __init__(self, sizes: Recurrent, layers: int, slots: int, block_size: int, device: torch.device) -> None:
        self.sizes, self.slots, self.block_size, self.device = sizes, slots, block_size, device
        state = (layers, slots, sizes.value_heads, sizes.key_dim, sizes.value_dim)
        tail = layers, slots, sizes.kernel - 1, sizes.channels
        with untracked(device):
            self.states = zeros(state, torch.float32, device).unbind(0)
            self.tails = zeros(tail, torch.float32, device).unbind(0)
        self._places = [[_Place() for _ in range(slots)] for _ in range(layers)]

    def copy(self, what: StateCopy) -> None:
        """Make a slot the state that another has behind so many tokens."""
        with untracked(self.device):
            for layer, places in enumerate(self._places):
                state, tail = self.states[layer][what.target], self.tails[layer][what.target]
                if what.source == NO_STATE:
                    state.zero_()
                    tail.zero_()
                else:
                    self._copied(layer, what, state, tail)
                places[what.target] = _Place(what.position)

    def _copied(self, layer: int, what: StateCopy, state: torch.Tensor, tail: torch.Tensor) -> None:
        place = self._places[layer][what.source]
        if not place.base <= what.position <= place.end:
            raise ValueError(f"there are states from {place.base} to {place.end} tokens, not at {what.position}")
        rows = place.rows(place.base, what.position)
        if what.source != what.target:
            state.copy_(self.states[layer][what.source])
            tail.copy_(self.tails[layer][what.source])
        advance_(state, tail, rows, self.replay)

    def view(self, slot: int, start: int, rows: int, verified: int) -> StateView:
        """A pass's window on a sequence's state.

        Args:
            start: position of the first row.
            verified: tokens that are never taken back, at most ``start``.
        """
        return StateView(self, slot, start, rows, min(verified, start))

    @property
    def nbytes(self) -> int:
        """Memory of all slots."""
        return sum(tensor.nbytes for tensor in (*self.states, *self.tails))

    def place(self, layer: int, slot: int) -> _Place:
        """Where a slot's state stands in a layer."""
        return self._places[layer][slot]

    def release(self) -> None:
        """Free the memory, whoever still holds this object."""
        self.states, self.tails, self._places = (), (), []


class StateView:
    """One pass over the rows of one sequence."""

    def __init__(self, cache: StateCache, slot: int, start: int, rows: int, verified: int) -> None:
        self._cache, self._slot = cache, slot
        self.start, self.rows, self._verified = start, rows, verified

    def replay_by(self, replay: Replay) -> None:
        """Whoever runs the rows of this cache makes states again in a way of its own."""
        self._cache.replay = replay

    @property
    def border(self) -> int:
        """Rows of this pass through the last border of a block, 0 for none."""
        size = self._cache.block_size
        return max(0, (self.start + self.rows) // size * size - self.start)

    def begin(self, layer: int, *, own: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """The state ``[heads, key_dim, value_dim]`` before the first row, and the last inputs of the convolution.

        Mutates: moves the base on to the last verified token.

        Args:
            own: whoever asks will change them; otherwise they may be the base itself.
        """
        cache, slot = self._cache, self._slot
        state, tail, place = cache.states[layer][slot], cache.tails[layer][slot], cache.place(layer, slot)
        if not place.base <= self.start <= place.end:
            raise ValueError(f"there are states from {place.base} to {place.end} tokens, not at {self.start}")
        place.log = place.rows(place.base, self.start)
        at = max(place.base, self._verified)
        advance_(state, tail, place.rows(place.base, at), cache.replay)
        place.base, place.log = at, place.rows(at, self.start)
        if own or place.log:
            state, tail = state.clone(), tail.clone()
            advance_(state, tail, place.log, cache.replay)
        return state, tail

    def add(self, layer: int, added: Added, inputs: torch.Tensor, offset: int = 0) -> None:
        """Keep a copy of what rows of this pass added, from the ``offset``-th on: a part of it would hold all of it."""
        place = self._cache.place(layer, self._slot)
        kept = Added(added.decays.clone(), added.keys.clone(), added.deltas.clone())
        place.log.append(LoggedRows(self.start + offset, kept, inputs.clone()))

    def settle(self, layer: int, state: torch.Tensor, tail: torch.Tensor, rows: int) -> None:
        """Make this the base: the state behind the first ``rows`` of this pass, which are never taken back."""
        cache, slot = self._cache, self._slot
        cache.states[layer][slot].copy_(state)
        cache.tails[layer][slot].copy_(tail)
        place = cache.place(layer, slot)
        place.base, place.log = self.start + rows, []


def advance_(state: torch.Tensor, tail: torch.Tensor, rows: list[LoggedRows], replay: Replay = replay_) -> None:
    """The state and the last inputs behind some rows more, in place."""
    for one in rows:
        replay(state, one.added)
        tail.copy_(tail_after(tail, one.inputs))


def tail_after(tail: torch.Tensor, inputs: torch.Tensor) -> torch.Tensor:
    """The last inputs ``[kernel - 1, channels]`` behind some rows more."""
    return torch.cat((tail, inputs))[inputs.shape[0] :]
