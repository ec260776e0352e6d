"""Every token type of the GGUF format, for every kind of tokenizer, in both formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tokenizers
from tokenizers import AddedToken, decoders, models, normalizers

from helix_app.base.errors import ModelFileError
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from tests.engine.text.made.files import (
    BYTE,
    CONTROL,
    NORMAL,
    UNKNOWN,
    UNUSED,
    USER_DEFINED,
    byte_level,
    byte_names,
    write_folder,
    write_gguf,
)

MARKERS = {"<unk>": UNKNOWN, "<s>": CONTROL, "</s>": CONTROL, "<|im_start|>": USER_DEFINED, "<é>": USER_DEFINED}
LETTERS = [chr(c) for c in range(ord("a"), ord("z") + 1)]
# pieces in the order of their scores; "th" and "the" are unused, so that "they" is reached through them
PIECES = {"▁": NORMAL, "th": UNUSED, "the": UNUSED, "they": NORMAL, "▁a": NORMAL, "ab": NORMAL}
BYTES = [f"<0x{b:02X}>" for b in range(256)]


def sentencepiece_words() -> dict[str, int]:
    singles = dict.fromkeys([*LETTERS, *"<>|_/0xA"], NORMAL)
    return {**MARKERS, **dict.fromkeys(BYTES, BYTE), **PIECES, **singles}


def byte_level_words() -> dict[str, int]:
    pieces = {"th": UNUSED, "the": UNUSED, "they": NORMAL, "Ġa": NORMAL, "ab": NORMAL}
    return {**dict.fromkeys(byte_names(), NORMAL), **pieces, **MARKERS, "<0x41>": BYTE}


MERGES = ("t h", "th e", "the y", "Ġ a", "a b")


def in_gguf(kind: str, path: Path) -> Tokenizer:
    words = sentencepiece_words() if kind == "llama" else byte_level_words()
    made = write_gguf(path / f"{kind}.gguf", list(words), list(words.values()), kind=kind, merges=MERGES)
    return load_tokenizer(inspect(made))


def in_folder(kind: str, path: Path) -> Tokenizer:
    """The same tokenizer as its ``tokenizer.json`` has it: unused tokens are not in those."""
    words = sentencepiece_words() if kind == "llama" else byte_level_words()
    if kind == "llama":
        pairs = [tuple(merge.replace("Ġ", "▁").split(" ")) for merge in MERGES]
        model = models.BPE({w: i for i, w in enumerate(words)}, pairs, byte_fallback=True, fuse_unk=True)
        backend = tokenizers.Tokenizer(model)
        backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
        steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        backend.decoder = decoders.Sequence(steps)
    else:
        backend = byte_level(list(words), MERGES)
    backend.add_special_tokens([AddedToken(w, normalized=False) for w, t in MARKERS.items() if t != USER_DEFINED])
    backend.add_tokens([AddedToken(w, normalized=False) for w, t in MARKERS.items() if t == USER_DEFINED])
    return load_tokenizer(inspect(write_folder(path / kind, backend)))


FORMATS = {"gguf": in_gguf, "folder": in_folder}


@pytest.fixture(params=["llama", "gpt2"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=list(FORMATS))
def made(request: pytest.FixtureRequest, kind: str, tmp_path: Path) -> Tokenizer:
    build: Callable[[str, Path], Tokenizer] = FORMATS[request.param]
    return build(kind, tmp_path)


def names(made: Tokenizer, text: str) -> list[str]:
    return [made.token(i).replace("Ġ", "▁") for i in made.encode(text)]


@pytest.mark.parametrize("marker", MARKERS)
def test_a_marker_is_found_whole_anywhere(made: Tokenizer, marker: str) -> None:
    assert names(made, marker) == [marker]
    assert names(made, f"x{marker}{marker}y").count(marker) == 2
    assert names(made, marker[:-1]) != [marker]


@pytest.mark.parametrize("marker", [name for name, kind in MARKERS.items() if kind != USER_DEFINED])
def test_control_and_unknown_tokens_have_no_text(made: Tokenizer, marker: str) -> None:
    ids = made.encode(f"ab{marker}")
    assert made.decode(ids) == "ab"
    assert made.token_text(ids[-1]) == marker


def test_user_defined_tokens_have_their_text(made: Tokenizer) -> None:
    assert made.decode(made.encode("ab<|im_start|>")) == "ab<|im_start|>"


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_user_defined_token_whose_letters_name_bytes_reads_as_it_is(kind: str, tmp_path: Path) -> None:
    made = in_gguf(kind, tmp_path)
    assert made.decode(made.encode("<é>")) == "<é>"
    assert made.token_text(made.encode("<é>")[0]) == "<é>"


def test_ordinary_words_are_merged(made: Tokenizer) -> None:
    assert names(made, "they")[-1] == "they"
    assert names(made, "x ab")[-2:] == ["▁a", "b"]


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_unused_tokens_lead_to_others_and_are_never_written(kind: str, tmp_path: Path) -> None:
    made = in_gguf(kind, tmp_path)
    assert names(made, "xthey")[-1:] == ["they"]
    assert names(made, "xthex")[-4:] == ["t", "h", "e", "x"]
    assert names(made, "xthth")[-4:] == ["t", "h", "t", "h"]
    assert made.token(made.encode("xthey")[-1] - 1) == "the"  # it is in the vocabulary nevertheless


@pytest.mark.parametrize("text", ["é", "你", "🙂", "\n", "\x00"])
def test_what_no_piece_covers_is_bytes(made: Tokenizer, kind: str, text: str) -> None:
    expected = [f"<0x{b:02X}>" if kind == "llama" else byte_names()[b].replace("Ġ", "▁") for b in text.encode()]
    assert names(made, f"x{text}")[-len(expected) :] == expected
    assert made.decode(made.encode(f"x{text}")) == f"x{text}"


def test_the_name_of_a_byte_is_no_byte(made: Tokenizer) -> None:
    """Typed by a person, it is six letters."""
    ids = made.encode("x<0xA>")
    assert made.decode(ids) == "x<0xA>"
    assert "<0x0A>" not in names(made, "x<0x0A>")


def test_a_byte_of_a_byte_level_vocabulary_reads_as_that_byte(tmp_path: Path) -> None:
    made = in_gguf("gpt2", tmp_path)
    assert made.decode([list(byte_level_words()).index("<0x41>")]) == "A"


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_a_file_without_types_knows_its_bytes_and_its_own_special_tokens(kind: str, tmp_path: Path) -> None:
    words = list(sentencepiece_words() if kind == "llama" else byte_level_words())

    def edit(writer: object) -> None:
        writer.add_bos_token_id(words.index("<s>"))  # type: ignore[attr-defined]
        writer.add_unk_token_id(words.index("<unk>"))  # type: ignore[attr-defined]

    path = write_gguf(tmp_path / "m.gguf", words, None, kind=kind, merges=MERGES, eos=words.index("</s>"), edit=edit)
    made = load_tokenizer(inspect(path))
    assert names(made, "<s>ab</s>")[0] == "<s>"
    assert names(made, "<s>ab</s>")[-1] == "</s>"
    assert made.decode(made.encode("é<s>")) == "é"


@pytest.mark.parametrize("kind", ["t5", "bert", "rwkv", "plamo2", "no_vocab"])
def test_other_kinds_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    words = sentencepiece_words()
    path = write_gguf(tmp_path / "m.gguf", list(words), list(words.values()), kind=kind)
    with pytest.raises(ModelFileError) as caught:
        load_tokenizer(inspect(path))
    assert caught.value.code == "model_feature_unsupported"
    assert kind in caught.value.fields["feature"]


# --------------------------------------------------------------------------- sentencepiece's own switches


def sentencepiece(path: Path, **switches: bool) -> Tokenizer:
    words = sentencepiece_words()

    def edit(writer: object) -> None:
        for name, value in switches.items():
            writer.add_bool(f"tokenizer.ggml.{name}", value)  # type: ignore[attr-defined]

    file = write_gguf(path / "m.gguf", list(words), list(words.values()), kind="llama", edit=edit)
    return load_tokenizer(inspect(file))


def test_a_space_is_put_before_a_text_and_taken_away_again(tmp_path: Path) -> None:
    made = sentencepiece(tmp_path)
    assert names(made, "ab") == ["▁a", "b"]
    assert names(made, "<s>ab") == ["<s>", "▁a", "b"]
    assert made.decode(made.encode("  ab")) == "  ab"


def test_no_space_is_put_where_the_file_says_so(tmp_path: Path) -> None:
    made = sentencepiece(tmp_path, add_space_prefix=False)
    assert names(made, "ab") == ["ab"]
    assert made.decode(made.encode(" ab")) == " ab"


def test_extra_spaces_go_where_the_file_says_so(tmp_path: Path) -> None:
    kept = sentencepiece(tmp_path)
    assert names(kept, " b   c ") == ["▁", "▁", "b", "▁", "▁", "▁", "c", "▁"]
    (tmp_path / "m.gguf").unlink()
    made = sentencepiece(tmp_path, remove_extra_whitespaces=True)
    assert names(made, " b   c ") == ["▁", "b", "▁", "c"]
