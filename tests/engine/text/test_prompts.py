"""What goes before and after a text: BOS, special tokens in templates, the first space of a continuation, notices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken

from helix_app.base.messages import NOTICES, notice_text
from helix_app.engine.engine import Engine
from helix_app.engine.text.tokenizer import StreamDecoder, Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.events import Notice
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadRequest
from tests.engine.made.tiny import GREEDY, events, finish
from tests.engine.text.made.files import (
    BYTE,
    CONTROL,
    NORMAL,
    UNKNOWN,
    byte_level,
    byte_names,
    write_folder,
    write_gguf,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz"
PIECES = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), "▁", *(f"▁{c}" for c in LETTERS), *LETTERS]
TYPES = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * (len(PIECES) - 259)]
HI = (ChatMessage("user", "hi"),)


def sentencepiece(path: Path, **changes: Any) -> Path:
    return write_gguf(path / "m.gguf", PIECES, TYPES, kind="llama", **changes)


def bytes_and(path: Path, special: Sequence[str], **changes: Any) -> Path:
    words = [*byte_names(), *special]
    return write_gguf(path / "m.gguf", words, [NORMAL] * 256 + [CONTROL] * len(special), **changes)


# --------------------------------------------------------------------------- BOS


@pytest.mark.parametrize("said", [None, True, False])
@pytest.mark.parametrize(
    ("pre", "usual"),
    [
        ("llama-bpe", True),
        ("llama3", True),
        ("llama-v3", True),
        ("falcon3", True),
        ("pixtral", True),
        ("tekken", True),
        ("chameleon", True),
        ("smaug-bpe", False),
        ("qwen2", False),
        ("gpt-2", False),
        ("smollm", False),
        ("deepseek-llm", False),
        ("deepseek-v3", False),
        ("gpt-4o", False),
    ],
)
def test_bos_stands_where_the_file_or_else_the_family_says(
    pre: str, usual: bool, said: bool | None, tmp_path: Path
) -> None:
    def edit(writer: Any) -> None:
        writer.add_bos_token_id(256)
        if said is not None:
            writer.add_add_bos_token(said)

    made = load_tokenizer(inspect(bytes_and(tmp_path, ["<|begin|>"], pre=pre, edit=edit)))
    wanted = usual if said is None else said
    assert made.encode("Hi", add_bos=True) == [256] * wanted + [72, 105]
    assert made.encode("<|begin|>Hi", add_bos=True) == [256, 72, 105]  # never twice
    assert made.encode("Hi") == [72, 105]


@pytest.mark.parametrize("said", [None, True, False])
def test_a_sentencepiece_file_begins_with_bos(said: bool | None, tmp_path: Path) -> None:
    def edit(writer: Any) -> None:
        if said is not None:
            writer.add_add_bos_token(said)

    made = load_tokenizer(inspect(sentencepiece(tmp_path, edit=edit)))
    names = [made.token(i) for i in made.encode("hi", add_bos=True)]
    assert names == (["▁h", "i"] if said is False else ["<s>", "▁h", "i"])


def test_without_a_bos_token_there_is_none(tmp_path: Path) -> None:
    made = load_tokenizer(inspect(bytes_and(tmp_path, [], pre="llama-bpe")))
    assert made.encode("Hi", add_bos=True) == [72, 105]


# --------------------------------------------------------------------------- templates

NAMED = "{{ bos_token }}{{ unk_token }}{{ pad_token }}{{ eos_token }}{{ messages[0].content }}"


def test_a_template_may_name_any_special_token_of_a_gguf_file(tmp_path: Path) -> None:
    def edit(writer: Any) -> None:
        writer.add_bos_token_id(256)
        writer.add_unk_token_id(257)
        writer.add_pad_token_id(258)
        writer.add_sep_token_id(260)

    path = bytes_and(
        tmp_path, ["<a>", "<b>", "<c>", "<d>", "<e>"], eos=259, edit=edit, template=NAMED + "{{ sep_token }}"
    )
    assert load_tokenizer(inspect(path)).encode_chat(HI) == [256, 257, 258, 259, 104, 105, 260]


def test_a_template_may_name_any_special_token_of_a_folder(tmp_path: Path) -> None:
    backend = byte_level([*byte_names(), "<a>", "<b>", "<c>", "<d>"])
    backend.add_special_tokens([AddedToken(f"<{c}>", normalized=False) for c in "abcd"])
    names = {"bos_token": "<a>", "unk_token": "<b>", "pad_token": "<c>", "eos_token": "<d>"}
    folder = write_folder(tmp_path / "m", backend, tokenizer_config={"chat_template": NAMED, **names})
    assert load_tokenizer(inspect(folder)).encode_chat(HI) == [256, 257, 258, 259, 104, 105]


def test_the_usual_ids_of_sentencepiece_are_named_too(tmp_path: Path) -> None:
    made = load_tokenizer(inspect(sentencepiece(tmp_path, template=NAMED)))
    names = [made.token(i) for i in made.encode_chat(HI)]
    assert names == ["<s>", "<unk>", "</s>", "▁h", "i"]


def test_a_template_with_a_token_that_is_none_leaves_it_out(tmp_path: Path) -> None:
    assert load_tokenizer(inspect(bytes_and(tmp_path, [], template=NAMED))).encode_chat(HI) == [104, 105]


# --------------------------------------------------------------------------- continuations


def streamed(made: Tokenizer, before: Sequence[int], ids: Sequence[int]) -> str:
    stream = StreamDecoder(made, before)
    return "".join(stream.push([i]) for i in ids) + stream.flush()


@pytest.mark.parametrize(
    ("prompt", "pieces", "text"),
    [
        ("ab", ["▁c", "d"], " cd"),
        ("ab", ["c", "▁d"], "c d"),
        ("ab ", ["▁c"], " c"),
        ("ab</s>", ["▁c"], " c"),
        ("<s>", ["▁c"], "c"),  # nothing to continue
        ("</s>" * 3, ["▁c"], "c"),
        ("ab", ["▁", "▁c"], "  c"),
        ("ab", ["<0xC3>", "<0xA9>"], "é"),
        ("ab", ["</s>", "▁c"], " c"),
        ("é", ["▁c"], " c"),
    ],
)
def test_a_continuation_keeps_its_first_space(prompt: str, pieces: list[str], text: str, tmp_path: Path) -> None:
    made = load_tokenizer(inspect(sentencepiece(tmp_path)))
    before, ids = made.encode(prompt, add_bos=True), [PIECES.index(piece) for piece in pieces]
    assert streamed(made, before, ids) == text
    assert made.decode(before) + text == made.decode([*before, *ids])


def test_a_chat_reply_begins_without_one(tmp_path: Path) -> None:
    made = load_tokenizer(inspect(sentencepiece(tmp_path)))
    assert streamed(made, (), [PIECES.index("▁c"), PIECES.index("▁d")]) == "c d"


def test_a_long_prompt_costs_a_continuation_nothing(tmp_path: Path) -> None:
    """Only its end is decoded, whatever its length."""
    made = load_tokenizer(inspect(sentencepiece(tmp_path)))
    seen: list[int] = []
    plain = made.decode
    made.decode = lambda ids: seen.append(len(ids)) or plain(ids)  # type: ignore[method-assign, func-returns-value]
    stream = StreamDecoder(made, made.encode("ab " * 5000))
    for _ in range(200):
        stream.push([PIECES.index("▁c")])
    assert max(seen) < 40


def test_raw_and_chat_replies_read_as_their_tokens_do(tmp_path: Path) -> None:
    """Nearly every word of this vocabulary begins with a space, so that the first word of a reply does."""
    words = ["<unk>", "<s>", "</s>", "▁", *(f"▁{c}" for c in LETTERS), "a", "b", "h", "i"]
    path = write_gguf(tmp_path / "m.gguf", words, TYPES[:3] + [NORMAL] * (len(words) - 3), kind="llama")
    engine, made = Engine(), load_tokenizer(inspect(path))
    events(engine, LoadRequest(str(path), draft="none", device="cpu", dtype="float32"))
    raw = finish(engine, GenerateRequest("raw", prompt="a b", raw=True, max_tokens=12, sampling=GREEDY))
    before = made.encode("a b", add_bos=True)
    assert "a b" + raw.text == made.decode([*before, *raw.token_ids])
    assert raw.text[0] == " "
    chat = finish(engine, GenerateRequest("chat", messages=HI, max_tokens=12, sampling=GREEDY))
    assert chat.text == made.decode(chat.token_ids)
    assert chat.text[0] in LETTERS


# --------------------------------------------------------------------------- what was guessed


def notices(path: Path) -> list[Notice]:
    request = LoadRequest(str(path), draft="none", device="cpu", dtype="float32")
    return [e for e in events(Engine(), request) if isinstance(e, Notice) and e.code.startswith("cut_")]


@pytest.mark.parametrize(
    ("pre", "arch", "special", "code", "family"),
    [
        ("from-next-year", "llama", [], "cut_unknown", "gpt-2"),
        ("from-next-year", "llama", ["<|begin_of_text|>"], "cut_unknown", "llama-bpe"),
        (None, "llama", [], "cut_unnamed", "gpt-2"),
        ("default", "llama", ["<|begin_of_text|>"], "cut_unnamed", "llama-bpe"),
        (None, "qwen2", [], "cut_unnamed", "qwen2"),
    ],
)
def test_a_guess_is_told_at_every_load(
    pre: str | None, arch: str, special: list[str], code: str, family: str, tmp_path: Path
) -> None:
    path = bytes_and(tmp_path, special, pre=pre, arch=arch)
    for _ in range(2):  # the second comes from the cache
        (told,) = notices(path)
        assert told.code == code
        sentence = notice_text(told.code, told.fields)
        assert family in sentence
        assert (pre or "") in sentence or code == "cut_unnamed"
        assert "–" not in sentence
    assert code in NOTICES


def test_nothing_is_told_where_nothing_was_guessed(tmp_path: Path) -> None:
    assert notices(bytes_and(tmp_path, [], pre="tekken")) == []
    (tmp_path / "m.gguf").unlink()
    assert notices(sentencepiece(tmp_path)) == []
