"""The bytes of tokens add up to the text that they were cut from, whatever kind of vocabulary it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import tokenizers
from hypothesis import given, strategies as st
from tokenizers import decoders, models

from helix_app.base.errors import InputError
from helix_app.engine.text.tokenizer import Tokenizer, TokenizerInfo
from helix_app.engine.text.vocabulary.token_bytes import token_bytes
from tests.engine.made.tiny import END, START, tokenizer

INFO = TokenizerInfo(None, "", "", None, False)
PIECES = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), "▁", "a", "b", "▁a", "ab", "▁ab", "é", "<b>"]


def sentencepiece() -> tokenizers.Tokenizer:
    """Pieces as Llama 2 has them."""
    vocab = {piece: i for i, piece in enumerate(PIECES)}
    merges = [("▁", "a"), ("a", "b"), ("▁a", "b")]
    made = tokenizers.Tokenizer(models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    made.normalizer = tokenizers.normalizers.Sequence(
        [tokenizers.normalizers.Prepend("▁"), tokenizers.normalizers.Replace(" ", "▁")]
    )
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    made.decoder = decoders.Sequence(steps)
    made.add_special_tokens(PIECES[:3])
    made.add_tokens(["<b>"])
    return made


KINDS = {"byte-level": tokenizer, "sentencepiece": sentencepiece}


@pytest.mark.parametrize("kind", KINDS)
@given(text=st.one_of(st.text("ab é<>\n", max_size=12), st.text(max_size=8)))
def test_they_add_up_to_the_text(kind: str, text: str) -> None:
    made = Tokenizer(KINDS[kind](), INFO)
    texts, special = made.token_bytes()
    ids = made.encode_continued(text)
    if "▁" not in text:  # which sentencepiece reads as a space
        assert b"".join(texts[i] for i in ids) == text.encode()
        assert not set(special) & set(ids)


def test_special_tokens_are_named_and_those_without_text_among_them() -> None:
    backend = tokenizers.Tokenizer.from_str(tokenizer().to_str())
    backend.add_tokens(["<tool_call>"])
    texts, special = token_bytes(backend, backend.get_vocab_size() + 1, {5: [6, 7]})
    assert special == [0, 1, 2, 3, backend.get_vocab_size()]
    assert (texts[0], texts[1]) == (END.encode(), START.encode())
    assert texts[5] == texts[6] + texts[7]
    assert texts[-2] == b"<tool_call>"


def test_marks_of_reasoning_stay_special() -> None:
    backend = tokenizers.Tokenizer.from_str(tokenizer().to_str())
    backend.add_special_tokens(["<think>", "</think>"])
    made = Tokenizer(backend, INFO)
    texts, special = made.token_bytes()
    mark = made.token_id("</think>")
    assert mark in special
    assert texts[mark] == b"</think>"
    assert made.token_id("nothing of the kind") is None


@pytest.mark.parametrize("decoder", [None, decoders.WordPiece()])
def test_a_vocabulary_of_another_kind_is_refused(decoder: object, tmp_path: Path) -> None:
    backend = tokenizers.Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    if decoder is not None:
        backend.decoder = decoder
    with pytest.raises(InputError) as caught:
        token_bytes(backend, 1, {})
    assert caught.value.code == "grammar_tokenizer"
