"""One reply being written: its tokens, its judgement of proposals, its text and its figures.

It never runs a model. The scheduler gives it logits; it answers with events.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch

from helix_app.engine.control.policy import BatchLoad, DraftOption, KChoice, RoundResult, parse_k
from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import Rows
from helix_app.engine.rounds.grammars import grammar_mask
from helix_app.engine.rounds.metrics import RunRecorder
from helix_app.engine.rounds.replies.judgement import Judgement, Timing, judge
from helix_app.engine.rounds.replies.text import ReplyText
from helix_app.engine.rounds.replies.tokens import emitted_token, proposed_tokens
from helix_app.engine.rounds.session import Session, check_request, prompt_of
from helix_app.engine.sampling.penalties import check_bias
from helix_app.engine.text.chat_prompt import begun_reply
from helix_app.protocol.events import (
    FORCED,
    EmittedToken,
    Event,
    Finished,
    FinishReason,
    PrefillDone,
    PrefillProgress,
    ProposedToken,
    Provenance,
    RoundDone,
    TextDelta,
)
from helix_app.protocol.requests import GenerateRequest, is_coupled
from helix_app.runs.additive import K_MAX


@dataclass
class Round:
    """What one reply takes to the next pass of the target.

    Attributes:
        draft_seconds: spent on its proposal.
    """

    reply: Reply
    offers: tuple[DraftOption, ...]
    choice: KChoice
    proposal: Proposal
    draft_seconds: float = 0.0

    @property
    def reason(self) -> str:
        """Why it has this k, as ``KChoice.reason``; "no_match" where nothing was found to draft."""
        return "no_match" if self.choice.k and not self.proposal.ids else self.choice.reason

    @property
    def rows(self) -> Rows:
        """Its last token and the proposal; logits are wanted of all of them."""
        reply, proposal = self.reply, self.proposal
        tail = None if proposal.pending is None else proposal.pending.ids  # that only the device knows
        ids = (reply.tokens[-1], *proposal.ids)
        return Rows(reply.sequence_id, ids, proposal.count + 1, reply.exact, tail)


class Reply:
    """State of one reply.

    Attributes:
        request, cancel: as given.
        sequence_id: whose blocks it has in the pools.
        order: sorts first who goes first.
        at: tokens that the cache holds while its prompt is read; None while it waits.
        decoding: its prompt is read.
        tokens: prompt and reply; all but the last have their keys and values in the target's cache while decoding.
        prompt_length: how many of them are the prompt, with what of a continued reply was there before.
        reason: why it ended, None while it goes on.
        draft: of its own, None when it decodes plainly.
        seed: of its random numbers.
        exact: its tokens are a function of the request, so numerics must not depend on the number of rows.
        limit: tokens at its end at the latest; the last one needs no slot of its own.
        cached: prompt tokens that the cache held already.
        grammar: what it must look like, as far as it is; None for a free one.
    """

    def __init__(
        self, session: Session, request: GenerateRequest, cancel: threading.Event, order: tuple[int, int] = (0, 0)
    ) -> None:
        """Raises InputError for a prompt or options that make no sense."""
        check_request(request)
        check_bias(request.sampling, session.runner.decoder.config.vocab_size)
        self.request, self.cancel, written = request, cancel, request.written
        self.sequence_id, self.order = request.request_id, order
        self.at: int | None = None
        self.decoding = False
        self._tokenizer = session.tokenizer
        self._recorder = RunRecorder()
        prompt = prompt_of(session, request)
        self.tokens, self._prompt_facts = prompt.ids, (prompt.left_out, prompt.opens)
        self.prompt_length = len(self.tokens)
        params = request.sampling
        self.seed = params.seed if params.seed is not None else random.SystemRandom().randrange(2**31)
        # what was written by an engine that died used up numbers of its own
        self._random = random.Random(f"{self.seed} {len(written.token_ids)}" if written is not None else self.seed)
        self.coupled = is_coupled(request) and params.temperature > 0
        self.exact = params.temperature == 0 or is_coupled(request)
        self.grammar = grammar_mask(session, request)
        # a first space then belongs to the text
        begun = request.raw or begun_reply(request.messages)[1] or self.grammar
        self._text = ReplyText(session.tokenizer, self.tokens if begun else (), request.stop)
        self.reason: FinishReason | None = None
        self.cached = 0
        self._prefill_begin: float | None = None
        self.move(session)
        if written is not None:
            self._recorder.resume(written)
            for token in written.token_ids:
                if self.reason in (None, "context_full"):  # a smaller context takes back nothing
                    self._append(token)

    def move(self, session: Session) -> None:
        """Go on with another session of the same model, or with the same one after its draft or its cache changed."""
        request, params = self.request, self.request.sampling
        self._session = session
        self.limit = min(self.prompt_length + request.max_tokens, session.runner.max_tokens)
        if self.reason is None and len(self.tokens) >= self.limit:  # where there is room for less
            self.reason = "context_full"
        self._policy = session.policy(request)
        self.draft: Draft | None = None
        if request.mode == "speculative" and session.draft is not None:
            # with rejection sampling the tokens depend on the proposals, so a seeded reply takes none that were learnt
            repeatable = params.seed is not None and not is_coupled(request)
            self.draft = session.draft.fresh(repeatable or request.cold)
            if request.cold:
                self.draft.set_apart()
        self._policy.begin()

    # ----------------------------------------------------------------- prompt

    @property
    def goal(self) -> int:
        """Tokens the cache must hold before this reply decodes: the prompt, or after a preemption all but the last."""
        return self.prompt_length if self._recorder.tokens == 0 else len(self.tokens) - 1

    def opened(self, cached: int) -> None:
        """Its sequence begins, or begins again, with so many tokens in the cache."""
        self.at = cached
        if self._prefill_begin is None:
            self._prefill_begin, self.cached = time.perf_counter(), cached
        if self.draft is not None:
            self.draft.begin(self.sequence_id)

    def closed(self) -> None:
        """Its sequence is over, or was given up until it begins again."""
        self.at, self.decoding = None, False
        if self.draft is not None:
            self.draft.end()

    def preempted(self) -> None:
        """Its blocks were given to others; it runs again later."""
        self._recorder.preemptions += 1

    def reading(self) -> PrefillProgress:
        """How far its prompt is."""
        return PrefillProgress(self.sequence_id, min(self.at or 0, self.prompt_length), self.prompt_length, self.cached)

    def prefilled(self, logits: torch.Tensor) -> Iterator[Event]:
        """The prompt ran; ``logits`` ``[1, vocab]`` of its last token give the first of the reply.

        Raises:
            NumericsError: the logits are not numbers.
        """
        if self._recorder.tokens:  # after a preemption or another engine: these were drawn before
            yield from self.show()
            return
        judgement = self._judge(logits, Proposal())
        emitted = self._emit((judgement.verdict.next_token,), judgement)
        self._recorder.prefilled(self.prompt_length, self.cached, len(emitted))
        assert self._prefill_begin is not None
        seconds = time.perf_counter() - self._prefill_begin
        yield PrefillDone(self.sequence_id, self.prompt_length, self.cached, seconds, emitted, *self._prompt_facts)
        yield from self.show()

    # ----------------------------------------------------------------- rounds

    def choose(self, batch: BatchLoad | None = None) -> Round:
        """Decide how much to draft in the next round."""
        forced = self._forced()
        if forced:
            return Round(self, (), KChoice(forced, "forced", FORCED), Proposal())
        if self.draft is not None and not self._policy.could_pay(len(self.tokens), batch):
            # without the time that a look for drafts takes
            return Round(self, (), KChoice(0, "costs_more"), Proposal())
        offers = self.draft.offers(self.tokens) if self.draft is not None else ()
        return Round(self, offers, self._choice(offers, batch), Proposal())

    def ask(self, round_: Round) -> Ask | None:
        """What a round asks of a draft model; None where it asks none."""
        if self.draft is None or round_.choice.k <= 0 or round_.choice.source == FORCED:
            return None
        return self.draft.ask(self._wanted(round_.choice))

    def propose(self, round_: Round) -> None:
        """Draft what was chosen, from the grammar or this reply's own draft."""
        if self.grammar is not None and round_.choice.source == FORCED:
            round_.proposal = Proposal(self.grammar.forced(round_.choice.k))
        elif round_.choice.k > 0 and self.draft is not None:
            round_.proposal = self.draft.propose(self._wanted(round_.choice))
            # certain ones may end before what is not allowed
            if self.grammar is not None and round_.proposal.probs is None:
                round_.proposal = Proposal(round_.proposal.ids[: self.grammar.allowed(round_.proposal.ids)])

    def _forced(self) -> int:
        """How many tokens the grammar forces here, as far as k and the limit let them be drafted."""
        if self.grammar is None or not self._session.forces or self.request.mode == "autoregressive":
            return 0
        fixed = parse_k(self.request.k)
        most = min(K_MAX if fixed is None else fixed, self.room)
        return len(self.grammar.forced(most)) if most > 0 else 0

    def _wanted(self, choice: KChoice) -> DraftRequest:
        more = 0 if choice.reason == "fixed" else max(choice.k, min(K_MAX, self.room))
        asked, draw, seed, begin = self.request, self._random.random, self.draft_seed, self.prompt_length
        return DraftRequest(
            self.tokens, choice.k, asked.sampling, draw, choice.source, seed, more, begin, self.grammar, asked
        )

    @property
    def room(self) -> int:
        """Tokens that a draft may still propose; one more always comes from the target itself."""
        return self.limit - len(self.tokens) - 1

    @property
    def draft_seed(self) -> int | None:
        """The seed whose noise drafts share with the target; None for rejection sampling."""
        return self.seed if self.coupled else None

    def judge(self, round_: Round, logits: torch.Tensor) -> Judgement:
        """The verdict on a proposal, from the target's logits ``[k + 1, vocab]``.

        Raises:
            NumericsError: the logits are not numbers.
        """
        return self._judge(logits, round_.proposal)

    def settle(self, round_: Round, judgement: Judgement, timing: Timing) -> Iterator[Event]:
        """Take a verdict over: tokens, figures, what the policy learns."""
        verdict, proposal, before = judgement.verdict, round_.proposal, len(self.tokens)
        emitted = self._emit((*proposal.ids[: verdict.accepted], verdict.next_token), judgement)
        if self.draft is not None:
            self.draft.settle(self.tokens)
        k = len(proposal.ids)
        # a reply that ends inside its draft: what lies past the end was never asked
        scored = min(k, len(emitted)) if self.reason is not None else k
        accepted = min(verdict.accepted, len(emitted))
        seconds = time.perf_counter() - timing.begin
        self._recorder.round(scored, accepted, len(emitted), seconds)
        self._recorder.shared(len(emitted), timing.plain)
        if timing.cost is None:
            self._session.costs.add(k + 1, before, seconds - round_.draft_seconds)
        self._session.too_costly = 0 if k else self._session.too_costly + (round_.reason == "costs_more")
        if round_.choice.source != FORCED:  # what is certain says nothing of drafts
            cost = seconds if timing.cost is None else timing.cost
            self._policy.learn(_result(round_, scored, accepted, cost, before, timing.share))
        proposed = proposed_tokens(self._tokenizer, proposal, judgement, scored)
        yield self._round_done(round_, proposed, accepted, emitted, timing, seconds)
        yield from self.show()

    def _choice(self, offers: tuple[DraftOption, ...], batch: BatchLoad | None) -> KChoice:
        if self.request.mode == "autoregressive":
            return KChoice(0, "autoregressive")
        if self.draft is None:
            return KChoice(0, "no_draft")
        choice = self._policy.choose(offers, len(self.tokens), batch)
        return choice if choice.k <= self.room else KChoice(max(0, self.room), "limit", choice.source)

    def _judge(self, logits: torch.Tensor, proposal: Proposal) -> Judgement:
        params, begin = self.request.sampling, self.prompt_length
        return judge(logits, proposal, params, self.tokens, begin, self.draft_seed, self._random.random, self.grammar)

    def _emit(self, ids: Sequence[int], judgement: Judgement) -> tuple[EmittedToken, ...]:
        """Append tokens to the reply up to its end."""
        verdict, emitted = judgement.verdict, []
        for j, token in enumerate(ids):
            provenance: Provenance = "accepted" if j < verdict.accepted else verdict.provenance
            emitted.append(emitted_token(self._tokenizer, self.request, token, provenance, judgement, j))
            self._append(token)
            if self.reason is not None:
                break
        return tuple(emitted)

    def _append(self, token: int) -> None:
        """One more token of the reply; sets ``reason`` if it ends it."""
        self.tokens.append(token)
        if token in self._session.eos:
            self.reason = "eos"
            return
        self._text.push(token)
        if self.grammar is not None:
            self.grammar.consume(token)
        if self._text.stopped:
            self.reason = "stop"
        elif self.grammar is not None and self.grammar.complete:
            self.reason = "eos"
        elif len(self.tokens) >= self.limit:
            generated = len(self.tokens) - self.prompt_length
            self.reason = "length" if generated >= self.request.max_tokens else "context_full"

    def _round_done(
        self,
        round_: Round,
        proposed: tuple[ProposedToken, ...],
        accepted: int,
        emitted: tuple[EmittedToken, ...],
        timing: Timing,
        seconds: float,
    ) -> RoundDone:
        recorder, draft_seconds = self._recorder, round_.draft_seconds
        return RoundDone(
            request_id=self.sequence_id,
            index=recorder.rounds - 1,
            k=len(proposed),
            proposed=proposed,
            accepted=accepted,
            emitted=emitted,
            draft_seconds=draft_seconds,
            verify_seconds=timing.verify,
            overhead_seconds=max(0.0, seconds - timing.verify - draft_seconds),
            k_reason=round_.reason,
            rolling_acceptance=recorder.rolling_acceptance,
            acceptance_rate=recorder.acceptance_rate,
            rolling_tokens_per_second=recorder.rolling_tokens_per_second,
            decode_tokens_per_second=recorder.decode_tokens_per_second,
            plain_tokens_per_second=self._plain_speed(timing.plain),
            mean_accepted_length=recorder.mean_accepted_length,
            tokens_generated=recorder.tokens,
            context_tokens=len(self.tokens),
            elapsed_seconds=recorder.elapsed,
            source=round_.choice.source if proposed else "",
        )

    def _plain_speed(self, beside: float | None = None) -> float | None:
        """Tokens per second that plain decoding would give this reply now; ``beside`` others as ``Timing.plain``."""
        return 1 / beside if beside else self._session.plain_tokens_per_second(len(self.tokens))

    # ----------------------------------------------------------------- text and end

    def finish(self) -> Finished:
        """The result, once ``reason`` is known and its blocks are free."""
        assert self.reason is not None
        return Finished(
            request_id=self.sequence_id,
            reason=self.reason,
            text=self._text.whole,
            token_ids=tuple(self.tokens[self.prompt_length :]),
            metrics=self._recorder.finish(self.seed, self._recorder.plain_beside(self._plain_speed())),
            stop=self._text.stop if self.reason == "stop" else "",
            beside_others=self._recorder.beside_others,
        )

    def read_end(self) -> Iterator[TextDelta]:
        """The reply is over: show what was held back, unless a stop text ended it."""
        self._text.end()
        if self._text.stopped:
            self.reason = "stop"
        yield from self.show()

    def show(self) -> Iterator[TextDelta]:
        """New text that may be shown."""
        fresh = self._text.take()
        if fresh:
            yield TextDelta(self.sequence_id, fresh)


def _result(
    round_: Round, scored: int, accepted: int, seconds: float, context: int, plain_seconds: float | None
) -> RoundResult:
    """What the policy is told of a round; ``context`` are the tokens before it."""
    proposal = round_.proposal
    return RoundResult(
        source=round_.choice.source,
        drafted=scored,
        accepted=accepted,
        seconds=seconds,
        draft_seconds=round_.draft_seconds,
        context=context,
        offered=tuple(offer.source for offer in round_.offers),
        plain_seconds=plain_seconds,
        own=scored if proposal.own is None else min(scored, proposal.own),
        then=proposal.then,
    )
