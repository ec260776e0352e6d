"""The cost-aware policy: draft what the measurements say gives most tokens per second, or nothing.

Before each round, for every source on offer and every k: expected tokens (acceptance by position) over expected
seconds (draft and target, as measured). The best of them runs, k = 0 among them. Three restraints:
the ledger (a round may at worst lose what is still allowed), the 30 % guard (rarely accepted drafts shrink whatever
the arithmetic hopes), and probes that come ever more rarely while a source is not worth it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from helix_app.engine.control.acceptance import Acceptance
from helix_app.engine.control.costs import CostTable
from helix_app.engine.control.ledger import Ledger
from helix_app.engine.control.policy import BatchLoad, DraftOption, KChoice, RoundResult
from helix_app.runs.additive import K_MAX

_MARGIN = 1.02  # a draft must promise this much more than plain decoding
_GUARD, _GUARD_RECOVER = 0.30, 0.40
_GUARD_K = 3  # what a source may draft again after a successful probe
_PAUSE_FIRST, _PAUSE_MAX = 8, 256  # rounds between probes of a source
_PROBE_SHARE = 0.01  # of the time that failing probes may cost; cheap ones come more often than costly ones
_PROBE_K = 2
_MIN_DRAFT_SECONDS = 1e-6
_SURE = 8  # plain rounds after which the plain cost is well known
_REFRESH, _REFRESH_SURE = 16, 64  # drafted rounds after which one plain round measures it again
_STALL = 1.25  # times what was expected: what takes longer was held up by something else on this computer
_PRIOR = 0.9  # acceptance that a probe takes for granted: if even that does not pay, it is not made


@dataclass
class Source:
    """What is known of one source of drafts, from reply to reply."""

    acceptance: Acceptance
    cost: CostTable = field(default_factory=CostTable)  # draft seconds by tokens proposed
    cap: int = K_MAX  # by the guard
    waited: int = 0  # rounds on offer since it last drafted
    pause: int = _PAUSE_FIRST


class _Pass:
    """What a pass of the target costs with so many rows of this sequence, and what others get out of it."""

    def __init__(self, table: CostTable, context: int, batch: BatchLoad | None) -> None:
        self._table, self._context, self._crowd = table, context, batch
        self.tokens = batch.tokens if batch is not None else 0.0

    def seconds(self, rows: int) -> float | None:
        if self._crowd is None:
            return self._table.expect(rows, self._context)
        return self._crowd.seconds(rows + self._crowd.rows)

    def surprise(self, rows: int) -> float:
        """Seconds by which so many rows may exceed what is expected where they were never measured.

        Two rows cost at most twice one: that much is risked to learn what more rows cost.
        """
        if self._crowd is not None or rows <= 2:
            return 0.0
        expected, worst = self._table.expect(rows, self._context), self._table.at_most(rows, self._context)
        return max(0.0, worst - expected) if expected is not None and worst is not None else 0.0


class ThroughputK:
    """Maximises expected tokens per second within the ledger.

    What it learnt of acceptance outlives a reply; the ledger begins anew with each.

    Attributes:
        table: the target's cost by rows, kept current by whoever runs the rounds.
        ledger: of the current reply.
    """

    def __init__(self, table: CostTable | None = None, sources: dict[str, Source] | None = None) -> None:
        """``sources`` is what earlier replies learnt; replies that are written at once share it."""
        self.table = table if table is not None else CostTable()
        self.ledger = Ledger()
        self._sources: dict[str, Source] = sources if sources is not None else {}
        self._probing = ""
        self._since_plain = 0
        self._offer: DraftOption | None = None  # behind the latest choice
        self._known_draft: float | None = None  # its seconds, where such a draft was measured
        self._known_pass: float | None = None  # and those of its pass, likewise

    def begin(self) -> None:
        """A new reply starts."""
        self.ledger = Ledger()
        self._probing = ""

    def could_pay(self, context: int, batch: BatchLoad | None = None) -> bool:
        """Whether some k would, were its draft free and always right: not where each row costs nearly a pass."""
        pass_of = _Pass(self.table, context, batch)
        plain = pass_of.seconds(1)
        if plain is None:
            return True
        least = _MARGIN * (1 + pass_of.tokens) / plain  # tokens per second
        passes = ((rows, pass_of.seconds(rows)) for rows in range(2, K_MAX + 2))
        return any(seconds is None or rows + pass_of.tokens > least * seconds for rows, seconds in passes)

    def choose(self, offers: tuple[DraftOption, ...], context: int, batch: BatchLoad | None = None) -> KChoice:
        """k and source of the next round; in a batch, what gives most tokens per second of all replies together."""
        self._probing = ""
        self._offer = self._known_draft = self._known_pass = None
        pass_of = _Pass(self.table, context, batch)
        plain = pass_of.seconds(1)
        if plain is None or (batch is None and self.table.samples(1, context) < 1):
            return KChoice(0, "measure_plain")
        if not offers:
            return KChoice(0, "no_match")
        sure = self.table.samples(1, context) >= _SURE
        if batch is None and self._since_plain >= (_REFRESH_SURE if sure else _REFRESH):
            return KChoice(0, "measure_plain")
        share = plain / (1 + pass_of.tokens)  # what a plain token costs
        allowed = self.ledger.allowance(share)
        best, best_rate = KChoice(0, "costs_more"), _MARGIN / share
        capped = held = False
        for offer in offers:
            source = self._source(offer.source)
            for k in range(1, min(K_MAX, offer.most) + 1):
                seconds = self._seconds(offer, source, k, context, pass_of)
                rate = (source.acceptance.expected_tokens(k) + pass_of.tokens) / seconds
                if rate <= best_rate:
                    continue
                if k > source.cap:
                    capped = True
                elif seconds + pass_of.surprise(k + 1) - plain > allowed:  # at worst only one token is emitted
                    held = True
                else:
                    best, best_rate = KChoice(k, "best_rate", offer.source), rate
                    self._offer = offer
        if best.k and self._offer is not None:
            self._expect(self._offer, best.k, context, pass_of)
            return best
        reason = "overdrawn" if held else "below_30" if capped else "costs_more"
        return self._probe(offers, context, pass_of, plain, allowed) or KChoice(0, reason)

    def learn(self, outcome: RoundResult) -> None:
        """A round is over."""
        plain = self.table.expect(1, outcome.context) if outcome.plain_seconds is None else outcome.plain_seconds
        if plain is None:
            return
        for name in outcome.offered:
            source = self._source(name)
            source.waited = 0 if name == outcome.source and outcome.drafted else source.waited + 1
        if not outcome.drafted:
            self._since_plain = 0
            self.ledger.plain(outcome.seconds)
            return
        self._since_plain += 1
        # a stall would have held up a plain round as well: it is no loss by drafting, and must not end it
        charged = _without_stall(outcome.draft_seconds, self._known_draft)
        charged += _without_stall(outcome.seconds - outcome.draft_seconds, self._known_pass)
        self.ledger.drafted(charged, outcome.accepted + 1, plain)
        source = self._source(outcome.source)
        catch_up = self._offer.catch_up_seconds if self._offer is not None else 0.0
        own = outcome.drafted if outcome.own is None else outcome.own
        if self._offer is not None and source.cost.expect(own, outcome.context) is None:
            # the first guess counts as one measurement: a first draft that something held up is not all that is known
            source.cost.add(own, outcome.context, self._offer.seconds_per_token * own)
        source.cost.add(own, outcome.context, max(outcome.draft_seconds - catch_up, _MIN_DRAFT_SECONDS))
        if self._probing == outcome.source and outcome.accepted * 2 >= outcome.drafted:
            source.acceptance.restart()
        source.acceptance.learn(own, min(outcome.accepted, own))
        if outcome.then and outcome.accepted >= own:
            self._source(outcome.then).acceptance.learn(outcome.drafted - own, outcome.accepted - own)
        if self._probing == outcome.source:
            self._end_probe(source, outcome, plain)
        self._guard(source, outcome.drafted)

    # ----------------------------------------------------------------- details

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            self._sources[name] = Source(Acceptance(name, K_MAX))
        return self._sources[name]

    def _expect(self, offer: DraftOption, k: int, context: int, pass_of: _Pass) -> None:
        """Remember what draft and pass of the chosen round take, where that is known and no guess."""
        drafted = self._source(offer.source).cost.expect(k, context)
        self._known_draft = None if drafted is None else drafted + offer.catch_up_seconds
        self._known_pass = None if pass_of.surprise(k + 1) else pass_of.seconds(k + 1)

    def _seconds(self, offer: DraftOption, source: Source, k: int, context: int, pass_of: _Pass) -> float:
        """Expected seconds of a round that drafts k."""
        verify = pass_of.seconds(k + 1)
        assert verify is not None
        measured = source.cost.expect(k, context)
        return verify + (offer.seconds_per_token * k if measured is None else measured) + offer.catch_up_seconds

    def _probe(
        self, offers: tuple[DraftOption, ...], context: int, pass_of: _Pass, plain: float, allowed: float
    ) -> KChoice | None:
        """A short draft of a source that has not drafted for long, if it could pay and the ledger can bear it."""
        for offer in offers:
            source = self._source(offer.source)
            k = min(_PROBE_K, offer.most)
            if k < 1 or source.waited < source.pause:
                continue
            seconds = self._seconds(offer, source, k, context, pass_of)
            expected_tokens = sum(_PRIOR**i for i in range(k + 1)) + pass_of.tokens
            if seconds - plain <= allowed and expected_tokens / seconds > _MARGIN * (1 + pass_of.tokens) / plain:
                self._probing, self._offer = offer.source, offer
                self._expect(offer, k, context, pass_of)
                return KChoice(k, "probe", offer.source)
        return None

    def _end_probe(self, source: Source, outcome: RoundResult, plain: float) -> None:
        if outcome.accepted * 2 >= outcome.drafted:
            source.pause = _PAUSE_FIRST
            source.cap = max(source.cap, _GUARD_K)
        else:
            rarest = max(0.0, outcome.seconds - plain) / (_PROBE_SHARE * plain)
            source.pause = int(min(source.pause * 2, max(2 * _PAUSE_FIRST, rarest), _PAUSE_MAX))

    def _guard(self, source: Source, drafted: int) -> None:
        rolling = source.acceptance.rolling
        if rolling is None:
            return
        if rolling < _GUARD:
            source.cap = max(0, min(source.cap, drafted) - 1)
        elif rolling >= _GUARD_RECOVER:
            source.cap = min(K_MAX, source.cap + 1)


def _without_stall(seconds: float, expected: float | None) -> float:
    return seconds if expected is None else min(seconds, _STALL * expected)
