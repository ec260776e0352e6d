"""Forty texts through published vocabularies, each against a reference.

``recorded.json`` holds, for five published vocabularies, what their own libraries made of the texts (``source`` says
which), with only those tokens and merges that the texts meet. ``test_pre_tokenizers.py`` has the rules of more
families.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from tests.engine.text.files import NORMAL, write_gguf
from tests.engine.text.test_pre_tokenizers import PUBLISHED
from tests.engine.text.texts import TEXTS

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))


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
