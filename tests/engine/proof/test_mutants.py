"""Bugs that others shipped, put into the production functions one at a time: each must fail a named check.

``test_exact.py`` and ``test_identity.py`` hold for the production code; here the same checks are shown to be able to
fail. Every check is also run without a mutant on the very set-up that must catch it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
import torch

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.control.policy import FixedK
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import Prompt
from helix_app.protocol.events import Failed
from helix_app.protocol.requests import GenerateRequest, SamplingParams
from tests.engine.made.tiny import session_of
from tests.engine.proof.instruments import mutants as bugs
from tests.engine.proof.instruments.checks import (
    Patch,
    Told,
    check_cache,
    check_counts,
    check_identity,
    check_prefixes,
    everywhere,
    fixed_chance,
    install,
    install_llama,
    plainly,
    reply,
    reply_law,
)
from tests.engine.proof.instruments.enumerate_paths import (
    Context,
    OneHotDraft,
    Table,
    difference,
    model_draft,
    outcomes,
    table_runner,
    target_law,
)
from tests.engine.proof.test_exact import EXACT, PARAMS, PROMPT, acceptance_error, law_error

Check = Callable[[Engine, Patch], None]
LOOP = tuple([5, 60, 70, 80, 90, 100] * 3)

# --------------------------------------------------------------------------- the checks, with their set-ups


@functools.cache
def law_of(kind: str, name: str, k: int = 2) -> Check:
    """The exact law over the production functions."""

    def check(engine: Engine, patch: Patch) -> None:
        for seed in range(3):
            assert law_error(kind, FixedK(k), PARAMS[name], seed, length=3)[0] < EXACT

    return check


@functools.cache
def law_of_replies(kind: str, name: str) -> Check:
    """The exact law over the real loop."""

    def check(engine: Engine, patch: Patch) -> None:
        for seed in range(2):
            target = Table(seed)
            similar = Table(seed + 100, spread=0.8, base=target)
            draft = model_draft(similar) if kind == "model" else OneHotDraft(similar)
            install(engine, patch, table_runner(target), draft)
            law = reply_law(engine, patch, PROMPT, PARAMS[name], max_tokens=3, k="fixed:2")
            assert difference(law, target_law(target, PARAMS[name], PROMPT, 3)) < EXACT

    return check


def law_over_a_window(engine: Engine, patch: Patch) -> None:
    """The exact law over the real loop, of a target that looks back on five tokens."""
    target = Table(5, order=5)
    install(engine, patch, table_runner(target), OneHotDraft(Table(105, order=5, spread=0.8, base=target)))
    law = reply_law(engine, patch, PROMPT, PARAMS["plain"], max_tokens=4, k="fixed:3")
    assert difference(law, target_law(target, PARAMS["plain"], PROMPT, 4)) < EXACT


@functools.cache
def best_acceptance(name: str) -> Check:
    """A first token is accepted as often as the two distributions overlap."""

    def check(engine: Engine, patch: Patch) -> None:
        assert acceptance_error(name, same=True) < EXACT

    return check


@functools.cache
def with_llama(run: Callable[..., object], kind: str, sampling: SamplingParams | None = None, **options: Any) -> Check:
    """A check of whole replies by the tiny Llama."""

    def check(engine: Engine, patch: Patch) -> None:
        fixed_chance(patch, 11)
        install_llama(engine, patch, "none")
        text = (*LOOP, *plainly(engine, patch, LOOP, max_tokens=40).tokens)
        install_llama(engine, patch, kind, shuffle=6, text=text)
        given = {"max_tokens": 34, "k": "fixed:4", **options}
        if given.pop("ends", False):
            patch.setattr(session_of(engine), "eos", frozenset({text[len(LOOP) + 7]}))
        run(engine, patch, LOOP, sampling=sampling or SamplingParams(0.0), **given)

    return check


def accepts_all(engine: Engine, patch: Patch, prompt: Context, **options: Any) -> None:
    """A draft that is the target itself is never rejected."""
    assert reply(engine, patch, prompt, **options).finished.metrics.acceptance_rate == 1.0


def prefixes_of_tables(engine: Engine, patch: Patch) -> None:
    """Rejected drafts are never found as a prefix later."""
    target = Table(2, 5, spread=3.0)
    install(engine, patch, table_runner(target), None)
    text = (*PROMPT, *plainly(engine, patch, PROMPT, max_tokens=20).tokens)
    install(engine, patch, table_runner(target), Told(text, 1, 5))
    check_prefixes(engine, patch, PROMPT, max_tokens=16, k="fixed:4")


def tails_go_first(engine: Engine, patch: Patch) -> None:
    """Under pressure a finished sequence loses its last blocks, so that its beginning can still be found."""
    pool = BlockPool(4, 2)
    pool.open("a", ())
    pool.extend("a", 8)
    pool.commit("a", range(8))
    pool.close("a")
    pool.open("b", ())
    pool.extend("b", 2)
    assert pool.open("c", (*range(8), 0)) == 6


def not_a_number(engine: Engine, patch: Patch) -> None:
    """Rows that are not numbers end the reply with an error, and no token comes from them."""
    target = Table(1)
    install(engine, patch, table_runner(target), None)
    want = plainly(engine, patch, PROMPT, max_tokens=8).tokens
    runner, calls = table_runner(target), 0
    install(engine, patch, runner, OneHotDraft(target))
    real = runner.decoder.table

    def broken(context: Sequence[int]) -> torch.Tensor:
        nonlocal calls
        calls += 1
        return real(context) * (float("nan") if calls > 4 else 1.0)

    patch.setattr(runner.decoder, "table", broken)
    emitted: list[int] = []
    last = None
    everywhere(patch, "prompt_of", lambda session, request: Prompt(list(PROMPT)))
    for last in engine.stream(GenerateRequest("r", k="fixed:2", sampling=SamplingParams(0.0)), threading.Event()):
        emitted += [t.token_id for t in getattr(last, "emitted", ())]
    assert isinstance(last, Failed)
    assert last.code == "nan_logits"
    assert 0 < len(emitted) < 8
    assert tuple(emitted) == want[: len(emitted)]


def penalised_tables(engine: Engine, patch: Patch) -> None:
    """Greedy text under a penalty is that of plain decoding, for drafts that know it."""
    for seed in range(5):
        target, params = Table(seed, 6), SamplingParams(0.0, repetition_penalty=2.0)
        install(engine, patch, table_runner(target), None)
        text = (*PROMPT, *plainly(engine, patch, PROMPT, max_tokens=12, sampling=params).tokens)
        for wrong in (0, 1):
            install(engine, patch, table_runner(target), Told(text, wrong, 6))
            check_identity(engine, patch, PROMPT, max_tokens=12, sampling=params)
        install(engine, patch, table_runner(target), OneHotDraft(target))  # knows of no penalty
        check_identity(engine, patch, PROMPT, max_tokens=12, sampling=params)


# --------------------------------------------------------------------------- who catches whom


@dataclass(frozen=True)
class Mutant:
    """A bug and the check that must catch it."""

    mutate: Callable[[Patch], None]
    check: Check


SEEDED = SamplingParams(0.8, 20, 0.95, seed=3)
WARM = SamplingParams(1.0, 8, 0.95)
MUTANTS = {
    "accept everything, sampled draft": Mutant(bugs.accept_everything, law_of("model", "plain")),
    "accept everything, one-hot draft": Mutant(bugs.accept_everything, law_of("one-hot", "all")),
    "accept everything, whole replies": Mutant(bugs.accept_everything, law_of_replies("model", "plain")),
    "greedy draft with softmax q": Mutant(bugs.draft_greedily_but_say_softmax, law_of("model", "plain")),
    "raw q after sampling from processed q": Mutant(bugs.draw_filtered_but_say_raw, law_of("model", "top-k")),
    "processed q after sampling from raw q": Mutant(bugs.draw_raw_but_say_filtered, law_of("model", "top-k")),
    "sampling in bf16, acceptance in full": Mutant(bugs.draw_in_half_precision, law_of("model", "plain")),
    "acceptance in bf16, sampling in full": Mutant(bugs.accept_in_half_precision, law_of("model", "plain")),
    "sampled improbable drafts dropped": Mutant(bugs.drop_improbable_drafts, law_of("model", "plain", 1)),
    "correction from the target": Mutant(bugs.correct_from_target, law_of("model", "plain")),
    "correction from the target, one-hot": Mutant(bugs.correct_from_target, law_of("one-hot", "plain")),
    "correction from max(q - p, 0)": Mutant(bugs.correct_from_wrong_sign, law_of("model", "plain")),
    "correction not renormalised": Mutant(bugs.forget_to_normalise, law_of("model", "plain")),
    "correction with the rejected token": Mutant(bugs.correct_with_the_rejected, law_of("model", "plain")),
    "acceptance at equality": Mutant(bugs.accept_at_equality, law_of("one-hot", "plain")),
    "one number for test and token": Mutant(bugs.one_number_for_test_and_token, law_of("model", "plain")),
    "acceptance by the next row": Mutant(bugs.accept_by_the_next_row, law_of("model", "plain")),
    "bonus from the row before": Mutant(bugs.bonus_from_the_row_before, law_of("model", "plain")),
    "sampled draft taken for one-hot": Mutant(bugs.every_draft_counts_as_one_hot, law_of("model", "plain")),
    "penalties blind to drafts": Mutant(bugs.penalties_blind_to_drafts, law_of("model", "penalty")),
    "penalties blind to drafts, replies": Mutant(bugs.penalties_blind_to_drafts, law_of_replies("one-hot", "penalty")),
    "penalties blind to drafts, greedy": Mutant(bugs.penalties_blind_to_drafts, penalised_tables),
    "penalties one row early": Mutant(bugs.penalties_see_the_next_draft, law_of("model", "penalty")),
    "counts blind to drafts": Mutant(bugs.counts_blind_to_drafts, law_of("model", "frequency")),
    "counts blind to drafts, replies": Mutant(bugs.counts_blind_to_drafts, law_of_replies("model", "presence")),
    "counts one row early": Mutant(bugs.counts_see_the_next_draft, law_of("one-hot", "presence")),
    "counts of the prompt too": Mutant(bugs.counts_of_the_prompt_too, law_of_replies("one-hot", "frequency")),
    "penalties of the target only": Mutant(bugs.draft_without_penalty, best_acceptance("penalty")),
    "filters of the target only": Mutant(bugs.draft_without_filters, best_acceptance("top-k")),
    "filters of the draft only": Mutant(bugs.verify_without_filters, law_of("model", "top-p")),
    "filters of the draft only, replies": Mutant(bugs.verify_without_filters, law_of_replies("model", "min-p")),
    "rows off by one": Mutant(bugs.rows_off_by_one, law_of_replies("model", "plain")),
    "rows off by one, greedy": Mutant(bugs.rows_off_by_one, with_llama(check_identity, "model")),
    "a token from NaN rows": Mutant(bugs.numbers_unchecked, not_a_number),
    "last rejection leaves a slot": Mutant(bugs.one_slot_too_long, with_llama(check_cache, "wrong", k="fixed:1")),
    "last rejection leaves a slot, text": Mutant(
        bugs.one_slot_too_long, with_llama(check_identity, "wrong", k="fixed:1")
    ),
    "last rejection leaves a slot, model": Mutant(bugs.one_slot_too_long, with_llama(check_cache, "model", WARM)),
    "rejected slots stay": Mutant(bugs.rejected_slots_stay, with_llama(check_cache, "model")),
    "rejected slots stay, replies": Mutant(bugs.rejected_slots_stay, law_of_replies("one-hot", "plain")),
    "the draft never settles": Mutant(bugs.draft_never_settles, with_llama(check_cache, "model")),
    "bonus token's keys damaged": Mutant(bugs.bonus_token_written_wrongly, with_llama(check_cache, "right")),
    "bonus token's keys damaged, sampled": Mutant(
        bugs.bonus_token_written_wrongly, with_llama(check_cache, "model", WARM)
    ),
    "bonus token's keys damaged in the draft": Mutant(
        bugs.draft_misses_the_last_accepted, with_llama(check_cache, "itself")
    ),
    "an end inside a draft missed": Mutant(
        bugs.end_inside_a_draft_missed, with_llama(check_identity, "right", ends=True)
    ),
    "unverified blocks indexed": Mutant(bugs.unverified_blocks_indexed, prefixes_of_tables),
    "window one token too short": Mutant(bugs.window_one_too_short, law_over_a_window),
    "window moved on by drafts": Mutant(bugs.passed_by_drafted_rows, law_over_a_window),
    "roots evicted before tails": Mutant(bugs.roots_go_first, tails_go_first),
    "drafts past the end counted": Mutant(
        bugs.counting(lambda k, drafted, accepted, emitted: (k, accepted)), with_llama(check_counts, "right", ends=True)
    ),
    "bonus tokens counted as accepted": Mutant(
        bugs.counting(lambda k, drafted, accepted, emitted: (drafted, min(drafted, emitted))),
        with_llama(check_counts, "model"),
    ),
    "accepted tokens counted as drafted": Mutant(
        bugs.counting(lambda k, drafted, accepted, emitted: (accepted, accepted)), with_llama(check_counts, "model")
    ),
    "plain rounds counted as drafted": Mutant(
        bugs.counting(lambda k, drafted, accepted, emitted: (max(1, drafted), accepted)),
        with_llama(check_counts, "ngram"),
    ),
    "coupled: noise of the round": Mutant(bugs.noise_of_the_round, with_llama(check_identity, "model", SEEDED)),
    "coupled: never the drafted": Mutant(
        bugs.correction_is_never_the_drafted, with_llama(check_identity, "wrong", SEEDED)
    ),
    "coupled: the draft's noise is another": Mutant(
        bugs.draft_with_other_noise, with_llama(accepts_all, "itself", SEEDED)
    ),
    "coupled: the draft is one place off": Mutant(bugs.draft_one_place_off, with_llama(accepts_all, "itself", SEEDED)),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    MUTANTS[name].mutate(monkeypatch)
    with pytest.raises(AssertionError) as caught:
        MUTANTS[name].check(engine, monkeypatch)
    assert "code='internal'" not in str(caught.value)  # a wrong answer, not a mutant that crashes


CHECKS = {mutant.check: name for name, mutant in MUTANTS.items()}  # each once


@pytest.mark.parametrize("name", CHECKS.values())
def test_production_passes_the_check_of_the_mutant(engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    MUTANTS[name].check(engine, monkeypatch)


def test_mutant_that_damages_only_the_draft_changes_no_text(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why the cache is looked at and not only the text: this bug shows as falling acceptance alone."""
    bugs.draft_misses_the_last_accepted(monkeypatch)
    with_llama(check_identity, "itself")(engine, monkeypatch)
    assert reply(engine, monkeypatch, LOOP, max_tokens=34).finished.metrics.acceptance_rate < 1.0


def test_mutant_that_drops_improbable_drafts_shifts_what_is_known() -> None:
    """p = (.5, .5) and q = (.9, .1) become (.55, .45)."""
    p = torch.tensor([[0.5, 0.5], [1.0, 0.0]], dtype=torch.float64)
    q = torch.tensor([[0.9, 0.1]], dtype=torch.float64)
    first = {"kept": [0.0, 0.0], "dropped": [0.0, 0.0]}
    for token in (0, 1):
        for verdict, weight in outcomes(p, (token,), q):
            mass = weight * float(q[0, token])
            first["kept"][token if verdict.accepted else verdict.next_token] += mass
            if token == 0:
                first["dropped"][token if verdict.accepted else verdict.next_token] += mass
    for verdict, weight in outcomes(p[:1], (), None):
        first["dropped"][verdict.next_token] += weight * float(q[0, 1])
    assert first["kept"] == pytest.approx([0.5, 0.5], abs=EXACT)
    assert first["dropped"] == pytest.approx([0.55, 0.45], abs=EXACT)
