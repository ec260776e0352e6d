"""The way of one reply: prefill, rounds of draft and verification, text, end."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch

from helix_app.engine.cache.snapshot import take_snapshot
from helix_app.engine.control.costs import CostTable
from helix_app.engine.control.policy import AdditiveK, Choice, FixedK, KPolicy, Offer, Outcome, parse_k
from helix_app.engine.control.throughput import ThroughputK
from helix_app.engine.drafts.base import Draft, Proposal
from helix_app.engine.metrics import RunRecorder
from helix_app.engine.runner import ModelRunner
from helix_app.engine.sampling import check_logits, check_params, distribution, penalise
from helix_app.engine.stopping import StopMatcher
from helix_app.engine.tokenizer import StreamDecoder, Tokenizer
from helix_app.engine.verification import Verdict, verify
from helix_app.errors import CacheExhaustedError, InputError
from helix_app.events import (
    Alternative,
    CacheSnapshot,
    EmittedToken,
    Event,
    Finished,
    FinishReason,
    GenerateRequest,
    PrefillDone,
    ProposedToken,
    RoundDone,
    TextDelta,
)

_CHUNK = 512  # prompt tokens a forward pass; Stop is looked at between chunks
_SNAPSHOT_SECONDS = 1 / 30
_MAX_PROMPT_CHARACTERS_PER_TOKEN = 64  # a longer prompt cannot fit and need not be tokenised to know


@dataclass
class Session:
    """A loaded target with its draft, and what was learnt about their speed.

    Attributes:
        costs: seconds of a whole round without its draft, by rows.
        draft_runner: of the draft model, None for a draft without one.
    """

    runner: ModelRunner
    tokenizer: Tokenizer
    draft: Draft | None
    eos: frozenset[int]
    draft_runner: ModelRunner | None = None
    costs: CostTable = field(default_factory=CostTable)
    policies: dict[str, KPolicy] = field(default_factory=dict)

    def policy(self, request: GenerateRequest) -> KPolicy:
        """The policy of this request; adaptive ones remember what earlier replies taught them.

        A seed asks for the same reply again. Sampled tokens depend on where drafts begin, so k then looks neither at
        the clock nor at earlier replies.
        """
        fixed = parse_k(request.k)
        if fixed is not None:
            return FixedK(fixed)
        if request.sampling.seed is not None and request.sampling.temperature > 0:
            return AdditiveK()
        if request.k not in self.policies:
            self.policies[request.k] = ThroughputK(self.costs) if request.k == "auto" else AdditiveK()
        return self.policies[request.k]

    def snapshots(self, *, full: bool = False) -> Iterator[CacheSnapshot]:
        """The state of the target's pool and of the draft's, if it has one."""
        yield take_snapshot(self.runner.pool, "target", full=full)
        if self.draft_runner is not None:
            yield take_snapshot(self.draft_runner.pool, "draft", full=full)

    def plain_tokens_per_second(self, context: int) -> float | None:
        """What plain decoding reaches at this context, as measured; None while unknown."""
        seconds = self.costs.expect(1, context)
        return 1.0 / seconds if seconds else None


def prompt_tokens(session: Session, request: GenerateRequest) -> list[int]:
    """The token ids that the reply follows.

    Raises:
        InputError: nothing to send, or more than the context takes.
    """
    limit = session.runner.max_tokens
    text = request.prompt if request.raw else "".join(m.content for m in request.messages)
    last = request.prompt if request.raw else (request.messages[-1].content if request.messages else "")
    if not last.strip():
        raise InputError("prompt_empty")
    if len(text) > limit * _MAX_PROMPT_CHARACTERS_PER_TOKEN:
        raise InputError("prompt_too_long", tokens=f"over {limit:,}", limit=f"{limit:,}")
    if request.raw:
        ids = session.tokenizer.encode(request.prompt, add_bos=True)
    else:
        ids = session.tokenizer.encode_chat(request.messages)
    if len(ids) >= limit:
        raise InputError("prompt_too_long", tokens=f"{len(ids):,}", limit=f"{limit:,}")
    if not ids:
        raise InputError("prompt_empty")
    return ids


def check_request(request: GenerateRequest) -> None:
    """Raise InputError for options that are wrong or that this version does not have."""
    check_params(request.sampling)
    parse_k(request.k)
    if request.verify != "rejection":
        raise InputError("option_unavailable", option=f"verify {request.verify}", choices="rejection")
    if request.mode not in ("speculative", "autoregressive"):
        hint = "Use speculative or autoregressive."
        raise InputError("option_invalid", option="mode", value=request.mode, hint=hint)
    if request.max_tokens < 1:
        raise InputError("option_invalid", option="max-tokens", value=request.max_tokens, hint="Use 1 or more.")


class Reply:
    """One reply being written. ``events()`` is the whole story; it cleans up after itself however it ends."""

    def __init__(self, session: Session, request: GenerateRequest, cancel: threading.Event) -> None:
        check_request(request)
        self._session, self._request, self._cancel = session, request, cancel
        self._runner, self._tokenizer = session.runner, session.tokenizer
        self._recorder = RunRecorder()
        self._tokens = prompt_tokens(session, request)
        self._prompt_length = len(self._tokens)
        params = request.sampling
        self._seed = params.seed if params.seed is not None else random.SystemRandom().randrange(2**31)
        self._random = random.Random(self._seed)
        self._policy = session.policy(request)
        self._draft = session.draft if request.mode == "speculative" else None
        self._decoder = StreamDecoder(session.tokenizer)
        self._stops = StopMatcher(request.stop)
        self._text: list[str] = []
        self._fresh = ""
        self._reason: FinishReason | None = None
        self._last_snapshot = 0.0
        # tokens of the sequence at the end of the reply; the last one needs no slot of its own
        self._limit = min(self._prompt_length + request.max_tokens, session.runner.max_tokens)

    def events(self) -> Iterator[Event]:
        """Prefill, rounds and Finished. Raises HelixError or RuntimeError; blocks are freed in any case."""
        name = self._request.request_id
        try:
            cached = self._runner.open(name, self._tokens, name)
            if self._draft is not None:
                self._draft.begin(name, name)
                self._policy.begin()
            yield from self._session.snapshots(full=True)
            yield from self._prefill(cached)
            while self._reason is None:
                yield from self._round()
            self._read_end()
            yield from self._show()
        finally:
            self._runner.close(name)
            if self._draft is not None:
                self._draft.end()
        yield from self._session.snapshots()
        assert self._reason is not None
        yield Finished(
            request_id=name,
            reason=self._reason,
            text="".join(self._text),
            token_ids=tuple(self._tokens[self._prompt_length :]),
            metrics=self._recorder.finish(self._seed, self._session.plain_tokens_per_second(len(self._tokens))),
        )

    # ----------------------------------------------------------------- prompt

    def _prefill(self, cached: int) -> Iterator[Event]:
        name, begin = self._request.request_id, time.perf_counter()
        at = cached
        logits: torch.Tensor | None = None
        while at < self._prompt_length:
            if self._cancel.is_set():
                self._reason = "cancelled"
                return
            chunk = self._tokens[at : at + _CHUNK]
            logits = self._runner.forward(name, chunk, 1)
            at += len(chunk)
            self._runner.commit(name, self._tokens[:at])
            yield from self._snapshot_now()
        assert logits is not None
        verdict, probs = self._judge(logits, Proposal())
        emitted = self._emit((verdict.next_token,), verdict, probs, logits)
        self._recorder.prefilled(self._prompt_length, cached, len(emitted))
        yield PrefillDone(name, self._prompt_length, cached, time.perf_counter() - begin, emitted)
        yield from self._show()

    # ----------------------------------------------------------------- rounds

    def _round(self) -> Iterator[Event]:
        if self._cancel.is_set():
            self._reason = "cancelled"
            return
        name, begin = self._request.request_id, time.perf_counter()
        offers = self._draft.offers(self._tokens) if self._draft is not None else ()
        choice = self._choose(offers)
        proposal = Proposal()
        if choice.k > 0 and self._draft is not None:
            params, uniform = self._request.sampling, self._random.random
            proposal = self._draft.propose(self._tokens, choice.k, params, uniform, choice.source)
        drafted_at = time.perf_counter()
        k = len(proposal.ids)
        reason = "no_match" if choice.k and not k else choice.reason
        try:
            logits = self._runner.forward(name, (self._tokens[-1], *proposal.ids), k + 1)
        except CacheExhaustedError:
            self._reason = "context_full"
            return
        verdict, probs = self._judge(logits, proposal)
        verified_at = time.perf_counter()
        if k:
            yield from self._snapshot_now()
        before = len(self._tokens)
        emitted = self._emit((*proposal.ids[: verdict.accepted], verdict.next_token), verdict, probs, logits)
        self._runner.commit(name, self._tokens[: before + verdict.accepted])
        if self._draft is not None:
            self._draft.settle(self._tokens)
        # a reply that ends inside its draft: what lies past the end was never asked
        scored = min(k, len(emitted)) if self._reason is not None else k
        accepted = min(verdict.accepted, len(emitted))
        seconds = time.perf_counter() - begin
        self._recorder.round(scored, accepted, len(emitted), seconds)
        draft_seconds = drafted_at - begin
        self._session.costs.add(k + 1, before, seconds - draft_seconds)
        names = tuple(offer.source for offer in offers)
        self._policy.learn(Outcome(choice.source, scored, accepted, seconds, draft_seconds, before, names))
        yield self._round_done(
            Choice(scored, reason),
            self._proposed(proposal, probs, scored),
            accepted,
            emitted,
            drafted_at - begin,
            verified_at - drafted_at,
            seconds - (verified_at - begin),
        )
        yield from self._show()
        if k == 0:
            yield from self._snapshot_now()

    def _choose(self, offers: tuple[Offer, ...]) -> Choice:
        if self._request.mode == "autoregressive":
            return Choice(0, "autoregressive")
        if self._draft is None:
            return Choice(0, "no_draft")
        choice = self._policy.choose(offers, len(self._tokens))
        room = self._limit - len(self._tokens) - 1  # one token always comes from the target itself
        return choice if choice.k <= room else Choice(max(0, room), "limit", choice.source)

    def _judge(self, logits: torch.Tensor, proposal: Proposal) -> tuple[Verdict, torch.Tensor]:
        """The verdict on a proposal, and the target's distributions ``[k + 1, vocab]``."""
        check_logits(logits)
        params = self._request.sampling
        if params.repetition_penalty != 1.0:
            seen = torch.tensor(sorted(set(self._tokens)), dtype=torch.int64)
            logits = penalise(logits, params.repetition_penalty, seen, proposal.ids)
        probs = distribution(logits, params)
        uniforms = [self._random.random() for _ in range(len(proposal.ids) + 1)]
        return verify(probs, proposal.ids, proposal.probs, uniforms), probs

    def _emit(
        self, ids: Sequence[int], verdict: Verdict, probs: torch.Tensor, logits: torch.Tensor
    ) -> tuple[EmittedToken, ...]:
        """Append tokens to the reply up to its end."""
        emitted = []
        for j, token in enumerate(ids):
            self._tokens.append(token)
            emitted.append(
                EmittedToken(
                    token_id=token,
                    text=self._tokenizer.token_text(token),
                    provenance="accepted" if j < verdict.accepted else verdict.provenance,
                    target_prob=float(probs[j, token]),
                    alternatives=self._alternatives(logits[j]),
                )
            )
            if token in self._session.eos:
                self._reason = "eos"
                break
            self._read(self._decoder.push((token,)))
            if self._reason is None and len(self._tokens) >= self._limit:
                generated = len(self._tokens) - self._prompt_length
                self._reason = "length" if generated >= self._request.max_tokens else "context_full"
            if self._reason is not None:
                break
        return tuple(emitted)

    def _alternatives(self, logits: torch.Tensor) -> tuple[Alternative, ...]:
        if self._request.alternatives <= 0:
            return ()
        values, ids = logits.softmax(dim=-1).topk(min(self._request.alternatives, logits.shape[-1]))
        pairs = zip(ids.tolist(), values.tolist())
        return tuple(Alternative(i, self._tokenizer.token_text(i), p) for i, p in pairs)

    def _proposed(self, proposal: Proposal, probs: torch.Tensor, scored: int) -> tuple[ProposedToken, ...]:
        return tuple(
            ProposedToken(
                token_id=token,
                text=self._tokenizer.token_text(token),
                draft_prob=1.0 if proposal.probs is None else float(proposal.probs[j, token]),
                target_prob=float(probs[j, token]),
            )
            for j, token in enumerate(proposal.ids[:scored])
        )

    def _round_done(
        self,
        choice: Choice,
        proposed: tuple[ProposedToken, ...],
        accepted: int,
        emitted: tuple[EmittedToken, ...],
        draft_seconds: float,
        verify_seconds: float,
        overhead_seconds: float,
    ) -> RoundDone:
        recorder = self._recorder
        return RoundDone(
            request_id=self._request.request_id,
            index=recorder.rounds - 1,
            k=choice.k,
            proposed=proposed,
            accepted=accepted,
            emitted=emitted,
            draft_seconds=draft_seconds,
            verify_seconds=verify_seconds,
            overhead_seconds=overhead_seconds,
            k_reason=choice.reason,
            rolling_acceptance=recorder.rolling_acceptance,
            acceptance_rate=recorder.acceptance_rate,
            rolling_tokens_per_second=recorder.rolling_tokens_per_second,
            decode_tokens_per_second=recorder.decode_tokens_per_second,
            plain_tokens_per_second=self._session.plain_tokens_per_second(len(self._tokens)),
            mean_accepted_length=recorder.mean_accepted_length,
            tokens_generated=recorder.tokens,
            context_tokens=len(self._tokens),
            elapsed_seconds=recorder.elapsed,
        )

    # ----------------------------------------------------------------- text and snapshots

    def _read(self, text: str) -> None:
        """Look for stop texts in new text; what may be shown waits in ``_fresh``."""
        shown, stopped = self._stops.push(text)
        self._fresh += shown
        if stopped:
            self._reason = "stop"

    def _read_end(self) -> None:
        """The reply is over: show what was held back, unless a stop text ended it."""
        if self._reason != "stop":
            self._read(self._decoder.flush())
        if self._reason != "stop":
            self._fresh += self._stops.flush()

    def _show(self) -> Iterator[TextDelta]:
        if self._fresh:
            fresh, self._fresh = self._fresh, ""
            self._text.append(fresh)
            yield TextDelta(self._request.request_id, fresh)

    def _snapshot_now(self) -> Iterator[CacheSnapshot]:
        now = time.perf_counter()
        if now - self._last_snapshot >= _SNAPSHOT_SECONDS:
            self._last_snapshot = now
            yield from self._session.snapshots()
