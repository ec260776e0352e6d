"""Forty texts through the rules of many vocabularies, each against a reference.

``recorded.json`` holds, for five published vocabularies, what their own libraries made of the texts (``source`` says
which), with only those tokens and merges that the texts meet. ``published.json`` holds sections of the
``tokenizer.json`` of more families; the reference there is ``tokenizers`` itself, over one vocabulary whose merges
reach across every border, so that only the cut decides.
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
from helix_app.modelfiles.model_path import inspect
from tests.engine.text.files import NORMAL, write_folder, write_gguf
from tests.engine.text.texts import TEXTS

_HERE = Path(__file__).parent
RECORDED: dict[str, Any] = json.loads((_HERE / "recorded.json").read_text(encoding="utf-8"))
PUBLISHED: dict[str, Any] = json.loads((_HERE / "published.json").read_text(encoding="utf-8"))


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


def test_there_are_enough_of_each() -> None:
    assert len(TEXTS) == 40
    assert len(RECORDED) + len(PUBLISHED) >= 12


@pytest.mark.parametrize("name", RECORDED)
def test_a_published_vocabulary_reads_as_its_own_library_reads(name: str, tmp_path: Path) -> None:
    found = RECORDED[name]
    types = found.get("types") or [NORMAL] * len(found["tokens"])
    path = write_gguf(
        tmp_path / "model.gguf",
        found["tokens"],
        types,
        kind=found["kind"],
        pre=found.get("pre"),
        merges=found.get("merges", ()),
        scores=found.get("scores"),
    )
    made = load_tokenizer(inspect(path))
    for text, wanted in zip(TEXTS, found["ids"], strict=True):
        assert [made.token(i) for i in made.encode(text)] == [found["tokens"][i] for i in wanted], repr(text)
        assert made.encode(text) == wanted


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
