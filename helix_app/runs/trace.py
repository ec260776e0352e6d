"""A run as an inspector needs it: tokens, rounds, and which slot of the cache each token fills. No Qt."""

from __future__ import annotations

from collections.abc import Iterable

from helix_app.protocol.events import (
    CacheSnapshot,
    EmittedToken,
    Failed,
    Finished,
    PoolName,
    PrefillDone,
    ProposedToken,
    RoundDone,
)
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest
from helix_app.runs.pool_history import PoolHistory
from helix_app.runs.run import RunItem

PROMPT = -1  # "round" of the token that the prompt's own pass gave


class Trace:
    """Takes the items of a run in, one by one, while it is written, replayed or read.

    Attributes:
        request, ready, end: what was asked, what it ran on, and how it ended (None while unknown).
        prompt_tokens, cached_tokens, prefill_seconds, left_out: as ``PrefillDone`` told them.
        tokens: of the reply.
        round_of: number of the round that gave each token, PROMPT for the prompt's pass.
        rounds: as they came. A round is known by its number in this list.
        starts: first token of each round.
        times: seconds since the request at the end of each round.
        rejected: draft tokens rejected until the end of each round.
        pools: the cache over time.
        version: grows with every item.
    """

    def __init__(self, items: Iterable[RunItem] = ()) -> None:
        self.request: GenerateRequest | None = None
        self.ready: ModelReady | None = None
        self.end: Finished | Failed | None = None
        self.prompt_tokens = self.cached_tokens = self.left_out = 0
        self.prefill_seconds: float | None = None
        self.tokens: list[EmittedToken] = []
        self.round_of: list[int] = []
        self.rounds: list[RoundDone] = []
        self.starts: list[int] = []
        self.times: list[float] = []
        self.rejected: list[int] = []
        self.pools: dict[PoolName, PoolHistory] = {}
        self.version = 0
        self._slots: list[int] = []
        for item in items:
            self.add(item)

    def add(self, item: RunItem) -> None:
        """Take one item in."""
        event = item.event
        self.version += 1
        if isinstance(event, RoundDone):
            number = len(self.rounds)
            self.rounds.append(event)
            self.starts.append(len(self.tokens))
            self.times.append(event.elapsed_seconds)
            before = self.rejected[-1] if self.rejected else 0
            self.rejected.append(before + event.k - event.accepted)
            self._emit(event.emitted, number, event.context_tokens - len(event.emitted))
        elif isinstance(event, CacheSnapshot):
            self.pools.setdefault(event.pool, PoolHistory()).add(event, len(self.rounds))
        elif isinstance(event, PrefillDone):
            self.prompt_tokens, self.cached_tokens = event.prompt_tokens, event.cached_tokens
            self.prefill_seconds, self.left_out = event.seconds, event.left_out
            self._emit(event.emitted, PROMPT, event.prompt_tokens)
        elif isinstance(event, GenerateRequest):
            self.request = event
        elif isinstance(event, ModelReady):
            self.ready = event
        elif isinstance(event, (Finished, Failed)):
            self.end = event

    def _emit(self, emitted: tuple[EmittedToken, ...], number: int, slot: int) -> None:
        self.tokens += emitted
        self.round_of += [number] * len(emitted)
        self._slots += range(slot, slot + len(emitted))

    @property
    def name(self) -> str:
        """Of the run's sequence in the pools."""
        return self.request.request_id if self.request is not None else ""

    @property
    def question(self) -> str:
        """What was asked, on one line."""
        if self.request is None:
            return ""
        messages = self.request.messages
        asked = [message for message in messages if message.role == "user"] or list(messages)
        text = asked[-1].content if asked else self.request.prompt
        return " ".join(text.split())

    def tokens_of(self, number: int) -> range:
        """The tokens that a round gave."""
        if number == PROMPT:
            return range(self.starts[0] if self.starts else len(self.tokens))
        if not 0 <= number < len(self.rounds):
            return range(0)
        start = self.starts[number]
        return range(start, start + len(self.rounds[number].emitted))

    def rejected_of(self, number: int) -> tuple[ProposedToken, ...]:
        """The draft tokens of a round that were thrown away: the first was refused, the others came after it."""
        if not 0 <= number < len(self.rounds):
            return ()
        return self.rounds[number].proposed[self.rounds[number].accepted :]

    def proposal_of(self, token: int) -> ProposedToken | None:
        """What the draft said at a token's position: the token itself when it was accepted, what it replaces when
        it is a correction; None for the rest."""
        number = self.round_of[token]
        if number == PROMPT:
            return None
        position = token - self.starts[number]
        proposed = self.rounds[number].proposed
        return proposed[position] if position < len(proposed) else None

    def slot_of(self, token: int) -> int:
        """Its place in the sequence, prompt included; the same in the cache."""
        return self._slots[token]

    def token_at(self, slot: int) -> int | None:
        """The token of the reply that fills a slot; None for slots of the prompt and beyond the end."""
        if not self._slots:
            return None
        token = slot - self._slots[0]
        if 0 <= token < len(self._slots) and self._slots[token] == slot:
            return token
        return None

    def block_of(self, token: int, pool: PoolName = "target") -> int | None:
        """The block that holds a token's keys and values, if the events tell; the last token has none yet."""
        history = self.pools.get(pool)
        if history is None:
            return None
        frame = history.at(max(0, self.round_of[token] + 1)).frame
        return history.table_for(self.name, self.slot_of(token), frame)

    def blocks_of_round(self, number: int, pool: PoolName = "target") -> list[int]:
        """The blocks that a round wrote into: those of its tokens, in order."""
        blocks = [self.block_of(token, pool) for token in self.tokens_of(number)]
        return list(dict.fromkeys(block for block in blocks if block is not None))
