"""What one step of the scheduler works on: rounds of replies that decode, and chunks of prompts being read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from helix_app.engine.control.costs import CostTable
from helix_app.engine.models.runner import Rows
from helix_app.engine.rounds.replies.judgement import Timing
from helix_app.engine.rounds.replies.reply import Reply, Round
from helix_app.engine.rounds.session import Session


@dataclass(frozen=True)
class PromptChunk:
    """The next tokens of a prompt; logits are wanted of the last."""

    reply: Reply
    ids: Sequence[int]

    @property
    def rows(self) -> Rows:
        """The tokens."""
        return Rows(self.reply.sequence_id, self.ids, 1, self.reply.exact)


@dataclass(frozen=True)
class Step:
    """One pass of the target.

    Attributes:
        rounds, chunks: in the order of the pass, the rounds first.
        begin, drafted: when the step began and when all proposals were made, on ``time.perf_counter``.
    """

    rounds: Sequence[Round]
    chunks: Sequence[PromptChunk]
    begin: float
    drafted: float

    @property
    def batch(self) -> list[Rows]:
        """The rows of the pass."""
        return [*(one.rows for one in self.rounds), *(chunk.rows for chunk in self.chunks)]

    @property
    def proposes(self) -> bool:
        """Whether anything was drafted."""
        return any(one.proposal.ids for one in self.rounds)


def context_of(replies: Sequence[Reply]) -> int:
    """Tokens of all their sequences."""
    return sum(len(reply.tokens) for reply in replies)


def timings(session: Session, step: Step, judged: Sequence[Round], seconds: float) -> list[Timing]:
    """Times of each judged round of a step whose pass took ``seconds``: all of it for a reply that was alone, else its
    part, where each is charged what its own draft added.

    Mutates: the session's costs, where several replies were alone in the pass.
    """
    if not judged:
        return []
    whole = not step.chunks and len(judged) == len(step.rounds)  # the pass had no rows but those judged
    if whole and len(judged) == 1:
        return [Timing(seconds, step.begin)]
    count, drafts = len(judged), [len(one.proposal.ids) for one in judged]
    rows, context = sum(drafts) + count, context_of([one.reply for one in judged])
    table = session.crowd_costs if count > 1 else session.costs
    if whole:
        table.add(rows, context, seconds)
    total = table.expect(rows, context) or seconds
    plain = (table.expect(count, context) or seconds) / count
    told = _plain_seconds(session, table, count, context)
    made = []
    for k, one in zip(drafts, judged):
        own = max(0.0, total - (table.expect(rows - k, context) or total)) if k else 0.0
        made.append(Timing(seconds, step.begin, plain, plain + own + one.draft_seconds, told))
    return made


def _plain_seconds(session: Session, table: CostTable, count: int, context: int) -> float | None:
    """What a pass without any draft takes to so many replies: as measured, or as it is for as many rows of one reply.

    A crowd that always drafts never has such a pass, and what its table expects of one is a pass with drafts.
    """
    known = table if table.samples(count, context) else session.costs
    return known.expect(count, context)
