"""Replies with a grammar are distributed as the masked target alone would have them: every path is enumerated.

The grammar is the real one, over a vocabulary of five tokens, two of which are cut in more than one way: ``ab`` may be
written by one token or two. What it allows is said again here from the list of its words.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from helix_app.engine.drafts import ask
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.engine import Engine
from helix_app.engine.sampling.grammar import GrammarMask
from helix_app.engine.sampling.grammar_compile import GrammarVocabulary
from helix_app.protocol.requests import Grammar, SamplingParams
from tests.engine.made.tiny import session_of
from tests.engine.proof.instruments.checks import Patch, check_identity, install, reply, reply_law, self_draft
from tests.engine.proof.instruments.enumerate_paths import (
    Law,
    OneHotDraft,
    Table,
    TableDecoder,
    difference,
    model_draft,
    reference_row,
    table_runner,
)
from tests.engine.proof.test_exact import EXACT, PARAMS, PROMPT

A, B, C, AB, END = range(5)
TEXTS = (b"a", b"b", b"c", b"ab", b"<end>")
REGEX = "[ab]{1,2}cab[ab]?"
WORDS = [
    first + b"cab" + last
    for count in (1, 2)
    for first in (bytes(letters) for letters in itertools.product(b"ab", repeat=count))
    for last in (b"", b"a", b"b")
]
FORM = Grammar("regex", REGEX)
LENGTH = 5


def written(text: str) -> list[int]:
    """As a tokenizer would: the longest token first."""
    ids, rest = [], text.encode()
    while rest:
        token = next(i for i in (AB, A, B, C) if rest.startswith(TEXTS[i]))
        ids.append(token)
        rest = rest[len(TEXTS[token]) :]
    return ids


def allowed(said: Sequence[int]) -> set[int]:
    """What may come next; after ``c`` the bytes of ``ab`` must, and one token writes them."""
    text = b"".join(TEXTS[token] for token in said)
    rest = {word[len(text) :] for word in WORDS if word.startswith(text)}
    if all(end.startswith(b"ab") for end in rest):
        return {AB}
    found = {token for token in (A, B, C, AB) if any(end.startswith(TEXTS[token]) for end in rest)}
    return found | ({END} if b"" in rest else set())


def masked_law(target: Table, params: SamplingParams, length: int) -> Law:
    """The probability of every reply when the masked target alone draws token by token."""
    law: Law = {}
    open_texts: Law = {(): 1.0}
    while open_texts:
        longer: Law = {}
        for text, mass in open_texts.items():
            may = allowed(text)
            if len(text) == length or text[-1:] == (END,) or may == {END}:
                law[text] = law.get(text, 0.0) + mass
                continue
            logits = [x if i in may else -math.inf for i, x in enumerate(target((*PROMPT, *text)).tolist())]
            for token, p in enumerate(reference_row(logits, params, (*PROMPT, *text), text)):
                if p > 0:
                    longer[(*text, token)] = mass * p
        open_texts = longer
    return law


def vocabulary() -> GrammarVocabulary:
    return GrammarVocabulary(TEXTS, [END], frozenset({END}), len(TEXTS), written)


def install_tables(engine: Engine, patch: Patch, kind: str, seed: int) -> Table:
    """The real loop over tables, with a draft of a kind and the vocabulary of the grammar."""
    target = Table(seed, len(TEXTS))
    similar = Table(seed + 100, target.vocab, spread=0.8, base=target)
    runner = table_runner(target, shuffle=4)
    makers: dict[str, Callable[[], Draft | None]] = {
        "none": lambda: None,
        "ngram": NgramDraft,
        "model": lambda: model_draft(similar),
        "one-hot": lambda: OneHotDraft(similar),
        "mixed": lambda: MixedDraft(NgramDraft(), model_draft(similar)),
        "self": lambda: self_draft(TableDecoder(similar, runner.max_tokens), runner),
    }
    install(engine, patch, runner, makers[kind]())
    patch.setattr(session_of(engine), "eos", frozenset({END}))
    patch.setattr(session_of(engine), "grammars", vocabulary())
    return target


def law_error(engine: Engine, patch: Patch, kind: str, name: str, k: str, seed: int = 3, length: int = LENGTH) -> float:
    target = install_tables(engine, patch, kind, seed)
    law = reply_law(engine, patch, PROMPT, PARAMS[name], max_tokens=length, k=k, grammar=FORM)
    assert sum(law.values()) == pytest.approx(1.0, abs=EXACT)
    return difference(law, masked_law(target, PARAMS[name], length))


@pytest.mark.covering
@pytest.mark.parametrize("kind", ["none", "ngram", "model", "one-hot", "mixed", "self"])
@pytest.mark.parametrize("k", ["fixed:1", "fixed:3"])
@pytest.mark.parametrize("name", ["plain", "all penalties", "greedy"])
def test_exact_law_of_whole_replies(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str, k: str, kind: str
) -> None:
    assert law_error(engine, monkeypatch, kind, name, k) < EXACT


def test_exact_law_without_drafting(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert law_error(engine, monkeypatch, "model", "top-p", "fixed:0") < EXACT


def blind_to_drafts(patch: Patch) -> None:
    """Every row has the mask of the first."""
    real = GrammarMask.rows

    def rows(self: GrammarMask, ids: Sequence[int]) -> torch.Tensor:
        return real(self, ids)[:1].repeat(len(ids) + 1, 1)

    patch.setattr(GrammarMask, "rows", rows)


def not_masked(patch: Patch) -> None:
    """Only the draft keeps to the grammar."""
    patch.setattr(GrammarMask, "rows", lambda self, ids: torch.ones(len(ids) + 1, len(TEXTS), dtype=torch.bool))


def sampled_drafts_cut(patch: Patch) -> None:
    """The draft draws freely, and what it should not have drawn is dropped."""
    real_proposal = ask.Ask.proposal
    patch.setattr(ask, "masked", lambda logits, mask: logits)

    def proposal(self: ask.Ask) -> Any:
        assert self.request.grammar is not None
        good = self.request.grammar.allowed(self.ids)
        self.ids, self.rows = self.ids[:good], self.rows[:good]
        return real_proposal(self)

    patch.setattr(ask.Ask, "proposal", proposal)


def told_unmasked(patch: Patch) -> None:
    """The draft keeps to the grammar, but tells the distribution without it."""
    real = ask.distribution
    whole: list[torch.Tensor] = []

    def free(logits: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        whole.append(logits)
        return logits.masked_fill(~mask, float("-inf"))

    def told(logits: torch.Tensor, params: SamplingParams) -> torch.Tensor:
        drawn = real(logits, params)
        shown = real(whole[-1], params)
        return torch.where(drawn > 0, shown, drawn)

    patch.setattr(ask, "masked", free)
    patch.setattr(ask, "distribution", told)


@pytest.mark.parametrize(
    "bug", [blind_to_drafts, not_masked, sampled_drafts_cut, told_unmasked], ids=lambda f: f.__name__
)
def test_bugs_are_caught(engine: Engine, monkeypatch: pytest.MonkeyPatch, bug: Callable[[Patch], None]) -> None:
    bug(monkeypatch)
    with pytest.raises((AssertionError, ValueError, IndexError)):
        assert law_error(engine, monkeypatch, "model", "plain", "fixed:2", length=3) < EXACT


def test_a_draft_that_knows_of_no_grammar_changes_nothing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one on the device: drawn and told without the mask."""
    monkeypatch.setattr(ask, "masked", lambda logits, mask: logits)
    assert law_error(engine, monkeypatch, "model", "plain", "fixed:2", length=4) < EXACT


@pytest.mark.parametrize("kind", ["none", "ngram", "model", "one-hot", "mixed", "self"])
@pytest.mark.parametrize("sampling", [SamplingParams(0.0), SamplingParams(0.9, seed=6)], ids=["greedy", "coupled"])
def test_identity_of_text(engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str, sampling: SamplingParams) -> None:
    for seed, k in itertools.product(range(4), ("fixed:1", "fixed:4", "additive")):
        with monkeypatch.context() as patch:
            install_tables(engine, patch, kind, seed)
            run = check_identity(engine, patch, PROMPT, sampling=sampling, k=k, grammar=FORM, max_tokens=9)
            assert b"".join(TEXTS[i] for i in run.tokens if i != END) in WORDS


def test_forced_tokens_are_a_source_of_their_own_and_always_stand(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_tables(engine, monkeypatch, "none", 3)
    word = Grammar("regex", "cab[ab]cabc")
    run = reply(engine, monkeypatch, PROMPT, grammar=word, k="auto")
    told = [(r.source, r.k, r.accepted, r.k_reason) for r in run.rounds]
    # the first c comes with the prompt; ab is forced and the letter drawn; then c ab c is, and completes it
    assert told == [("grammar", 1, 1, "forced"), ("grammar", 3, 3, "forced")]
    assert run.finished.reason == "eos"
    assert len(run.tokens) == 6
    assert run.finished.metrics.acceptance_rate == 1.0
    assert [p.target_prob for r in run.rounds for p in r.proposed] == [1.0] * 4
    capped = reply(engine, monkeypatch, PROMPT, grammar=word, k="fixed:2")
    assert [r.k for r in capped.rounds] == [1, 2]
    for options in ({"mode": "autoregressive"}, {"k": "fixed:0"}):
        plain = reply(engine, monkeypatch, PROMPT, grammar=word, **{"k": "auto", **options})
        assert all(r.k == 0 for r in plain.rounds)
