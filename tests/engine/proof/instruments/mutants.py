"""Bugs that others shipped, as replacements of production functions. ``test_mutants.py`` says what catches each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from helix_app.engine.cache.kv_cache import KVView
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.drafts import ask
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.proposal import DraftRequest, Proposal
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.rounds.metrics import RunRecorder
from helix_app.engine.sampling import coupled, filters, penalties, verification
from helix_app.engine.sampling.verification import Verdict
from helix_app.protocol.requests import SamplingParams
from tests.engine.proof.instruments.checks import Patch, engine_class, everywhere
from tests.engine.proof.test_exact import PARAMS

Tensor = torch.Tensor

real_accept, real_residual, real_verify = verification.acceptance_probs, verification.residual, verification.verify
real_counts, real_adjusted = penalties.said_counts, penalties.adjusted
real_pick, real_distribution, real_penalise = filters.pick, filters.distribution, filters.penalise
real_likeliest = filters.likeliest


def no_filter(logits: Tensor, params: SamplingParams) -> Tensor:
    """The distribution with temperature alone."""
    return real_distribution(logits, SamplingParams(params.temperature, 0, 1.0))


def accept_everything(patch: Patch) -> None:
    patch.setattr(verification, "acceptance_probs", lambda target, ids, draft: [1.0] * len(ids))


def draft_greedily_but_say_softmax(patch: Patch) -> None:
    patch.setattr(ask, "pick", lambda row, uniform: int(row.argmax()))


def draw_filtered_but_say_raw(patch: Patch) -> None:
    patch.setattr(ask, "distribution", no_filter)
    patch.setattr(ask, "pick", lambda row, u: real_pick(real_distribution(row.log()[None], PARAMS["top-k"])[0], u))


def draw_raw_but_say_filtered(patch: Patch) -> None:
    raw: list[Tensor] = []

    def both(logits: Tensor, params: SamplingParams) -> Tensor:
        raw.append(no_filter(logits, params)[0])
        return real_distribution(logits, params)

    patch.setattr(ask, "distribution", both)
    patch.setattr(ask, "pick", lambda row, u: real_pick(raw[-1], u))


def draw_in_half_precision(patch: Patch) -> None:
    patch.setattr(ask, "pick", lambda row, u: real_pick(row.bfloat16().double(), u))


def accept_in_half_precision(patch: Patch) -> None:
    def rounded(target: Tensor, ids: Any, draft: Tensor | None) -> list[float]:
        return real_accept(target.bfloat16(), ids, None if draft is None else draft.bfloat16())

    patch.setattr(verification, "acceptance_probs", rounded)


def drop_improbable_drafts(patch: Patch) -> None:
    real = ModelDraft.propose

    def propose(self: ModelDraft, request: DraftRequest) -> Proposal:
        made = real(self, request)
        if made.probs is None:
            return made
        keep = next((j for j, i in enumerate(made.ids) if made.probs[j, i] < 0.3), len(made.ids))
        return Proposal(made.ids[:keep], made.probs[:keep] if keep else None)

    patch.setattr(ModelDraft, "propose", propose)


def correct_from_target(patch: Patch) -> None:
    patch.setattr(verification, "residual", lambda target, token, draft: target)


def correct_from_wrong_sign(patch: Patch) -> None:
    def wrong(target: Tensor, token: int, draft: Tensor | None) -> Tensor:
        return real_residual(target, token, draft) if draft is None else (draft - target).clamp_min(0)

    patch.setattr(verification, "residual", wrong)


def correct_with_the_rejected(patch: Patch) -> None:
    def verify(target: Tensor, ids: Any, draft: Tensor | None, uniforms: Any) -> Verdict:
        verdict = real_verify(target, ids, draft, uniforms)
        again = verdict.provenance == "corrected" and uniforms[-1] < 0.1
        return Verdict(verdict.accepted, ids[verdict.accepted], "corrected") if again else verdict

    patch.setattr(verification, "verify", verify)


def forget_to_normalise(patch: Patch) -> None:
    def pick(weights: Tensor, uniform: float) -> int:
        return min(int((weights.cumsum(-1) <= uniform).sum()), int(weights.nonzero()[-1]))

    patch.setattr(verification, "pick", pick)


def accept_at_equality(patch: Patch) -> None:
    def verify(target: Tensor, ids: Any, draft: Tensor | None, uniforms: Any) -> Verdict:
        accept = real_accept(target, ids, draft)
        eased = [-1.0 if j < len(accept) and u <= accept[j] else u for j, u in enumerate(uniforms)]
        return real_verify(target, ids, draft, eased)

    patch.setattr(verification, "verify", verify)


def one_number_for_test_and_token(patch: Patch) -> None:
    def verify(target: Tensor, ids: Any, draft: Tensor | None, uniforms: Any) -> Verdict:
        return real_verify(target, ids, draft, [uniforms[0]] * len(uniforms))

    patch.setattr(verification, "verify", verify)


def accept_by_the_next_row(patch: Patch) -> None:
    patch.setattr(verification, "acceptance_probs", lambda target, ids, draft: real_accept(target[1:], ids, draft))


def bonus_from_the_row_before(patch: Patch) -> None:
    def verify(target: Tensor, ids: Any, draft: Tensor | None, uniforms: Any) -> Verdict:
        return real_verify(torch.cat((target[:-1], target[-2:-1])) if ids else target, ids, draft, uniforms)

    patch.setattr(verification, "verify", verify)


def every_draft_counts_as_one_hot(patch: Patch) -> None:
    patch.setattr(verification, "acceptance_probs", lambda target, ids, draft: real_accept(target, ids, None))


def penalties_blind_to_drafts(patch: Patch) -> None:
    def blind(logits: Tensor, penalty: float, seen: Tensor, ids: Any) -> Tensor:
        return real_penalise(logits, penalty, seen, ())

    everywhere(patch, "penalise", blind, but="helix_app.engine.drafts")


def penalties_see_the_next_draft(patch: Patch) -> None:
    def early(logits: Tensor, penalty: float, seen: Tensor, ids: Any) -> Tensor:
        return real_penalise(logits, penalty, torch.cat((seen, torch.tensor(ids[:1], dtype=torch.int64))), ids)

    everywhere(patch, "penalise", early, but="helix_app.engine.drafts")


def draft_without_penalty(patch: Patch) -> None:
    patch.setattr(ask, "adjusted", lambda logits, *_: logits)


def counts_blind_to_drafts(patch: Patch) -> None:
    patch.setattr(penalties, "said_counts", lambda said, ids, rows, vocab: real_counts(said, (), rows, vocab))


def counts_see_the_next_draft(patch: Patch) -> None:
    patch.setattr(
        penalties, "said_counts", lambda said, ids, rows, vocab: real_counts([*said, *ids[:1]], ids, rows, vocab)
    )


def counts_of_the_prompt_too(patch: Patch) -> None:
    def whole(logits: Tensor, params: SamplingParams, tokens: Any, begin: int, ids: Any = ()) -> Tensor:
        return real_adjusted(logits, params, tokens, 0, ids)

    everywhere(patch, "adjusted", whole, but="helix_app.engine.drafts")


def draft_without_filters(patch: Patch) -> None:
    patch.setattr(ask, "distribution", no_filter)


def verify_without_filters(patch: Patch) -> None:
    everywhere(patch, "distribution", no_filter, but="helix_app.engine.drafts")


def rows_off_by_one(patch: Patch) -> None:
    def shifted(logits: Tensor, params: SamplingParams) -> Tensor:
        return real_distribution(logits.roll(1, 0), params)

    everywhere(patch, "distribution", shifted, but="helix_app.engine.drafts")
    everywhere(patch, "likeliest", lambda logits: real_likeliest(logits.roll(1, 0)), but="helix_app.engine.drafts")


def numbers_unchecked(patch: Patch) -> None:
    everywhere(patch, "check_logits", lambda logits: None)


def one_slot_too_long(patch: Patch) -> None:
    real = BlockPool.truncate

    def truncate(self: BlockPool, name: str, length: int) -> None:
        if self.tables()[name].length != length + 1:  # the last candidate alone was rejected
            real(self, name, length)

    patch.setattr(BlockPool, "truncate", truncate)


def rejected_slots_stay(patch: Patch) -> None:
    patch.setattr(BlockPool, "truncate", lambda self, name, length: None)


def draft_never_settles(patch: Patch) -> None:
    patch.setattr(ModelDraft, "settle", lambda self, tokens: None)


def bonus_token_written_wrongly(patch: Patch) -> None:
    real = KVView.write

    def write(self: KVView, layer: int, kv: Tensor, *rest: Any, **options: Any) -> Any:
        if 1 < kv.shape[1] < 9:  # a round: its first row is the token that ended the round before
            kv, heads = kv.clone(), kv.shape[0] // 2
            kv[:heads, :1] *= 1.05
        return real(self, layer, kv, *rest, **options)

    patch.setattr(KVView, "write", write)


def draft_misses_the_last_accepted(patch: Patch) -> None:
    """After a full acceptance the draft's cache takes the bonus token for the last one it drafted."""
    real = ModelRunner.forward_many

    def forward_many(self: ModelRunner, batch: Sequence[Rows], *rest: Any, **options: Any) -> Any:
        wrong = [replace(r, ids=(r.ids[1], r.ids[1])) if len(r.ids) == 2 and r.logit_rows == 1 else r for r in batch]
        return real(self, wrong, *rest, **options)

    patch.setattr(ModelRunner, "forward_many", forward_many)


def unverified_blocks_indexed(patch: Patch) -> None:
    """Full blocks enter the index before verification has spoken. Keys of a table's cache are its tokens."""
    real, forget = ModelRunner.forward_many, BlockPool._forget

    def forward_many(self: ModelRunner, batch: Sequence[Rows], *rest: Any, **options: Any) -> Any:
        logits = real(self, batch, *rest, **options)
        for rows in batch:
            table = self.pool.tables()[rows.sequence_id]
            before = copy.deepcopy(vars(table))
            self.pool.commit(rows.sequence_id, [int(i) for i in self.read(rows.sequence_id, 0)[0].flatten()])
            vars(table).update(before)
        return logits

    def forget_free_ones(self: BlockPool, block: int) -> None:
        if self.refcount(block) == 0:
            forget(self, block)

    patch.setattr(BlockPool, "_forget", forget_free_ones)  # else writing into such a block takes it out again
    patch.setattr(ModelRunner, "forward_many", forward_many)


def window_one_too_short(patch: Patch) -> None:
    real = BlockPool._first

    def first(self: BlockPool, group: int, length: int) -> int:
        return real(self, group, length + 1) if self.windows[group] else 0

    patch.setattr(BlockPool, "_first", first)


def passed_by_drafted_rows(patch: Patch) -> None:
    """A window moves on with rows that are rejected then."""
    real = BlockPool.commit

    def commit(self: BlockPool, name: str, tokens: Sequence[int], last: bool = False) -> None:
        real(self, name, tokens, last)
        table = self.tables()[name]
        for group, held in enumerate(table.groups):
            passed = max(0, self._first(group, table.length) - held.begin)
            for block in held.blocks[:passed]:
                self._release(block, passed=True)
            held.blocks[:passed] = []
            held.begin += passed

    patch.setattr(BlockPool, "commit", commit)


def roots_go_first(patch: Patch) -> None:
    real = BlockPool.close

    def close(self: BlockPool, name: str) -> None:
        self.tables()[name].blocks.reverse()
        real(self, name)

    patch.setattr(BlockPool, "close", close)


def end_inside_a_draft_missed(patch: Patch) -> None:
    reply = engine_class("Reply")
    real = reply._emit

    def emit(self: Any, ids: Sequence[int], judgement: Any) -> Any:
        with pytest.MonkeyPatch.context() as late:
            late.setattr(self._session, "eos", frozenset())
            before = real(self, ids[:-1], judgement)
        return before + real(self, ids[-1:], judgement)

    patch.setattr(reply, "_emit", emit)


def counting(change: Callable[[int, int, int, int], tuple[int, int]]) -> Callable[[Patch], None]:
    """A recorder told wrong numbers; ``change`` takes k, drafted, accepted and emitted."""

    def mutate(patch: Patch) -> None:
        real_round, last = RunRecorder.round, [0]

        def verify(target: Tensor, ids: Any, *rest: Any) -> Verdict:
            last[0] = len(ids)
            return real_verify(target, ids, *rest)

        def record(self: RunRecorder, drafted: int, accepted: int, emitted: int, seconds: float) -> None:
            real_round(self, *change(last[0], drafted, accepted, emitted), emitted, seconds)

        everywhere(patch, "verify", verify)
        patch.setattr(RunRecorder, "round", record)

    return mutate


# --------------------------------------------------------------------------- coupled verification


def noise_of_the_round(patch: Patch) -> None:
    """The noise belongs to the round, not to the place in the text."""

    def verify(probs: Tensor, ids: Sequence[int], seed: int, position: int) -> Verdict:
        own = [coupled.coupled_draw(row, seed, position) for row in probs]
        stood = next((j for j, token in enumerate(ids) if token != own[j]), len(ids))
        return Verdict(stood, own[stood], "corrected" if stood < len(ids) else "bonus" if ids else "plain")

    everywhere(patch, "verify_coupled", verify)


def correction_is_never_the_drafted(patch: Patch) -> None:
    """A mismatch redraws without the drafted token, as rejection sampling would."""
    real = coupled.verify_coupled

    def verify(probs: Tensor, ids: Sequence[int], seed: int, position: int) -> Verdict:
        verdict = real(probs, ids, seed, position)
        if verdict.provenance != "corrected":
            return verdict
        left = real_residual(probs[verdict.accepted], ids[verdict.accepted], None)
        return Verdict(verdict.accepted, coupled.coupled_draw(left, seed + 1, position), "corrected")

    everywhere(patch, "verify_coupled", verify)


def draft_with_other_noise(patch: Patch) -> None:
    def draw(row: Tensor, seed: int, position: int) -> int:
        return coupled.coupled_draw(row, seed + 1, position)

    everywhere(patch, "coupled_draw", draw, within="helix_app.engine.drafts")


def draft_one_place_off(patch: Patch) -> None:
    def draw(row: Tensor, seed: int, position: int) -> int:
        return coupled.coupled_draw(row, seed, position + 1)

    everywhere(patch, "coupled_draw", draw, within="helix_app.engine.drafts")
