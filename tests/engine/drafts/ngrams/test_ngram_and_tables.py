"""The n-gram draft with tables: what it offers, where its tokens come from, and who may ask what was learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.drafts.proposal import DraftRequest
from tests.engine.drafts.ngrams.test_ngram import PARAMS
from tests.engine.made.tiny import Zoo
from tests.engine.runs.crowds import Models

VOCAB = 300


@pytest.fixture
def learned(tmp_path: Path) -> NgramTable:
    return NgramTable(tmp_path / "learned.table", VOCAB, 1, writable=True, size=1 << 14)


@pytest.fixture
def shipped(tmp_path: Path) -> NgramTable:
    """Of the program: it knows 20 -> 21 -> ... -> 60, each often, and only reads."""
    writer = NgramTable(tmp_path / "shipped.table", VOCAB, 1, writable=True, size=1 << 14)
    for _ in range(3):
        writer.learn(range(20, 61), 0)
    return NgramTable(tmp_path / "shipped.table", VOCAB, 1)


def draft(*tables: NgramTable) -> NgramDraft:
    made = NgramDraft(tables=tables)
    made.begin("s")
    return made


def sources(made: NgramDraft, tokens: Sequence[int]) -> list[str]:
    return [offer.source for offer in made.offers(tokens)]


def propose(made: NgramDraft, tokens: Sequence[int], k: int = 4, source: str = "") -> tuple[int, ...]:
    proposal = made.propose(DraftRequest(tokens, k, PARAMS, lambda: 0.5, source))
    assert proposal.probs is None
    return proposal.ids


# --------------------------------------------------------------------------- offers


def test_without_tables_only_the_text_is_offered() -> None:
    assert sources(draft(), [1, 2, 3, 1, 2]) == ["ngram:2"]
    assert draft().table_offers([1, 2, 3]) == ()
    assert draft().offers([1, 2, 3]) == ()


def test_the_text_is_offered_first_then_the_table(shipped: NgramTable) -> None:
    text = [20, 21, 22, 23, 9, 20, 21, 22, 23]
    offers = draft(shipped).offers(text)
    assert [offer.source for offer in offers] == ["ngram:4", "table:4+"]
    assert offers[0].most >= 64
    assert offers[1].most == 8  # a chain of guesses
    assert all(0 < offer.seconds_per_token < 1e-3 for offer in offers)


@pytest.mark.parametrize(
    ("tokens", "source"),
    [([20, 21, 22, 23], "table:4+"), ([9, 21, 22, 23], "table:3+"), ([9, 9, 22, 23], "table:2+"), ([23], "table:1+")],
)
def test_an_offer_is_named_by_the_context_it_rests_on(shipped: NgramTable, tokens: list[int], source: str) -> None:
    assert sources(draft(shipped), tokens) == [source]


def test_without_a_plus_it_was_not_right_often(learned: NgramTable) -> None:
    learned.learn([1, 2, 3], 2)
    assert sources(draft(learned), [1, 2]) == ["table:2"]
    for _ in range(2):
        learned.learn([1, 2, 3], 2)
    assert sources(draft(learned), [1, 2]) == ["table:2+"]


def test_every_name_has_a_first_guess_of_its_acceptance() -> None:
    from helix_app.engine.control.acceptance import _PRIORS

    names = {f"table:{order}{plus}" for order in (1, 2, 3, 4) for plus in ("", "+")}
    names |= {f"ngram:{n}" for n in range(2, 7)} | {"model", "self", "mtp", "head", "reencoded"}
    assert set(_PRIORS) == names
    for order in (1, 2, 3, 4):
        assert 0 < _PRIORS[f"table:{order}"] < _PRIORS[f"table:{order}+"] < 1


# --------------------------------------------------------------------------- proposals


def test_each_source_gives_its_own_tokens(learned: NgramTable) -> None:
    for _ in range(3):
        learned.learn([1, 2, 70, 71, 72], 2)
    text, made = [1, 2, 50, 51, 1, 2], draft(learned)
    assert sources(made, text) == ["ngram:2", "table:2+"]
    assert propose(made, text, 2, "ngram:2") == (50, 51)
    assert made.match_length == 2
    assert propose(made, text, 3, "table:2+") == (70, 71, 72)
    assert made.match_length == 0
    assert propose(made, text, 2) == (50, 51)  # asked for nothing in particular: what is offered first


def test_where_the_text_says_nothing_the_table_does(shipped: NgramTable) -> None:
    assert propose(draft(shipped), [7, 20, 21], 3) == (22, 23, 24)
    assert propose(draft(shipped), [7, 8], 3) == ()
    assert propose(draft(), [7, 20, 21], 3) == ()


@pytest.mark.parametrize(("k", "want"), [(0, 0), (1, 1), (5, 5), (8, 8), (9, 8), (64, 8)])
def test_a_chain_has_eight_tokens_at_most(shipped: NgramTable, k: int, want: int) -> None:
    got = propose(draft(shipped), [20, 21, 22, 23], k, "table:4+")
    assert got == tuple(range(24, 24 + want))


def test_a_chain_ends_where_nothing_is_known(shipped: NgramTable) -> None:
    assert propose(draft(shipped), [55, 56, 57], 8, "table:3+") == (58, 59, 60)


def test_a_chain_goes_on_from_its_own_tokens(learned: NgramTable) -> None:
    """After 1 2 comes 3; after 2 3 comes 4, after 9 3 comes 5: the drafted 3 counts as context."""
    learned.learn([1, 2, 3], 2)
    learned.learn([2, 3, 4], 2)
    learned.learn([9, 3, 5], 2)
    learned.learn([9, 3, 5], 2)
    assert propose(draft(learned), [1, 2], 2, "table:2") == (3, 4)


def test_the_longer_context_answers_and_among_equals_the_first_table(learned: NgramTable, shipped: NgramTable) -> None:
    learned.learn([22, 23, 99], 2)
    both = draft(learned, shipped)
    assert propose(both, [20, 21, 22, 23], 1, "table:4+") == (24,)  # the other one knows four tokens
    assert sources(both, [20, 21, 22, 23]) == ["table:4+"]
    assert propose(both, [8, 8, 22, 23], 1, "table:2") == (99,)
    assert sources(both, [8, 8, 22, 23]) == ["table:2"]
    assert sources(draft(shipped, learned), [8, 8, 22, 23]) == ["table:2+"]


def test_the_text_is_not_learnt_by_drafting(learned: NgramTable) -> None:
    made = draft(learned)
    text = [1, 2, 3, 4] * 6
    for end in range(4, len(text)):
        made.offers(text[:end])
        propose(made, text[:end])
        made.settle(text[: end + 1])
    made.end()
    assert learned.used == 0


# --------------------------------------------------------------------------- for another sequence


def test_a_repeatable_one_asks_only_what_never_changes(learned: NgramTable, shipped: NgramTable) -> None:
    learned.learn([1, 2, 3], 2)
    made = draft(learned, shipped)
    for fresh, knows in ((made.fresh(), True), (made.fresh(repeatable=True), False)):
        fresh.begin("t")
        assert (sources(fresh, [1, 2]) == ["table:2"]) == knows
        assert sources(fresh, [20, 21]) == ["table:2+"]
        assert sources(fresh, [1, 2, 9, 1, 2])[0] == "ngram:2"
    again = made.fresh(repeatable=True).fresh()
    assert sources(again, [1, 2]) == []  # what was left out stays out


def test_a_fresh_one_looks_for_the_same_lengths(shipped: NgramTable) -> None:
    texts = {(1, 2, 9, 1, 2): [], (1, 2, 3, 9, 1, 2, 3): ["ngram:3"], (0, 1, 2, 3, 4, 9, 0, 1, 2, 3, 4): ["ngram:4"]}
    for text, want in texts.items():
        made = NgramDraft(4, 3, [shipped]).fresh()
        made.begin("s")
        assert sources(made, text) == want


def test_a_mixed_draft_offers_the_model_between_text_and_table(
    zoo: Zoo, learned: NgramTable, shipped: NgramTable
) -> None:
    model = Models(zoo).session("model").draft
    mixed = MixedDraft(NgramDraft(tables=[learned, shipped]), model)  # type: ignore[arg-type]
    mixed.begin("s")
    text = [20, 21, 9, 20, 21]
    assert [offer.source for offer in mixed.offers(text)] == ["ngram:2", "model", "table:2+"]
    for source, asked in (("ngram:2", mixed.ngram), ("table:2+", mixed.ngram), ("model", mixed.model)):
        assert mixed.asked(source) is asked
    assert mixed.propose(DraftRequest(text, 2, PARAMS, lambda: 0.5, "table:2+")).ids == (22, 23)
    learned.learn([7, 8], 1)
    assert [offer.source for offer in mixed.fresh().ngram.table_offers([7])] == ["table:1"]
    assert mixed.fresh(True).ngram.table_offers([7]) == ()
    mixed.end()
