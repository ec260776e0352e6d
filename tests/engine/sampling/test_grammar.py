"""Masks of a grammar: functions of the tokens before, whatever was asked of drafts in between."""

from __future__ import annotations

import functools
import json
import random
from typing import Any

import pytest
import torch
from hypothesis import given, settings, strategies as st

from helix_app.base.errors import InputError
from helix_app.engine.sampling.grammar import GrammarMask, Thought, Tokens, masked
from helix_app.engine.sampling.grammar_compile import GrammarVocabulary
from helix_app.engine.text.tokenizer import Tokenizer, TokenizerInfo
from helix_app.protocol.requests import Grammar
from tests.engine.made.tiny import EOS_ID, VOCAB, tokenizer

WIDTH = VOCAB + 6
END = 0  # another token that ends a reply
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 4},
        "likes": {"type": "array", "items": {"enum": ["the cat", "the dog"]}, "maxItems": 2},
    },
    "required": ["name", "likes"],
    "additionalProperties": False,
}
SCHEMA = Grammar("json_schema", json.dumps(PERSON))
TEXT = '{"name": "ab", "likes": ["the cat", "the dog"]}'


@functools.cache
def plain() -> Tokenizer:
    return Tokenizer(tokenizer(), TokenizerInfo(None, "", "", None, False))


@functools.cache
def vocabulary() -> GrammarVocabulary:
    texts, special = plain().token_bytes()
    return GrammarVocabulary(texts, special, frozenset({EOS_ID, END}), WIDTH, plain().encode_continued)


def mask_of(grammar: Grammar = SCHEMA, thought: Thought | None = None) -> GrammarMask:
    return vocabulary().mask(grammar, thought or Thought())


def after(ids: list[int], grammar: Grammar = SCHEMA) -> GrammarMask:
    made = mask_of(grammar)
    assert all(made.consume(token) for token in ids)
    return made


def next_mask(mask: GrammarMask) -> torch.Tensor:
    return mask.rows(())[0]


def random_reply(seed: int, grammar: Grammar = SCHEMA, most: int = 60) -> list[int]:
    """Tokens drawn from the masks alone, up to the end."""
    chance, made, ids = random.Random(seed), mask_of(grammar), []
    while not made.complete and len(ids) < most:
        ids.append(chance.choice(next_mask(made).nonzero()[:, 0].tolist()))
        if ids[-1] in (EOS_ID, END):
            break
        assert made.consume(ids[-1])
    return ids


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), data=st.data())
def test_a_mask_depends_on_the_tokens_before_alone(seed: int, data: st.DataObject) -> None:
    ids = random_reply(seed)
    at = data.draw(st.integers(0, len(ids) - 1))
    asked = after(ids[:at])
    for _ in range(3):  # whatever is asked of drafts, right ones and others
        length = data.draw(st.integers(0, 6))
        draft = data.draw(
            st.one_of(st.just(ids[at : at + length]), st.lists(st.integers(0, VOCAB - 1), max_size=length))
        )
        data.draw(st.sampled_from([asked.rows, asked.after, asked.allowed]))(draft)
        asked.forced(data.draw(st.integers(0, 8)))
    draft = ids[at : at + 5]
    rows = asked.rows(draft)
    assert rows.shape == (len(draft) + 1, WIDTH)
    for j in range(len(draft) + 1):
        if j and draft[j - 1] in (EOS_ID, END):
            break
        assert torch.equal(rows[j], next_mask(after(ids[: at + j])))
    assert asked.consume(ids[at]) or ids[at] in (EOS_ID, END)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_what_is_drawn_from_masks_is_of_the_grammar(seed: int) -> None:
    ids = random_reply(seed, most=200)
    value = json.loads(plain().decode(ids))
    assert set(value) == {"name", "likes"}
    assert len(value["name"]) <= 4
    assert set(value["likes"]) <= {"the cat", "the dog"}


def test_a_token_is_forced_where_its_mask_holds_no_other() -> None:
    ids = plain().encode_continued(TEXT)
    forced = 0
    for at in range(len(ids)):
        made = after(ids[:at])
        row = next_mask(made)
        assert bool(row[ids[at]])
        run = made.forced(8)
        assert (len(run) > 0) == (int(row.sum()) == 1)
        assert list(run) == ids[at : at + len(run)]  # as the tokenizer itself cuts the text
        assert made.forced(1) == run[:1]
        forced += len(run) > 0
    assert forced > len(ids) // 3


def test_rows_after_what_is_not_allowed_are_free_and_counts_stop_there() -> None:
    ids = plain().encode_continued(TEXT)
    made = mask_of()
    wrong = plain().encode_continued("x")[0]
    draft = [*ids[:3], wrong, ids[3]]
    rows = made.rows(draft)
    assert not bool(rows[3, wrong])
    assert bool(rows[4:].all())
    assert made.allowed(draft) == 3
    assert made.allowed(ids[:3]) == 3
    assert made.after(draft) is None
    assert torch.equal(made.after(ids[:3]), rows[3])  # type: ignore[arg-type]


def test_at_its_end_only_an_end_is_allowed() -> None:
    ids = plain().encode_continued(TEXT)
    made = after(ids)
    assert made.complete
    assert next_mask(made).nonzero()[:, 0].tolist() == [END, EOS_ID]
    assert made.forced(3) == ()
    before = after(ids[:-1])
    assert before.rows([ids[-1], EOS_ID])[1].nonzero()[:, 0].tolist() == [END, EOS_ID]
    assert before.allowed([ids[-1], EOS_ID, 5]) == 2
    assert before.after([ids[-1], EOS_ID]) is None
    assert not before.complete  # what was only drafted is forgotten


def test_where_more_may_follow_the_reply_may_also_end() -> None:
    made = after(plain().encode_continued("12"), Grammar("regex", "[0-9]{1,3}"))
    assert not made.complete
    row = next_mask(made)
    assert bool(row[EOS_ID])
    assert bool(row[END])
    assert not bool(row[VOCAB:].any())  # no token is there


class Overwhelmed:
    """A matcher that gave up, as llguidance's does where its limits are reached."""

    def is_error(self) -> bool:
        return True

    def is_stopped(self) -> bool:
        return True

    def get_error(self) -> str:
        return "too many\nlexer states"

    def compute_ff_tokens(self) -> list[int]:
        return []

    def compute_bitmask(self) -> bytes:
        return b"\0"


def test_a_grammar_too_complex_to_go_on_fails_with_a_sentence() -> None:
    matcher: Any = Overwhelmed()
    made = GrammarMask(matcher, Tokens([b"a", b"."], frozenset({1}), 2))
    for question in (lambda: made.rows(()), lambda: made.after(()), lambda: made.forced(2)):
        with pytest.raises(InputError) as caught:
            question()
        assert caught.value.code == "grammar_failed"
        assert caught.value.fields["reason"] == "too many lexer states"
    assert not made.complete  # it is no end


# --------------------------------------------------------------------------- reasoning first


def said(text: str) -> list[int]:
    return plain().encode_continued(text)


def test_inside_reasoning_everything_but_an_end_is_allowed() -> None:
    made = mask_of(thought=Thought("inside", close=b"</t>"))
    row = next_mask(made)
    assert int(row.sum()) == VOCAB - 2
    assert made.forced(5) == ()
    draft = [*said("so </t>"), *said('{"name')]
    rows = made.rows(draft)
    assert int(rows[len(said("so </t>")) - 1].sum()) == VOCAB - 2
    assert bool((rows[len(said("so </t>"))] == next_mask(mask_of())).all())
    assert all(made.consume(token) for token in said("so </t>"))
    assert torch.equal(next_mask(made), next_mask(mask_of()))
    assert len(made.forced(8)) > 0


def test_reasoning_may_be_opened_by_the_first_token_alone() -> None:
    mark = said("x")[0]
    thought = Thought("may", mark, b"</t>")
    opened, at_once = mask_of(thought=thought), mask_of(thought=thought)
    row = next_mask(opened)
    assert bool(row[mark])
    assert torch.equal(row.index_fill(0, torch.tensor([mark]), 0), next_mask(mask_of()))  # type: ignore[arg-type]
    assert opened.forced(4) == ()  # it may also reason
    assert opened.consume(mark)
    assert int(next_mask(opened).sum()) == VOCAB - 2
    first = said(TEXT)[0]
    assert at_once.consume(first)
    assert torch.equal(next_mask(at_once), next_mask(after([first])))
    rows = mask_of(thought=thought).rows([mark, *said("a</t>")])
    assert torch.equal(rows[-1], next_mask(mask_of()))


def test_masked_logits_are_ruled_out() -> None:
    logits = torch.randn(2, 3)
    got = masked(logits, torch.tensor([[True, False, True], [False, True, True]]))
    assert torch.isneginf(got).tolist() == [[False, True, False], [True, False, False]]
    assert torch.equal(got[got.isfinite()], logits[got.isfinite()])
