"""Byte-level BPE (``tokenizer.ggml.model`` gpt2) from a GGUF file's vocabulary and merges.

Built here, since transformers 5.13 gives every Llama-family GGUF the GPT-2 pre-tokenizer, so that "1234" is cut in
another way than the model was trained on, and swaps BOS and EOS.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import tokenizers
from tokenizers import decoders, models

from helix_app.engine.text.vocabulary.built import Built, add_markers, ids_by_text, pair_of, split_unused
from helix_app.engine.text.vocabulary.pre_tokenizers import find_cut
from helix_app.modelfiles.tokens.special_tokens import BYTE, UNUSED, USER_DEFINED, is_byte, token_types


def byte_level_bpe(meta: Mapping[str, Any], tokens: Sequence[str]) -> Built:
    """The tokenizer of a file of the kind gpt2."""
    merges = [pair_of(merge) for merge in meta.get("tokenizer.ggml.merges") or []]
    vocab, types = ids_by_text(tokens), token_types(meta)
    found = find_cut(meta, vocab)
    model = models.BPE(vocab=vocab, merges=merges, ignore_merges=found.cut.ignore_merges)
    backend = tokenizers.Tokenizer(model)
    normalizer = found.cut.normalizer()
    if normalizer is not None:
        backend.normalizer = normalizer
    backend.pre_tokenizer = found.cut.pre_tokenizer()
    backend.decoder = decoders.ByteLevel()
    add_markers(backend, tokens, types)
    unused = [i for i, kind in enumerate(types) if kind == UNUSED]
    split = split_unused(unused, tokens, merges, reached=lambda _: found.cut.ignore_merges)
    return Built(backend, found, found.cut.add_bos, split, _spelled(tokens, types, vocab))


def _spelled(tokens: Sequence[str], types: Sequence[int], vocab: Mapping[str, int]) -> dict[int, list[int]]:
    """Single bytes, and user-defined tokens whose letters are all names of bytes ("é" would be read as one byte)."""
    spelled = {}
    for i, kind in enumerate(types):
        token = tokens[i]
        if kind == BYTE and is_byte(token):
            data = bytes([int(token[3:5], 16)])
        elif kind == USER_DEFINED and not token.isascii() and all(c in _byte_letters() for c in token):
            data = token.encode()
        else:
            continue
        names = [byte_names()[b] for b in data]
        if all(name in vocab for name in names):
            spelled[i] = [vocab[name] for name in names]
    return spelled


@functools.cache
def byte_names() -> dict[int, str]:
    """What byte-level vocabularies call each byte (GPT-2, ``bytes_to_unicode``)."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in set(plain)]
    return {b: chr(b) for b in plain} | {b: chr(256 + n) for n, b in enumerate(others)}


@functools.cache
def _byte_letters() -> frozenset[str]:
    return frozenset(byte_names().values())
