"""Forty texts through published vocabularies, each against a reference.

``recorded.json`` holds, for six published vocabularies, what their own libraries made of the texts (``source`` says
which), with only those tokens and merges that the texts meet. ``test_pre_tokenizers.py`` has the rules of more
families.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gguf
import pytest

from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import ChatMessage
from tests.engine.text.made.files import GEMMA, NORMAL, write_gguf
from tests.engine.text.made.texts import TEXTS
from tests.engine.text.vocabulary.test_pre_tokenizers import PUBLISHED

RECORDED: dict[str, Any] = json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))


def tokenizer_of(name: str, folder: Path, template: str | None = None) -> Tokenizer:
    """That of a GGUF file with a recorded vocabulary."""
    found = RECORDED[name]

    def edit(writer: gguf.GGUFWriter) -> None:
        if "add_space_prefix" in found:
            writer.add_add_space_prefix(found["add_space_prefix"])
        for kind, token in found.get("special", {}).items():
            writer.add_uint32(f"tokenizer.ggml.{kind}_token_id", token)

    path = write_gguf(
        folder / "model.gguf",
        found["tokens"],
        found.get("types") or [NORMAL] * len(found["tokens"]),
        kind=found["kind"],
        pre=found.get("pre"),
        merges=found.get("merges", ()),
        scores=found.get("scores"),
        template=template,
        edit=edit,
    )
    return load_tokenizer(inspect(path))


def test_there_are_enough_of_each() -> None:
    assert len(TEXTS) == 40
    assert len(RECORDED) + len(PUBLISHED) >= 12


@pytest.mark.parametrize("name", RECORDED)
def test_a_published_vocabulary_reads_as_its_own_library_reads(name: str, tmp_path: Path) -> None:
    found, made = RECORDED[name], tokenizer_of(name, tmp_path)
    for text, wanted in zip(TEXTS, found["ids"], strict=True):
        assert [made.token(i) for i in made.encode(text)] == [found["tokens"][i] for i in wanted], repr(text)
        assert made.encode(text) == wanted


def test_a_chat_of_gemma_has_no_system_role_and_one_token_at_its_begin(tmp_path: Path) -> None:
    """What the system says goes before the first question; the template writes BOS, and no second one comes."""
    found, made = RECORDED["gemma3"], tokenizer_of("gemma3", tmp_path, GEMMA)
    chat = [ChatMessage(role, content) for role, content in found["chat"]]
    assert chat[0].role == "system"
    got = made.encode_chat(chat)
    assert [made.token(i) for i in got] == [found["tokens"][i] for i in found["chat_ids"]]
    assert got == found["chat_ids"]
    assert made.encode("Say yes.", add_bos=True)[0] == found["special"]["bos"]
