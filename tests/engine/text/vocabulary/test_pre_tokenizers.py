"""How families cut a text before merging, against what they publish, and how a file's family is found.

``published.json`` holds sections of the ``tokenizer.json`` of families; the reference is ``tokenizers`` itself, over
one vocabulary whose merges reach across every border, so that only the cut decides.
"""

from __future__ import annotations

import functools
import itertools
import json
from pathlib import Path
from typing import Any

import pytest
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, trainers

from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.engine.text.vocabulary.pre_tokenizers import Cut, find_cut
from helix_app.modelfiles.model_path import inspect
from tests.engine.text.made.files import NORMAL, write_folder, write_gguf
from tests.engine.text.made.texts import TEXTS

PUBLISHED: dict[str, Any] = json.loads((Path(__file__).parent / "published.json").read_text(encoding="utf-8"))


@functools.cache
def across() -> tuple[list[str], list[str]]:
    """Tokens and merges of a vocabulary that was trained without any cut."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=1500, initial_alphabet=alphabet, show_progress=False, min_frequency=1)
    made.train_from_iterator([*TEXTS, *TEXTS], trainer)
    model = json.loads(made.to_str())["model"]
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    unmerged = [word for word in ("Ġkebab", "Hello") if word not in tokens]
    assert unmerged  # no merge leads to these, so that only rules without merges find them
    return tokens + unmerged, merges


@functools.cache
def reference(family: str) -> tokenizers.Tokenizer:
    """The family's published sections over that vocabulary."""
    tokens, merges = across()
    made = tokenizers.Tokenizer(models.BPE(vocab={t: i for i, t in enumerate(tokens)}, merges=[]))
    made.decoder = decoders.ByteLevel()
    whole = json.loads(made.to_str())
    section = PUBLISHED[family]
    whole["normalizer"], whole["pre_tokenizer"] = section["normalizer"], section["pre_tokenizer"]
    whole["model"]["merges"], whole["model"]["ignore_merges"] = merges, section["ignore_merges"]
    return tokenizers.Tokenizer.from_str(json.dumps(whole))


def ids(family: str) -> list[list[int]]:
    return [reference(family).encode(text, add_special_tokens=False).ids for text in TEXTS]


@pytest.mark.parametrize("family", PUBLISHED)
@pytest.mark.parametrize("format", ["gguf", "folder"])
def test_a_family_cuts_as_it_publishes(family: str, format: str, tmp_path: Path) -> None:
    tokens, merges = across()
    if format == "gguf":
        path = write_gguf(tmp_path / "model.gguf", tokens, [NORMAL] * len(tokens), pre=family, merges=merges)
    else:
        path = write_folder(tmp_path / "model", reference(family))
    made = load_tokenizer(inspect(path))
    assert made.info.guessed_cut == ""
    for text, wanted in zip(TEXTS, ids(family), strict=True):
        assert [made.token(i) for i in made.encode(text)] == [tokens[i] for i in wanted], repr(text)
        assert made.decode(made.encode(text)) == reference(family).decode(wanted)


def test_the_texts_tell_the_families_apart() -> None:
    """Were two rules confused, the test above would fail."""
    alike = [pair for pair in itertools.combinations(PUBLISHED, 2) if ids(pair[0]) == ids(pair[1])]
    assert alike == []


# --------------------------------------------------------------------------- by hand


def pieces(cut: Cut, text: str) -> list[str]:
    """What a text is cut into, as it is written."""
    normalizer = cut.normalizer()
    whole = normalizer.normalize_str(text) if normalizer is not None else text
    return [whole[begin:end] for _, (begin, end) in cut.pre_tokenizer().pre_tokenize_str(whole)]


@pytest.mark.parametrize(
    ("cut", "text", "wanted"),
    [
        (Cut(), "a b1", ["a b1"]),
        (Cut(gpt2=True), "it's 12 o'clock", ["it", "'s", " 12", " o", "'", "clock"]),
        (Cut(digits=True), "ab12", ["ab", "1", "2"]),
        (Cut((r"\p{N}{1,3}",)), "12345a", ["123", "45", "a"]),
        (Cut((r"\p{N}+", "[ab]")), "ca12", ["c", "a", "12"]),  # each expression cuts what those before left
        (Cut(punctuation=True), "a!?b", ["a", "!?", "b"]),
        (Cut(contiguous=True), "a1234", ["a", "123", "4"]),
        (Cut(nfc=True), "e\u0301", ["\u00e9"]),
        (Cut(), "e\u0301", ["e\u0301"]),
    ],
)
def test_each_part_of_a_rule_cuts_as_it_says(cut: Cut, text: str, wanted: list[str]) -> None:
    assert pieces(cut, text) == wanted


# --------------------------------------------------------------------------- which rule


@pytest.mark.parametrize(
    ("meta", "words", "name", "guess"),
    [
        ({"tokenizer.ggml.pre": "tekken"}, (), "tekken", ""),
        ({"tokenizer.ggml.pre": "tekken"}, ("<|begin_of_text|>",), "tekken", ""),  # the file's own word counts
        ({}, (), "", "gpt-2"),
        ({"tokenizer.ggml.pre": None}, (), "", "gpt-2"),
        ({"tokenizer.ggml.pre": "default"}, (), "default", "gpt-2"),
        ({"tokenizer.ggml.pre": "new"}, ("<|begin_of_text|>",), "new", "llama-bpe"),
        ({"tokenizer.ggml.pre": "new"}, ("<｜begin▁of▁sentence｜>",), "new", "deepseek-v3"),
        ({"general.architecture": "qwen2"}, (), "", "qwen2"),
        ({"general.architecture": "qwen3"}, (), "", "qwen2"),
        ({"general.architecture": "qwen35moe"}, (), "", "qwen35"),
        ({"general.architecture": "qwen2"}, ("<|begin_of_text|>",), "", "llama-bpe"),
    ],
)
def test_a_family_is_found_by_its_name_or_guessed(
    meta: dict[str, Any], words: tuple[str, ...], name: str, guess: str
) -> None:
    found = find_cut(meta, {word: i for i, word in enumerate(words)})
    assert (found.name, found.guess) == (name, guess)
    assert found.cut == find_cut({"tokenizer.ggml.pre": guess or name}, {}).cut
