"""What one step of the scheduler works on: rounds of replies that decode, and chunks of prompts being read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helix_app.engine.models.runner import Rows
from helix_app.engine.rounds.queue import Entry
from helix_app.engine.rounds.replies.reply import Round
from helix_app.engine.rounds.session import Session


@dataclass(frozen=True)
class DecodeRound:
    """A reply that decodes, with its proposal."""

    entry: Entry
    round: Round

    @property
    def rows(self) -> Rows:
        """Its last token and the proposal; logits are wanted of all of them."""
        reply, proposal = self.entry.reply, self.round.proposal
        return Rows(reply.name, (reply.tokens[-1], *proposal.ids), proposal.count + 1, reply.exact, self.round.tail)


@dataclass(frozen=True)
class PromptChunk:
    """The next tokens of a prompt; logits are wanted of the last."""

    entry: Entry
    ids: Sequence[int]

    @property
    def rows(self) -> Rows:
        """The tokens."""
        return Rows(self.entry.reply.name, self.ids, 1, self.entry.reply.exact)


@dataclass(frozen=True)
class Step:
    """One pass of the target.

    Attributes:
        rounds, chunks: in the order of the pass, the rounds first.
        begin, drafted: when the step began and when all proposals were made, on ``time.perf_counter``.
    """

    rounds: Sequence[DecodeRound]
    chunks: Sequence[PromptChunk]
    begin: float
    drafted: float

    @property
    def batch(self) -> list[Rows]:
        """The rows of the pass."""
        return [*(work.rows for work in self.rounds), *(chunk.rows for chunk in self.chunks)]

    @property
    def proposes(self) -> bool:
        """Whether anything was drafted."""
        return any(work.round.proposal.ids for work in self.rounds)


@dataclass(frozen=True)
class Shares:
    """What a round cost the replies of a crowd, in seconds.

    Attributes:
        plain: a token of each without drafting.
        costs: this round, by reply.
    """

    plain: float
    costs: Sequence[float]


def context_of(entries: Sequence[Entry]) -> int:
    """Tokens of all their sequences."""
    return sum(len(entry.reply.tokens) for entry in entries)


def crowd_shares(session: Session, rounds: Sequence[DecodeRound], seconds: float, whole: bool) -> Shares:
    """Divide a pass of ``seconds`` among its replies; each is charged what its own draft added.

    Mutates: the session's costs, where the pass was ``whole``: it had no rows but those of these replies.
    """
    drafts = [len(work.round.proposal.ids) for work in rounds]
    rows, context = sum(drafts) + len(rounds), context_of([work.entry for work in rounds])
    table = session.crowd_costs if len(rounds) > 1 else session.costs
    if whole:
        table.add(rows, context, seconds)
    count = max(1, len(rounds))
    total = table.expect(rows, context) or seconds
    plain = (table.expect(count, context) or seconds) / count
    costs = []
    for k, work in zip(drafts, rounds):
        own = max(0.0, total - (table.expect(rows - k, context) or total)) if k else 0.0
        costs.append(plain + own + work.round.draft_seconds)
    return Shares(plain, costs)
