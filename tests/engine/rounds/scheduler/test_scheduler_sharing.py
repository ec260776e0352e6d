"""What replies that run together cost each other: a crowd's times are a crowd's, no draft takes another's blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from helix_app.base.errors import NumericsError
from helix_app.engine.control.policy import DraftOption
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import Rows
from helix_app.engine.rounds.replies.reply import Reply, Round
from helix_app.engine.rounds.session import Session
from helix_app.engine.sampling.verification import Verdict
from helix_app.protocol.events import Failed, Finished, RoundDone
from tests.engine.made.tiny import ask
from tests.engine.runs.crowds import TEXTS, Crowd, Models, alone, requests, staggered

UNSAID = 3  # a token

pytestmark = pytest.mark.usefixtures("small_chunks")

# --------------------------------------------------------------------------- times


class Filed:
    """What the session's tables are told of each pass of the target.

    Attributes:
        costs: (table, rows, context) since ``take``.
        rows: of the latest pass, by reply.
    """

    def __init__(self, session: Session, patch: pytest.MonkeyPatch) -> None:
        self.costs: list[tuple[str, int, int]] = []
        self.rows: dict[str, int] = {}
        for name in ("costs", "crowd_costs"):
            self._watch(session, name, patch)
        forward_many = session.runner.forward_many

        def passed(
            batch: Sequence[Rows], reserved: bool = False, carried: Sequence[torch.Tensor] = ()
        ) -> list[torch.Tensor]:
            self.rows = {rows.sequence_id: rows.count for rows in batch}
            return forward_many(batch, reserved, carried)

        patch.setattr(session.runner, "forward_many", passed)

    def _watch(self, session: Session, name: str, patch: pytest.MonkeyPatch) -> None:
        table = getattr(session, name)
        add = table.add

        def added(rows: int, context: int, seconds: float) -> None:
            self.costs.append((name, rows, context))
            add(rows, context, seconds)

        patch.setattr(table, "add", added)

    def check(self, rounds: list[RoundDone]) -> str:
        """One step's costs lie where they belong: a pass that not all of these rounds shared is filed nowhere."""
        costs, rows = self.costs, self.rows
        self.costs, self.rows = [], {}
        if not rounds or set(rows) != {done.request_id for done in rounds}:
            assert costs == []
            return "mixed" if rounds else ""
        context = sum(done.context_tokens - len(done.emitted) for done in rounds)
        table = "crowd_costs" if len(rounds) > 1 else "costs"
        assert costs == [(table, sum(rows.values()), context)]
        return table


def checked(crowd: Crowd, filed: Filed) -> set[str]:
    """One step; the kinds of passes that it had."""
    return {filed.check([event for event in crowd.step() if isinstance(event, RoundDone)])} - {""}


@pytest.mark.parametrize(("draft", "k"), [("none", "auto"), ("ngram", "fixed:3"), ("ngram", "auto"), ("model", "auto")])
def test_a_pass_of_many_replies_is_no_cost_of_one(
    models: Models, draft: str, k: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = models.session(draft)
    filed, crowd, seen = Filed(session, monkeypatch), Crowd(session), set[str]()
    each = staggered(crowd, requests(k=k)[:5], every=4)
    while crowd.scheduler.busy:
        each()
        seen |= checked(crowd, filed)
    assert seen == {"costs", "crowd_costs", "mixed"}


def test_plain_decoding_is_told_as_it_would_be_in_that_company(models: Models) -> None:
    session = models.session("none")
    crowd = Crowd(session).add(*requests()[:3])
    sizes = set()
    while crowd.scheduler.busy:
        rounds = [event for event in crowd.step() if isinstance(event, RoundDone)]
        whole = {event.request_id for event in rounds} >= set(crowd.live)
        if not rounds or not whole:
            continue  # a prompt was read beside them
        sizes.add(len(rounds))
        for event in rounds:
            if len(rounds) > 1:
                context = sum(done.context_tokens - len(done.emitted) for done in rounds)
                seconds = session.crowd_costs.expect(len(rounds), context)
            else:
                seconds = session.costs.expect(1, event.context_tokens)
            assert seconds
            assert event.plain_tokens_per_second == pytest.approx(1 / seconds)
    assert sizes >= {1, 3}


def test_only_a_reply_by_itself_tells_how_fast_its_model_is(models: Models) -> None:
    by_itself = alone(models.session("none"), requests()[0])
    assert by_itself.plain_alone == by_itself.metrics.plain_tokens_per_second is not None
    session = models.session("none")
    session.costs.add(1, 0, 0.5)  # as after loading
    for result in Crowd(session).add(*requests()[:2]).run().values():
        assert isinstance(result, Finished)
        assert result.metrics.plain_tokens_per_second
        assert result.plain_alone is None


@pytest.mark.parametrize("k", ["", "fixed:3"])
def test_company_that_never_decoded_plainly_is_told_by_as_many_rows_of_one_reply(models: Models, k: str) -> None:
    """Passes with drafts or with a prompt beside are no plain ones."""
    session = models.session("none")
    session.draft = NeverRight() if k else None
    session.costs.add(1, 0, 0.5)
    session.costs.relate({2: 1.1, 3: 1.2})
    crowd, sizes = Crowd(session).add(*requests(k=k or "auto")[:3]), list[int]()
    while crowd.scheduler.busy:
        rounds = [event for event in crowd.step() if isinstance(event, RoundDone)]
        context = sum(done.context_tokens - len(done.emitted) for done in rounds)
        if len(rounds) < 2 or session.crowd_costs.samples(len(rounds), context):
            continue
        sizes.append(len(rounds))
        seconds = session.costs.expect(len(rounds), context)
        assert seconds
        assert [event.plain_tokens_per_second for event in rounds] == [pytest.approx(1 / seconds)] * len(rounds)
    assert sizes
    assert (max(sizes) == 3) == bool(k), "where nobody drafts, only a prompt beside keeps a pass from being measured"


@pytest.mark.parametrize("failing", [("r1",), ("r0", "r1"), ("r0", "r1", "r2")])
def test_a_pass_shared_with_a_reply_that_failed_is_no_cost_of_the_others(
    models: Models, failing: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows ran, too: to those that are left the pass was dearer than theirs are."""
    judge = Reply.judge

    def judged(self: Reply, plan: Round, logits: torch.Tensor) -> tuple[Verdict, torch.Tensor]:
        if self.sequence_id in failing and len(self.tokens) - self.prompt_length == 5:
            raise NumericsError
        return judge(self, plan, logits)

    monkeypatch.setattr(Reply, "judge", judged)
    session = models.session("none")
    filed = Filed(session, monkeypatch)
    crowd = Crowd(session).add(*(ask(text, request_id=f"r{i}", max_tokens=12) for i, text in enumerate(TEXTS[:3])))
    while crowd.scheduler.busy:
        checked(crowd, filed)
    assert {name for name, result in crowd.results.items() if isinstance(result, Failed)} == set(failing)


# --------------------------------------------------------------------------- memory


class NeverRight(NgramDraft):
    """Proposes what these replies never say."""

    def fresh(self, repeatable: bool = False) -> NeverRight:
        return self

    def offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        return (DraftOption("wrong"),)

    def propose(self, request: DraftRequest) -> Proposal:
        return Proposal((UNSAID,) * request.k)

    def settle(self, tokens: Sequence[int]) -> None:
        pass


def written_in(models: Models, blocks: int, size: int, k: str = "") -> tuple[Crowd, int]:
    """Five replies in such a pool, three of which end early, and the most blocks that they held.

    With ``k`` there are drafts beside them that are never right: drafted or not, each has one token more after a step.
    """
    session = models.session("none", blocks, size=size)
    session.draft = NeverRight() if k else None
    held, reserve, pool = [0], session.runner.reserve, session.runner.pool

    def reserved(name: str, length: int) -> None:
        reserve(name, length)
        held.append(pool.used_blocks)

    session.runner.reserve = reserved  # type: ignore[method-assign]
    asked = [ask(TEXTS[i], request_id=f"r{i}", max_tokens=most) for i, most in enumerate((24, 60, 24, 60, 24))]
    crowd = Crowd(session).add(*(replace(request, k=k or "auto") for request in asked))
    crowd.run()
    return crowd, max(held)


@pytest.mark.parametrize("size", [4, 16])
def test_no_draft_drives_another_reply_out(models: Models, size: int) -> None:
    """In a pool that just holds what they write, only drafts could make one of them give its blocks up."""
    plain, enough = written_in(models, 1024 // size, size)
    assert written_in(models, enough - 1, size)[0].preempted
    for k in ("", "fixed:3", "fixed:8"):
        crowd, held = written_in(models, enough, size, k)
        assert not crowd.preempted
        assert texts(crowd) == texts(plain)
        rounds = [event for event in crowd.events if isinstance(event, RoundDone)]
        assert not any(done.accepted for done in rounds)
        assert held == enough
        assert any(done.k for done in rounds) == bool(k), "where there is room they draft"


def texts(crowd: Crowd) -> dict[str, tuple[int, ...]]:
    """The tokens of each reply."""
    return {name: result.token_ids for name, result in crowd.results.items() if isinstance(result, Finished)}
