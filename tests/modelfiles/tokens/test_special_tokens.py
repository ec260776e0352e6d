"""Which tokens end a reply, by one rule for both formats; special ids that are none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken

from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.tokens.special_tokens import END_NAMES, end_tokens
from helix_app.protocol.requests import ChatMessage
from tests.engine.text.made.files import (
    CONTROL,
    NORMAL,
    USER_DEFINED,
    byte_level,
    byte_names,
    write_folder,
    write_gguf,
)
from tests.modelfiles.tokens.test_tokenizer_files import folder


@dataclass(frozen=True)
class Vocabulary:
    """Words beyond the bytes: ``control`` and ``user`` are markers, ``plain`` are ordinary ones."""

    plain: tuple[str, ...] = ()
    control: tuple[str, ...] = ()
    user: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        return [*byte_names(), *self.plain, *self.control, *self.user]

    @property
    def types(self) -> list[int]:
        sizes = ((256 + len(self.plain), NORMAL), (len(self.control), CONTROL), (len(self.user), USER_DEFINED))
        return [kind for count, kind in sizes for _ in range(count)]


def ends_of(vocabulary: Vocabulary, eos: str | None, format: str, path: Path) -> list[str]:
    """Texts of the tokens that end a reply."""
    words = vocabulary.words
    eos_id = None if eos is None else words.index(eos)
    if format == "gguf":
        made = write_gguf(path / "m.gguf", words, vocabulary.types, eos=eos_id)
    else:
        backend = byte_level(words)
        backend.add_special_tokens([AddedToken(w, normalized=False) for w in vocabulary.control])
        backend.add_tokens([AddedToken(w, normalized=False) for w in vocabulary.user])
        made = write_folder(path / "m", backend, config={"eos_token_id": eos_id})
    return [words[i] for i in inspect(made).config.eos_token_ids]


@pytest.mark.parametrize("format", ["gguf", "folder"])
@pytest.mark.parametrize(
    ("vocabulary", "eos", "ends"),
    [
        (Vocabulary(control=("<|endoftext|>", "<|im_end|>")), "<|endoftext|>", {"<|endoftext|>", "<|im_end|>"}),
        (Vocabulary(control=("<|end_of_text|>", "<|eot_id|>", "<|eom_id|>")), None, None),
        (Vocabulary(control=("</s>",), user=("<|im_end|>", "<|im_start|>")), "</s>", {"</s>", "<|im_end|>"}),
        (Vocabulary(control=("<|end|>", "<|user|>")), None, {"<|end|>"}),
        (Vocabulary(control=("<end_of_turn>", "<start_of_turn>")), None, {"<end_of_turn>"}),
        (Vocabulary(control=("<end_of_turn>",), user=("<s>", "</s>")), None, {"<end_of_turn>"}),
        (Vocabulary(control=("<end_of_turn>", "</s>")), "</s>", {"<end_of_turn>", "</s>"}),
        (Vocabulary(plain=("</s>", "<|end|>", "<EOT>"), control=("<|x|>",)), "<|x|>", {"<|x|>"}),
        (Vocabulary(plain=("</s>",)), "</s>", {"</s>"}),  # the file calls it an end
        (Vocabulary(plain=("</s>",)), None, set()),
        (Vocabulary(control=("<|return|>", "<|call|>", "<|end|>")), None, {"<|return|>", "<|call|>"}),
        (Vocabulary(control=("<｜end▁of▁sentence｜>", "<|EOT|>")), None, None),
    ],
)
def test_ends(vocabulary: Vocabulary, eos: str | None, ends: set[str] | None, format: str, tmp_path: Path) -> None:
    found = ends_of(vocabulary, eos, format, tmp_path)
    assert set(found) == (set(vocabulary.control) if ends is None else ends)
    assert len(found) == len(set(found))
    if eos is not None:
        assert found[0] == eos


@pytest.mark.parametrize("format", ["gguf", "folder"])
def test_every_usual_name_ends_where_it_is_a_marker(format: str, tmp_path: Path) -> None:
    """But for the one that only parts messages where others end them, and Gemma's for text that is struck through."""
    names = END_NAMES - {"<|end|>", "</s>"}
    assert set(ends_of(Vocabulary(control=tuple(sorted(names))), None, format, tmp_path)) == names


@pytest.mark.parametrize("format", ["gguf", "folder"])
def test_an_ordinary_word_goes_on(format: str, tmp_path: Path) -> None:
    assert ends_of(Vocabulary(plain=tuple(sorted(END_NAMES))), None, format, tmp_path) == []


# --------------------------------------------------------------------------- ids outside the vocabulary


@pytest.mark.parametrize("bad", [258, 10**6, 2**32 - 1])
def test_special_ids_outside_a_gguf_vocabulary_are_absent(bad: int, tmp_path: Path) -> None:
    words = [*byte_names(), "<s>", "</s>"]

    def edit(writer: Any) -> None:
        writer.add_bos_token_id(bad)
        writer.add_unk_token_id(bad)
        writer.add_pad_token_id(bad)
        writer.add_eot_token_id(bad)
        writer.add_add_bos_token(True)

    template = "{{ bos_token }}{{ eos_token }}{{ unk_token }}{{ messages[0].content }}"
    path = write_gguf(tmp_path / "m.gguf", words, [1] * 256 + [3, 3], eos=bad, edit=edit, template=template, rows=300)
    files = inspect(path)
    assert files.config.eos_token_ids == (257,)
    made = load_tokenizer(files)
    assert made.encode("Hi", add_bos=True) == [72, 105]
    assert made.encode_chat((ChatMessage("user", "Hi"),)) == [72, 105]


@pytest.mark.parametrize("bad", [258, -1, 10**6])
def test_special_ids_outside_a_folder_s_vocabulary_are_absent(bad: int, tmp_path: Path) -> None:
    made = folder(
        tmp_path / "m",
        config={"bos_token_id": bad, "eos_token_id": [bad, 256]},
        generation_config={"eos_token_id": bad},
    )
    config = inspect(made).config
    assert config.eos_token_ids == (256,)


def test_no_id_is_no_end() -> None:
    assert end_tokens([None, True, "3", 3, 3.0], {}, 10) == (3,)
