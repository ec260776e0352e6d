"""Grammars compiled for a vocabulary: every kind of them, and what is refused with which reason."""

from __future__ import annotations

import json
import sys

import pytest
import tokenizers

from helix_app.base.errors import InputError
from helix_app.engine.sampling.grammar import Thought
from helix_app.engine.sampling.grammar_compile import GrammarVocabulary, check_grammar
from helix_app.engine.text.tokenizer import Tokenizer, TokenizerInfo
from helix_app.protocol.requests import Grammar
from tests.engine.made.tiny import EOS_ID, tokenizer
from tests.engine.sampling.test_grammar import after, mask_of, next_mask, plain


@pytest.mark.parametrize(
    ("grammar", "good", "bad"),
    [
        (Grammar("json_object"), '{"a": [1, null], "b": {}}', "[1]"),
        (Grammar("json_schema", '{"type": "integer", "minimum": 3}'), "17", "2"),
        (Grammar("json_schema", "true"), '["x"]', "x"),
        (Grammar("json_schema", '{"type": "string"}'), '"é\\n"', "é"),
        (Grammar("regex", "(yes|no)!?"), "no!", "yes no"),
        (Grammar("lark", 'start: "a" b*\nb: "," /[0-9]/'), "a,1,2", "a1"),
    ],
)
def test_kinds_of_grammars(grammar: Grammar, good: str, bad: str) -> None:
    check_grammar(grammar)
    made = after(plain().encode_continued(good), grammar)
    assert made.complete or bool(next_mask(made)[EOS_ID])
    refused = mask_of(grammar)
    ids = plain().encode_continued(bad)
    assert not all(refused.consume(token) for token in ids) or not bool(next_mask(refused)[EOS_ID])


@pytest.mark.parametrize(
    ("grammar", "part"),
    [
        (Grammar("json_schema", "{"), "property name"),
        (Grammar("json_schema", "[]"), "JSON object"),
        (Grammar("json_schema", '{"type": "nope"}'), "nope"),
        (Grammar("json_schema", '{"type": "array", "uniqueItems": true}'), "uniqueItems"),
        (Grammar("json_schema", '{"$ref": "https://example.org/x.json"}'), "not present"),
        (Grammar("json_schema", '{"a":' * 5000 + "1" + "}" * 5000), ""),
        (Grammar("regex", "("), "unclosed"),
        (Grammar("lark", "start: x"), "unknown name"),
        (Grammar("lark", "x" * 300_000), "262,144"),
        (Grammar("regex", ""), "empty"),
    ],
)
def test_what_is_no_grammar_is_refused_with_its_reason(grammar: Grammar, part: str) -> None:
    with pytest.raises(InputError) as caught:
        mask_of(grammar)
    assert caught.value.code == "grammar_invalid"
    assert part in caught.value.fields["reason"]
    assert "\n" not in caught.value.fields["reason"]


@pytest.mark.parametrize("text", ["U\u0308bung", "\u2126", "a</think>b", "the cat"])
def test_a_text_that_the_tokenizer_writes_otherwise_is_spelled(text: str) -> None:
    backend = tokenizers.Tokenizer.from_str(tokenizer().to_str())
    backend.normalizer = tokenizers.normalizers.NFC()
    backend.add_special_tokens(["<think>", "</think>"])
    words = Tokenizer(backend, TokenizerInfo("<think></think>", "", "", None, False))
    texts, special = words.token_bytes()
    compiled = GrammarVocabulary(texts, special, frozenset({EOS_ID}), len(texts), words.encode_continued)
    schema = {"properties": {text: {"const": text}}, "required": [text], "additionalProperties": False}
    grammar = Grammar("json_schema", json.dumps({"type": "object", **schema}))
    made, said = compiled.mask(grammar, Thought()), b""
    while not made.complete:
        token = int(next_mask(made).nonzero()[0])
        assert made.consume(token)
        said += texts[token]
    assert json.loads(said) == {text: text}


def test_a_kind_that_is_none_is_refused() -> None:
    for wrong in (Grammar("yaml", "a"), "json"):  # type: ignore[arg-type]
        with pytest.raises(InputError) as caught:
            check_grammar(wrong)  # type: ignore[arg-type]
        assert caught.value.fields["option"] == "grammar"
    with pytest.raises(InputError):
        check_grammar(Grammar("regex", 5))  # type: ignore[arg-type]


def test_without_the_library_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(InputError) as caught:
        GrammarVocabulary([b"a", b"</s>"], [1], frozenset({1}), 2, lambda text: [0])
    assert caught.value.code == "grammar_missing"


def test_a_vocabulary_without_an_end_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        GrammarVocabulary([b"a"], [], frozenset({7}), 1, lambda text: [0])
    assert caught.value.code == "grammar_tokenizer"
