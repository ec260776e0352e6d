"""Hidden states between passes: those of the latest pass, those of the last row of each block, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from helix_app.engine.models.drafting.hidden_states import DraftStates, TargetStates
from helix_app.engine.models.runner import ModelRunner
from tests.engine.made.next_token import reference_of, with_layer
from tests.engine.models.test_decoder import some_ids
from tests.engine.runs.next_token_runs import files_with, joined, parts_of

TEXT = some_ids(100, 8)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelRunner, ModelRunner]:
    path: Path = with_layer("qwen3", reference_of("qwen3"), tmp_path_factory.mktemp("hidden"))
    return joined(parts_of(files_with(path)), 12, [7, 2, 9, 4, 1, 11, 0, 5, 3, 10, 6, 8])


@pytest.fixture
def runner(made: tuple[ModelRunner, ModelRunner]) -> Iterator[ModelRunner]:
    """With a sequence ``s`` of no tokens."""
    made[0].open("s", ())
    yield made[0]
    made[0].close("s")
    made[0].pool.clear_cache()
    made[0].pool.check_integrity()


def hidden(runner: ModelRunner) -> TargetStates:
    assert isinstance(runner.hidden, TargetStates)
    return runner.hidden


def run(runner: ModelRunner, begin: int, end: int) -> None:
    runner.forward("s", TEXT[begin:end], 1)
    runner.commit("s", TEXT[:end])


def test_before_the_first_row_there_is_nothing(runner: ModelRunner) -> None:
    assert not hidden(runner).before("s", 0).any()
    assert hidden(runner).hand("s", 0).after is None


def test_states_of_the_latest_pass_are_known_row_by_row(runner: ModelRunner) -> None:
    """However many of them verification accepts."""
    run(runner, 0, 20)
    one_by_one = []
    for i in range(20, 25):
        run(runner, i, i + 1)
        one_by_one.append(hidden(runner).before("s", i + 1))
    runner.close("s")
    runner.open("s", ())
    run(runner, 0, 20)
    runner.forward("s", TEXT[20:25], 5)
    for i, want in enumerate(one_by_one):
        assert torch.allclose(hidden(runner).before("s", 21 + i), want, atol=1e-5)
    runner.pool.truncate("s", 20)


def test_of_a_long_prompt_the_last_row_is_kept_and_the_ends_of_blocks(runner: ModelRunner) -> None:
    run(runner, 0, 90)
    ends = [hidden(runner).before("s", at).clone() for at in (16, 32, 80)]
    assert all(bool(end.any()) for end in ends)
    assert not hidden(runner).before("s", 33).any()  # nobody goes on there
    last = hidden(runner).before("s", 90).clone()
    runner.close("s")
    assert runner.open("s", TEXT[:90]) == 80
    assert torch.equal(hidden(runner).before("s", 80), ends[-1])
    run(runner, 80, 90)
    assert torch.allclose(hidden(runner).before("s", 90), last, atol=1e-5)


def test_a_closed_sequence_is_forgotten(runner: ModelRunner) -> None:
    run(runner, 0, 20)
    assert hidden(runner).before("s", 20).any()
    runner.close("s")
    runner.open("s", ())
    run(runner, 0, 7)
    assert not hidden(runner).before("s", 20).any()


def test_forks_begin_at_the_ends_of_blocks(runner: ModelRunner) -> None:
    assert [runner.may_fork_at(length) for length in (0, 15, 16, 47)] == [0, 0, 16, 32]
    states, runner.hidden = runner.hidden, None
    assert runner.may_fork_at(47) == 47
    runner.hidden = states


def test_a_draft_takes_its_own_state_once_it_has_run(
    made: tuple[ModelRunner, ModelRunner], runner: ModelRunner
) -> None:
    draft = made[1].hidden
    assert isinstance(draft, DraftStates)
    run(runner, 0, 20)
    first = draft.hand("s", 20)
    assert torch.equal(first.before, hidden(runner).before("s", 20))
    made[1].forward("s", TEXT[20:21], 1)
    own = draft.hand("s", 21).before
    assert not torch.equal(own, first.before)
    draft.forget("s")
    assert not torch.equal(draft.hand("s", 21).before, own)
    runner.pool.truncate("s", 20)


def test_another_pool_knows_nothing(runner: ModelRunner) -> None:
    run(runner, 0, 20)
    states = hidden(runner)
    states.join(runner.pool)
    assert not states.before("s", 20).any()
    assert not states.before("s", 16).any()
