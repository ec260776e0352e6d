"""What a step takes to the target, and how a crowd divides what its pass cost."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from helix_app.engine.control.costs import CostTable
from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.models.runner import Rows
from helix_app.engine.rounds.work import DecodeRound, PromptChunk, Step, context_of, crowd_shares


def entry(name: str = "r", tokens: Sequence[int] = (), exact: bool = False) -> Any:
    """What is looked at of a reply in the scheduler."""
    return SimpleNamespace(reply=SimpleNamespace(name=name, tokens=list(tokens), exact=exact))


def drafted(proposal: Proposal, tail: Any = None, draft_seconds: float = 0.0) -> Any:
    """What is looked at of a round."""
    return SimpleNamespace(proposal=proposal, tail=tail, draft_seconds=draft_seconds)


# --------------------------------------------------------------------------- the pass


def test_a_round_takes_the_last_token_and_its_proposal() -> None:
    work = DecodeRound(entry("a", (7, 8, 9), exact=True), drafted(Proposal((4, 5))))
    assert work.rows == Rows("a", (9, 4, 5), 3, True, None)
    assert DecodeRound(entry("a", (7, 8, 9)), drafted(Proposal())).rows == Rows("a", (9,), 1)


def test_tokens_that_only_the_device_knows_are_rows_too() -> None:
    pending: Any = SimpleNamespace(ids=torch.tensor([1, 2, 3]))
    rows = DecodeRound(entry("a", (7,)), drafted(Proposal(pending=pending), pending.ids)).rows
    assert (rows.ids, rows.tail is pending.ids, rows.count, rows.logit_rows) == ((7,), True, 4, 4)


def test_of_a_prompt_only_the_last_row_is_wanted() -> None:
    assert PromptChunk(entry("a", exact=True), (1, 2, 3)).rows == Rows("a", (1, 2, 3), 1, True)


def test_rounds_go_before_chunks() -> None:
    plain, prompt = DecodeRound(entry("a", (1,)), drafted(Proposal())), PromptChunk(entry("b"), (5, 6))
    step = Step([plain], [prompt], 0.0, 0.0)
    assert [rows.sequence_id for rows in step.batch] == ["a", "b"]
    assert not step.proposes
    assert Step([DecodeRound(entry("a", (1,)), drafted(Proposal((3,))))], [], 0.0, 0.0).proposes


# --------------------------------------------------------------------------- what it cost


def judged(tokens: int, k: int = 0, draft_seconds: float = 0.0) -> DecodeRound:
    return DecodeRound(entry(tokens=range(tokens)), drafted(Proposal((0,) * k), None, draft_seconds))


def known(**costs: float) -> CostTable:
    """``r3=1.5``: three rows take 1.5 seconds."""
    made = CostTable()
    for name, seconds in costs.items():
        made.add(int(name[1:]), 0, seconds)
    return made


def session(alone: CostTable | None = None, crowd: CostTable | None = None) -> Any:
    return SimpleNamespace(costs=alone or CostTable(), crowd_costs=crowd or CostTable())


def test_a_whole_pass_is_filed_by_all_its_rows_and_contexts() -> None:
    both = session()
    crowd_shares(both, [judged(600, 2), judged(100)], 0.4, whole=True)
    assert (both.crowd_costs.samples(4, 700), both.costs.samples(4, 700)) == (1, 0)
    assert both.crowd_costs.expect(4, 700) == pytest.approx(0.4)
    crowd_shares(both, [judged(30, 2)], 0.2, whole=True)
    assert (both.crowd_costs.samples(3, 30), both.costs.samples(3, 30)) == (0, 1)


def test_a_pass_with_other_rows_is_filed_nowhere() -> None:
    both = session()
    shares = crowd_shares(both, [judged(10), judged(10)], 0.4, whole=False)
    assert both.crowd_costs.expect(2, 20) is both.costs.expect(2, 20) is None
    assert (shares.plain, list(shares.costs)) == (0.2, [0.2, 0.2])  # in equal parts, while nothing is known


def test_each_is_charged_what_its_own_draft_added() -> None:
    shares = crowd_shares(
        session(crowd=known(r2=1.0, r5=1.6)), [judged(10, 3, draft_seconds=0.1), judged(10)], 9.0, whole=False
    )
    assert shares.plain == pytest.approx(0.5)
    assert list(shares.costs) == [pytest.approx(0.5 + (1.6 - 1.0) + 0.1), pytest.approx(0.5)]


def test_a_draft_that_made_a_pass_no_longer_costs_no_less_than_none() -> None:
    shares = crowd_shares(session(crowd=known(r2=1.0, r5=0.8)), [judged(10, 3), judged(10)], 9.0, whole=False)
    assert list(shares.costs) == [pytest.approx(0.5)] * 2


def test_where_every_reply_failed_there_is_nothing_to_divide() -> None:
    shares = crowd_shares(session(alone=known(r1=0.3)), [], 0.7, whole=False)
    assert (shares.plain, list(shares.costs)) == (pytest.approx(0.3), [])


def test_a_context_is_that_of_all() -> None:
    assert context_of([entry(tokens=range(3)), entry(tokens=range(4))]) == 7
    assert context_of([]) == 0
