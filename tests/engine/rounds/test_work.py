"""What a step takes to the target, and how a crowd divides what its pass cost."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from helix_app.engine.control.costs import CostTable
from helix_app.engine.control.policy import KChoice
from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.models.runner import Rows
from helix_app.engine.rounds.replies.judgement import Timing
from helix_app.engine.rounds.replies.reply import Round
from helix_app.engine.rounds.work import PromptChunk, Step, context_of, timings


def reply(sequence_id: str = "r", tokens: Sequence[int] = (), exact: bool = False) -> Any:
    """What is looked at of a reply."""
    return SimpleNamespace(sequence_id=sequence_id, tokens=list(tokens), exact=exact)


def drafted(of: Any, proposal: Proposal, draft_seconds: float = 0.0) -> Round:
    return Round(of, (), KChoice(proposal.count, "fixed"), proposal, draft_seconds)


# --------------------------------------------------------------------------- the pass


def test_a_round_takes_the_last_token_and_its_proposal() -> None:
    assert drafted(reply("a", (7, 8, 9), exact=True), Proposal((4, 5))).rows == Rows("a", (9, 4, 5), 3, True, None)
    assert drafted(reply("a", (7, 8, 9)), Proposal()).rows == Rows("a", (9,), 1)


def test_tokens_that_only_the_device_knows_are_rows_too() -> None:
    pending: Any = SimpleNamespace(ids=torch.tensor([1, 2, 3]))
    rows = drafted(reply("a", (7,)), Proposal(pending=pending)).rows
    assert (rows.ids, rows.tail is pending.ids, rows.count, rows.logit_rows) == ((7,), True, 4, 4)


def test_of_a_prompt_only_the_last_row_is_wanted() -> None:
    assert PromptChunk(reply("a", exact=True), (1, 2, 3)).rows == Rows("a", (1, 2, 3), 1, True)


def test_rounds_go_before_chunks() -> None:
    plain, prompt = drafted(reply("a", (1,)), Proposal()), PromptChunk(reply("b"), (5, 6))
    step = Step([plain], [prompt], 0.0, 0.0)
    assert [rows.sequence_id for rows in step.batch] == ["a", "b"]
    assert not step.proposes
    assert Step([drafted(reply("a", (1,)), Proposal((3,)))], [], 0.0, 0.0).proposes


# --------------------------------------------------------------------------- what it cost

BEGIN = 5.0  # of each step


def judged(tokens: int, k: int = 0, draft_seconds: float = 0.0) -> Round:
    return drafted(reply(tokens=range(tokens)), Proposal((0,) * k), draft_seconds)


def times(at: Any, rounds: Sequence[Round], seconds: float, *, chunks: bool = False, failed: int = 0) -> list[Timing]:
    """Of a step with these rounds judged; ``failed`` more were not, and ``chunks``: prompts were read beside them."""
    beside = [PromptChunk(reply("b"), (5, 6))] if chunks else []
    return timings(at, Step([*rounds, *[judged(1)] * failed], beside, BEGIN, BEGIN), rounds, seconds)


def known(**costs: float) -> CostTable:
    """``r3=1.5``: three rows take 1.5 seconds."""
    made = CostTable()
    for name, seconds in costs.items():
        made.add(int(name[1:]), 0, seconds)
    return made


def session(alone: CostTable | None = None, crowd: CostTable | None = None) -> Any:
    return SimpleNamespace(costs=alone or CostTable(), crowd_costs=crowd or CostTable())


def test_one_reply_alone_is_charged_nothing_but_its_pass() -> None:
    both = session()
    assert times(both, [judged(30, 2)], 0.2) == [Timing(0.2, BEGIN)]
    assert both.crowd_costs.expect(3, 30) is both.costs.expect(3, 30) is None  # its reply files it


def test_a_whole_pass_of_several_is_filed_by_all_its_rows_and_contexts() -> None:
    both = session()
    times(both, [judged(600, 2), judged(100)], 0.4)
    assert (both.crowd_costs.samples(4, 700), both.costs.samples(4, 700)) == (1, 0)
    assert both.crowd_costs.expect(4, 700) == pytest.approx(0.4)


@pytest.mark.parametrize("other", [{"chunks": True}, {"failed": 1}])
def test_a_pass_with_other_rows_is_filed_nowhere(other: dict[str, Any]) -> None:
    both = session()
    made = times(both, [judged(10), judged(10)], 0.4, **other)
    assert both.crowd_costs.expect(2, 20) is both.costs.expect(2, 20) is None
    assert made == [Timing(0.4, BEGIN, 0.2, 0.2)] * 2  # in equal parts, while nothing is known


def test_each_is_charged_what_its_own_draft_added() -> None:
    both = session(crowd=known(r2=1.0, r5=1.6))
    drew, plain = times(both, [judged(10, 3, draft_seconds=0.1), judged(10)], 9.0, chunks=True)
    assert drew.share == plain.share == pytest.approx(0.5)
    assert (drew.cost, plain.cost) == (pytest.approx(0.5 + (1.6 - 1.0) + 0.1), pytest.approx(0.5))


def test_a_draft_that_made_a_pass_no_longer_costs_no_less_than_none() -> None:
    made = times(session(crowd=known(r2=1.0, r5=0.8)), [judged(10, 3), judged(10)], 9.0, chunks=True)
    assert [timing.cost for timing in made] == [pytest.approx(0.5)] * 2


def test_where_one_reply_is_left_its_part_is_told_by_the_costs_of_one() -> None:
    (timing,) = times(session(alone=known(r1=0.3)), [judged(10)], 0.7, failed=1)
    assert (timing.share, timing.cost) == (pytest.approx(0.3), pytest.approx(0.3))


@pytest.mark.parametrize(
    ("crowd", "told"),
    [
        (None, 0.36),  # these prompts' rows say nothing of a pass without them
        (known(r6=1.2), 0.36),  # nor do passes that all had drafts
        (known(r2=0.4, r6=1.2), 0.4),
    ],
)
def test_a_plain_pass_is_told_as_measured_or_as_of_one_reply(crowd: CostTable | None, told: float) -> None:
    both = session(alone=known(r1=0.3, r2=0.36), crowd=crowd)
    made = times(both, [judged(10, 2), judged(10, 2)], 1.2, chunks=crowd is None)
    assert [timing.plain for timing in made] == [pytest.approx(told)] * 2
    (one,) = times(both, [judged(10, 2)], 1.2, failed=1)
    assert one.plain == pytest.approx(0.3)


def test_where_every_reply_failed_there_is_nothing_to_divide() -> None:
    assert times(session(), [], 0.7, failed=2) == []


def test_a_context_is_that_of_all() -> None:
    assert context_of([reply(tokens=range(3)), reply(tokens=range(4))]) == 7
    assert context_of([]) == 0
