"""A reply's text as tokens again: in the middle of a sequence, with no space before it and no special token in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from hypothesis import given, settings, strategies as st
from tokenizers import models, normalizers, pre_tokenizers

from helix_app.engine.text.chat_prompt import begun_reply, chat_tokens
from helix_app.engine.text.continuation import continuing
from helix_app.engine.text.tokenizer import StreamDecoder, Tokenizer, TokenizerInfo, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import ChatMessage
from tests.engine.made.tiny import END, EOS_ID, START, STOP, TEMPLATE, tokenizer
from tests.engine.text.test_prompts import LETTERS, PIECES, sentencepiece

BYTE_LEVEL = Tokenizer(tokenizer(), TokenizerInfo(TEMPLATE, "", STOP, None, False))
ASKED = (ChatMessage("system", "be short"), ChatMessage("user", "the cat"))


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """A sentencepiece tokenizer, which puts a space before a text."""
    return load_tokenizer(inspect(sentencepiece(tmp_path_factory.mktemp("pieces"))))


def names(made: Tokenizer, ids: Sequence[int]) -> list[str]:
    return [made.token(i) for i in ids]


def joined(made: Tokenizer, before: Sequence[int], ids: Sequence[int]) -> str:
    stream = StreamDecoder(made, before)
    return "".join(stream.push([i]) for i in ids) + stream.flush()


# --------------------------------------------------------------------------- what a tokenizer does at a begin


@pytest.mark.parametrize(
    ("normalizer", "pre_tokenizer", "space"),
    [
        (None, pre_tokenizers.Metaspace("▁", "always"), "▁"),
        (None, pre_tokenizers.Metaspace("▁", "first"), "▁"),
        (None, pre_tokenizers.Sequence([pre_tokenizers.Metaspace("▁", "always"), pre_tokenizers.Digits()]), "▁"),
        (normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None, "▁"),
        (
            normalizers.Sequence([normalizers.NFC(), normalizers.Sequence([normalizers.Prepend("▁")])]),
            pre_tokenizers.Metaspace("▁", "never"),
            "▁",
        ),
        (normalizers.Strip(), pre_tokenizers.Metaspace("▁", "always"), "▁"),
        (None, pre_tokenizers.ByteLevel(add_prefix_space=True), "Ġ"),
    ],
)
def test_nothing_is_put_before_a_text(normalizer: Any, pre_tokenizer: Any, space: str) -> None:
    backend = tokenizers.Tokenizer(models.BPE(vocab={"a": 0, "b": 1, space: 2}, merges=[]))
    if normalizer is not None:
        backend.normalizer = normalizer
    if pre_tokenizer is not None:
        backend.pre_tokenizer = pre_tokenizer
    made = continuing(backend)
    assert backend.encode("ab").tokens == [space, "a", "b"]
    assert made.encode("ab").tokens == ["a", "b"]
    assert made.encode(" ab ").tokens == [space, "a", "b", space]
    assert made.encode("").tokens == []
    assert backend.encode("ab").tokens == [space, "a", "b"]  # as before


def test_added_tokens_keep_their_ids() -> None:
    backend = tokenizer().from_str(tokenizer().to_str())
    backend.add_special_tokens(["<one>", "<two>"])
    backend.add_tokens(["<three>", "<four>"])
    made = continuing(backend, {"<two>"})
    assert made.get_vocab() == backend.get_vocab()
    for text in ("<two>", "<three>", "<four>"):
        assert made.encode(f"a{text}a").ids == backend.encode(f"a{text}a").ids
    for text in ("<one>", STOP, END, START):
        assert made.encode(text).ids == backend.encode(text[0]).ids + backend.encode(text[1:]).ids


# --------------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("ab", ["a", "b"]),
        (" ab", ["▁a", "b"]),
        ("  ab", ["▁", "▁a", "b"]),
        ("a ", ["a", "▁"]),
        ("é", ["<0xC3>", "<0xA9>"]),
        ("\nab", ["<0x0A>", "a", "b"]),
        ("</s>", ["<0x3C>", "<0x2F>", "s", "<0x3E>"]),
        ("a<s> b", ["a", "<0x3C>", "s", "<0x3E>", "▁b"]),
    ],
)
def test_pieces_of_a_text_that_goes_on(pieces: Tokenizer, text: str, tokens: list[str]) -> None:
    assert names(pieces, pieces.encode_continued(text)) == tokens


def test_white_space_that_a_file_removes_belongs_to_a_text_that_goes_on(tmp_path: Path) -> None:
    def edit(writer: Any) -> None:
        writer.add_bool("tokenizer.ggml.remove_extra_whitespaces", True)

    made = load_tokenizer(inspect(sentencepiece(tmp_path, edit=edit)))
    assert names(made, made.encode(" a ")) == ["▁a"]
    assert names(made, made.encode_continued(" a ")) == ["▁a", "▁"]


MARKED = st.lists(
    st.sampled_from([STOP, START, END, "<|im", " ", "a", "\n", "é", "🙂"]) | st.text(max_size=4), max_size=8
)


@given(MARKED.map("".join))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_any_text_comes_back_and_holds_no_special_token(text: str) -> None:
    ids = BYTE_LEVEL.encode_continued(text)
    assert BYTE_LEVEL.decode(ids) == text
    assert not set(ids) & set(range(4))
    if not any(marker in text for marker in (STOP, START, END)):
        assert ids == BYTE_LEVEL.encode(text)


@given(st.data())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_text_in_two_joins_without_a_seam(pieces: Tokenizer, data: st.DataObject) -> None:
    words = st.lists(st.sampled_from([*LETTERS[:4], " ", "é", "🙂", "\n", "好", "</s>"]), max_size=8).map("".join)
    begun, more = data.draw(words.filter(bool)), data.draw(words)
    for made in (pieces, BYTE_LEVEL):
        before = [*made.encode("hi"), *made.encode_continued(begun)]
        assert made.decode(before) == made.decode(made.encode("hi")) + begun
        assert joined(made, before, made.encode_continued(more)) == more


@pytest.mark.parametrize(
    ("begun", "new", "text"),
    [
        ("ab", ["▁c", "d"], " cd"),
        ("ab", ["c"], "c"),
        ("ab ", ["▁c"], " c"),
        (" ", ["▁c"], " c"),
        ("é", ["<0xC3>", "<0xA9>"], "é"),
        ("é", ["<0xF0>", "<0x9F>", "<0x99>", "<0x82>", "▁c"], "🙂 c"),
        ("好", ["<0xE5>", "<0xA5>", "<0xBD>"], "好"),
        ("a\ufffd", ["<0xC3>", "<0xA9>"], "é"),
        ("\n", ["▁c"], " c"),
    ],
)
def test_what_is_new_joins_what_was_there(pieces: Tokenizer, begun: str, new: list[str], text: str) -> None:
    before = [*pieces.encode("hi"), *pieces.encode_continued(begun)]
    assert joined(pieces, before, [PIECES.index(piece) for piece in new]) == text


# --------------------------------------------------------------------------- conversations


def test_a_begun_reply_follows_the_prompt_of_its_question() -> None:
    prompt = BYTE_LEVEL.encode_chat(ASKED)
    for begun in ("sat", " sat", "sat \n", f"{STOP}\n{START}user\n"):
        ids, notice = chat_tokens(BYTE_LEVEL, (*ASKED, ChatMessage("assistant", begun)))
        assert ids == prompt + BYTE_LEVEL.encode_continued(begun)
        assert notice is None
        assert EOS_ID not in ids[len(prompt) :]
    assert chat_tokens(BYTE_LEVEL, ASKED)[0] == prompt
    assert chat_tokens(BYTE_LEVEL, (*ASKED, ChatMessage("assistant", "")))[0] == prompt


def test_an_earlier_answer_is_none_that_goes_on() -> None:
    turns = (*ASKED, ChatMessage("assistant", "sat"), ChatMessage("user", "and?"))
    assert begun_reply(turns) == (turns, "")
    assert chat_tokens(BYTE_LEVEL, turns)[0] == BYTE_LEVEL.encode_chat(turns)
    assert begun_reply(turns[:3]) == (ASKED, "sat")
    assert begun_reply(()) == ((), "")


def test_a_folded_system_prompt_and_a_begun_reply() -> None:
    refuses = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system') }}{% endif %}" + TEMPLATE
    made = Tokenizer(tokenizer(), TokenizerInfo(refuses, "", STOP, None, False))
    ids, notice = chat_tokens(made, (*ASKED, ChatMessage("assistant", "sat")))
    folded = made.encode_chat((ChatMessage("user", "be short\n\nthe cat"),))
    assert ids == folded + made.encode_continued("sat")
    assert notice is not None
    assert notice.code == "system_folded"


def test_a_sentencepiece_conversation_gains_no_space(pieces: Tokenizer) -> None:
    asked = (ChatMessage("user", "hi"),)
    prompt = pieces.encode_chat(asked)
    ids, _ = chat_tokens(pieces, (*asked, ChatMessage("assistant", "ab")))
    assert names(pieces, ids[len(prompt) :]) == ["a", "b"]
    assert pieces.decode(ids) == pieces.decode(prompt) + "ab"
