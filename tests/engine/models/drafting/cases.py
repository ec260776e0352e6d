"""What drafts on its target's cache beside the same by hand: cases that a layer and a head go through, and mutants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import pytest
import torch

from helix_app.engine.models.drafting.hidden_states import DraftStates, TargetStates
from helix_app.engine.models.runner import ModelRunner, Rows
from tests.engine.models.test_decoder import TOLERANCE, some_ids, worst

TEXT, DRAFTED = some_ids(45, 6), 3
BACKWARDS = list(reversed(range(12)))
Pair = tuple[ModelRunner, ModelRunner]
Patch = pytest.MonkeyPatch


class Reference(Protocol):
    """The same by hand."""

    def drafted(self, text: list[int], count: int) -> tuple[list[int], list[torch.Tensor]]:
        """The tokens it drafts after a text, and the logits that it draws them from."""
        ...


def read(runner: ModelRunner, text: list[int], ends: list[int], name: str = "s") -> None:
    """Open a sequence and run a text but for what is cached, with a pass for each of the pieces that end there."""
    at = runner.open(name, text)
    for end in ends:
        if end > at:
            runner.forward(name, text[at:end], 1)
            runner.commit(name, text[:end])
            at = end


def stepped(pair: Pair, reference: Reference, text: list[int], name: str) -> tuple[list[int], torch.Tensor]:
    """The reference's drafts, and the logits of steps after a text and after each of these, which are those of the
    reference. The slots are given back."""
    runner, draft = pair
    drafts, want = reference.drafted(text, DRAFTED + 1)
    at, rows = runner.length(name), []
    assert at == len(text) - 1
    for token in (text[-1], *drafts[:-1]):
        rows.append(draft.forward(name, [token], 1)[0])
    runner.pool.truncate(name, at)
    assert draft.hidden is not None
    draft.hidden.forget(name)
    assert worst(torch.stack(rows), torch.stack(want)) < TOLERANCE
    return drafts, torch.stack(rows)


def check_steps(pair: Pair, reference: Any, text: list[int], name: str = "s") -> None:
    """Steps after a text, and after each of the reference's drafts, have its logits."""
    stepped(pair, reference, text, name)


class Check(Protocol):
    """What is checked after a text: ``check_steps``, and maybe more."""

    def __call__(self, pair: Pair, reference: Any, text: list[int], name: str = "s") -> None: ...


Case = Callable[[Pair, Any, Check], None]


def whole(pair: Pair, reference: Reference, check: Check = check_steps) -> None:
    """A prompt in one pass, and in pieces."""
    read(pair[0], TEXT, [44])
    check(pair, reference, TEXT)
    pair[0].close("s")
    pair[0].pool.clear_cache()
    read(pair[0], TEXT, [7, 8, 44])
    check(pair, reference, TEXT)


def rejected(pair: Pair, reference: Reference, check: Check = check_steps) -> None:
    """Drafts of which some stand and some do not: what the target then knows counts, not what was drafted."""
    runner, _ = pair
    read(runner, TEXT, [44])
    for accepted, text in ((0, [*TEXT, 5]), (2, [*TEXT, 5, 6, 7, 8])):
        length = runner.length("s")
        check(pair, reference, text[: length + 1])
        rows = [text[length], *text[length + 1 : length + 1 + accepted], *some_ids(3, 9)]
        runner.forward("s", rows, len(rows))
        runner.commit("s", text[: length + 1 + accepted])
        check(pair, reference, text)


def cached(pair: Pair, reference: Reference, check: Check = check_steps) -> None:
    """A prefix that another sequence left in the cache, and one beside a sequence that still runs."""
    runner, _ = pair
    read(runner, TEXT, [20, 44])
    other = [*TEXT[:37], *some_ids(9, 4)]
    read(runner, other, [len(other) - 1], "other")
    check(pair, reference, other, "other")
    runner.close("s")
    runner.close("other")
    assert runner.open("s", TEXT[:33]) == 32  # not a row is run: the state comes from the block alone
    check(pair, reference, TEXT[:33])


def crowded(pair: Pair, reference: Reference, check: Check = check_steps) -> None:
    """Rows of several sequences in one pass, of the target and of what drafts."""
    runner, draft = pair
    texts = {"a": TEXT, "b": some_ids(21, 2), "c": some_ids(34, 3)}
    for name, text in texts.items():
        runner.open(name, ())
        runner.forward(name, text[:12], 1)
    runner.forward_many([Rows(name, text[12:-1], 1) for name, text in texts.items()])
    for name, text in texts.items():
        runner.commit(name, text[:-1])
    logits = draft.forward_many([Rows(name, text[-1:], 1) for name, text in texts.items()])
    for row, text in zip(logits, texts.values()):
        assert worst(row[0], reference.drafted(text, 1)[1][0]) < TOLERANCE


CASES: list[Case] = [whole, rejected, cached, crowded]


def check_case(case: Case, pair: Pair, reference: Reference, check: Check = check_steps) -> None:
    """A case, and that the books balance after it."""
    case(pair, reference, check)
    runner, _ = pair
    for name in list(runner.pool.tables()):
        runner.close(name)
    runner.pool.check_integrity()


# --------------------------------------------------------------------------- mutants of what they have in common


def states_are_not_taken_back(patch: Patch) -> None:
    real = TargetStates.before

    def before(self: TargetStates, sequence_id: str, start: int) -> torch.Tensor:
        latest = self._latest.get(sequence_id)
        return real(self, sequence_id, start) if latest is None else latest.states[-1:]

    patch.setattr(TargetStates, "before", before)


def a_block_keeps_no_state(patch: Patch) -> None:
    real = TargetStates._keep

    def keep(self: TargetStates, name: str, start: int, states: torch.Tensor) -> None:
        real(self, name, start, states)
        self._ends.zero_()

    patch.setattr(TargetStates, "_keep", keep)


def each_step_takes_the_target_s_state(patch: Patch) -> None:
    real = DraftStates.take
    patch.setattr(DraftStates, "take", lambda self, ids, names, spans: real(self, ids, (), spans))


COMMON: dict[Callable[[Patch], None], Case] = {
    each_step_takes_the_target_s_state: whole,
    states_are_not_taken_back: rejected,
    a_block_keeps_no_state: cached,
}
