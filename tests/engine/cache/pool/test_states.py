"""States of recurrent layers: whose they are, where prompts may begin, and what gives way."""

from __future__ import annotations

import pytest

from helix_app.base.errors import CacheExhaustedError
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.pool.states import NO_STATE, StateCopy
from tests.engine.cache.remembered import RememberedStates

SIZE = 4
TEXT = list(range(100, 190))


class Sequences:
    """Sequences of the first tokens of a text over a pool, and the states that a model would keep of them."""

    def __init__(self, states: int, blocks: int = 60) -> None:
        self.pool, self.memory = BlockPool(blocks, SIZE, states=states), RememberedStates(states)

    def open(self, name: str, text: list[int]) -> int:
        return self.pool.open(name, text)

    def run(self, name: str, text: list[int], last: bool = False, drafted: int = 0) -> None:
        """A pass over what is not there yet; the last ``drafted`` tokens are rejected."""
        table = self.pool.tables()[name]
        start = table.length
        self.pool.extend(name, len(text))
        self.memory.copy(self.pool.states.take_copies())
        self.memory.run(table, start, text)
        end = len(text) - drafted
        self.pool.commit(name, text[:end], last)
        self.pool.truncate(name, end)
        self.pool.check_integrity()

    def hit(self, text: list[int]) -> int:
        """Where a prompt would begin now."""
        found = self.open("asks", text)
        self.memory.copy(self.pool.states.take_copies())
        self.memory.check(self.pool.tables()["asks"], text)
        self.pool.close("asks")
        return found


def test_without_recurrent_layers_there_are_none() -> None:
    pool = BlockPool(8, SIZE)
    pool.open("a", TEXT[:9])
    pool.extend("a", 9)
    pool.commit("a", TEXT[:9])
    assert (pool.tables()["a"].state, pool.states.take_copies(), pool.states.free) == (NO_STATE, [], 0)


def test_a_sequence_begins_with_an_empty_state_of_its_own() -> None:
    some = Sequences(4)
    for name in "ab":
        some.open(name, TEXT)
    copies = some.pool.states.take_copies()
    assert [(one.source, one.position) for one in copies] == [(NO_STATE, 0)] * 2
    assert len({one.target for one in copies}) == 2


def test_a_prompt_begins_where_a_state_is_and_not_where_only_blocks_are() -> None:
    some = Sequences(4)
    some.open("a", TEXT)
    some.run("a", TEXT[:22])
    some.pool.close("a")
    assert some.pool.cached_blocks == 5
    assert some.hit(TEXT[:30]) == 20
    assert some.hit(TEXT[:20]) == 0, "the last token of a prompt must run, and there is no state before it"


def test_the_checkpoint_of_a_growing_sequence_moves_on_and_that_of_its_prompt_stays() -> None:
    some = Sequences(5)
    some.open("a", TEXT)
    some.run("a", TEXT[:10], last=True)
    for end in range(11, 35):
        some.run("a", TEXT[: end + 3], drafted=3)
    assert some.pool.states.checkpoints == 2
    assert [some.hit([*TEXT[:length], 1, 2]) for length in (9, 20, 31, 32)] == [8, 8, 8, 32]


def test_a_long_text_keeps_some_on_its_way() -> None:
    some = Sequences(20, blocks=1200)
    long = list(range(4400))
    some.open("a", long)
    for end in range(160, 4400, 160):
        some.run("a", long[:end])
    assert [some.hit([*long[:at], -1, -1]) for at in (700, 1400, 2600, 4399)] == [640, 1280, 2560, 4320]
    assert some.pool.states.checkpoints == 4


def test_where_no_slot_is_blank_the_checkpoint_of_longest_ago_gives_way() -> None:
    some = Sequences(4)
    texts = [[n, *TEXT[:9]] for n in range(3)]
    for n, text in enumerate(texts):
        some.open(f"{n}", text)
        some.run(f"{n}", text, last=True)
        some.pool.close(f"{n}")
    assert some.hit(texts[0]) == 8  # used again
    some.open("b", TEXT)
    some.open("c", TEXT)
    assert [some.hit(text) for text in (texts[1], texts[0])] == [0, 8]


def test_one_sequence_more_than_there_are_states_is_refused_and_leaves_nothing() -> None:
    some = Sequences(2)
    for name in "ab":
        some.open(name, TEXT)
    with pytest.raises(CacheExhaustedError):
        some.open("c", TEXT)
    some.pool.check_integrity()
    some.run("a", TEXT[:20])
    assert some.pool.states.checkpoints == 0, "what runs comes before what may be asked again"


def test_the_last_checkpoint_becomes_the_state_of_who_begins_there() -> None:
    some = Sequences(2)
    some.open("a", TEXT)
    some.run("a", TEXT[:9])
    some.pool.close("a")
    some.open("b", [1])
    assert some.open("c", TEXT) == 8
    assert some.pool.states.checkpoints == 0
    some.run("c", TEXT[:20])


def test_a_checkpoint_goes_with_its_blocks() -> None:
    some = Sequences(6, blocks=4)
    some.open("a", TEXT)
    some.run("a", TEXT[:9])
    some.pool.close("a")
    some.open("b", [1, 2, 3])
    some.run("b", list(range(16)))
    assert some.pool.states.checkpoints == 1, "that of the one that took the blocks"
    some.pool.close("b")
    some.pool.clear_cache()
    assert (some.pool.states.checkpoints, some.pool.states.free) == (0, 6)


def test_a_fork_takes_the_state_behind_its_last_token() -> None:
    some = Sequences(6)
    some.open("a", TEXT)
    some.run("a", TEXT[:10], last=True)
    some.run("a", TEXT[:18], drafted=3)
    assert [length for length in range(16) if some.pool.can_fork("a", length)] == [0, 8, 12, 15]
    for name, length in (("b", 15), ("c", 8), ("d", 0)):
        some.pool.fork("a", name, length)
        some.run(name, [*TEXT[:length], 1, 2])
    with pytest.raises(ValueError):
        some.pool.fork("a", "e", 10)


def test_what_stands_apart_leaves_no_checkpoint() -> None:
    some = Sequences(3)
    some.pool.open("a", TEXT, apart=True)
    some.run("a", TEXT[:20])
    assert some.pool.states.checkpoints == 0


def test_a_state_that_is_gone_is_not_made_up() -> None:
    memory = RememberedStates(2)
    with pytest.raises(AssertionError):
        memory.copy([StateCopy(0, 4, 1)])
