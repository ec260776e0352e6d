"""The bytes that each token of a vocabulary stands for in the middle of a text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import tokenizers

from helix_app.base.errors import InputError
from helix_app.engine.text.vocabulary.byte_level import byte_names

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_SPACE = "▁"  # in sentencepiece's pieces


def token_bytes(
    backend: tokenizers.Tokenizer, size: int, spelled: Mapping[int, Sequence[int]]
) -> tuple[list[bytes], list[int]]:
    """The bytes of tokens 0 to ``size`` - 1, and which of those are special: they stand for no text.

    Args:
        spelled: tokens that read as others do.

    Raises:
        InputError: the vocabulary is of a kind whose tokens are not bytes in a row.
    """
    steps = set(_steps(json.loads(backend.decoder.__getstate__()))) if backend.decoder is not None else set()
    if not steps & {"ByteLevel", "ByteFallback", "Metaspace"}:
        raise InputError("grammar_tokenizer")
    one = _byte_level if "ByteLevel" in steps else _sentencepiece
    special = {i for i, token in backend.get_added_tokens_decoder().items() if token.special and i < size}
    texts = [backend.id_to_token(i) or "" for i in range(size)]
    found = [text.encode("utf-8", "replace") if i in special else one(text) for i, text in enumerate(texts)]
    for i, ids in spelled.items():
        if i < size and i not in special:
            found[i] = b"".join(found[each] for each in ids)
    special |= {i for i, data in enumerate(found) if not data}  # nothing can be said with these either
    return found, sorted(special)


def _steps(step: Mapping[str, Any]) -> list[str]:
    return [step["type"], *(name for inner in step.get("decoders", ()) for name in _steps(inner))]


_NAMED = {name: byte for byte, name in byte_names().items()}


def _byte_level(text: str) -> bytes:
    """As the decoder reads it: letters that name bytes, or, if any is none, the text itself."""
    try:
        return bytes(_NAMED[letter] for letter in text)
    except KeyError:
        return text.encode("utf-8", "replace")


def _sentencepiece(text: str) -> bytes:
    byte = _BYTE.fullmatch(text)
    return bytes([int(byte[1], 16)]) if byte else text.replace(_SPACE, " ").encode("utf-8", "replace")
