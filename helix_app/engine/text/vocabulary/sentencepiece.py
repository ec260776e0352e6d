"""Sentencepiece BPE (``tokenizer.ggml.model`` llama and gemma4) from a GGUF file's pieces, and scores or merges.

As transformers converts sentencepiece models (``LlamaConverter``): merges are made from the pieces, the best score
first. Files of the kind gemma4 have the merges ready (llama.cpp, ``Gemma4Model.set_vocab``), in the order of that
family's own tokenizer.json (transformers, ``GemmaTokenizer``). Of the format's types only ordinary, user-defined and
unused pieces come out of merging; control, unknown and user-defined ones are found whole in a text, and byte pieces
only stand for what no piece covers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tokenizers
from tokenizers import Regex, decoders, models, normalizers

from helix_app.engine.text.vocabulary.built import Built, Pair, add_markers, ids_by_text, pair_of, split_unused
from helix_app.modelfiles.tokens.special_tokens import NORMAL, UNUSED, USER_DEFINED, special_id, token_types

_SPACE = "▁"


def sentencepiece_bpe(meta: Mapping[str, Any], tokens: Sequence[str]) -> Built:
    """The tokenizer of a file of the kind llama or gemma4."""
    vocab, types = ids_by_text(tokens), token_types(meta)
    words = {token: i for token, i in vocab.items() if types[i] in (NORMAL, USER_DEFINED, UNUSED)}
    ready = meta.get("tokenizer.ggml.merges") if meta.get("tokenizer.ggml.model") == "gemma4" else None
    merges = [pair_of(merge) for merge in ready] if ready else _merges(words, _scores(meta, tokens))
    unknown = special_id(meta, "unknown")
    model = models.BPE(
        vocab=vocab,
        merges=merges,
        unk_token=tokens[unknown] if unknown is not None else None,
        fuse_unk=True,
        byte_fallback=True,
    )
    prefix = bool(meta.get("tokenizer.ggml.add_space_prefix", True))
    backend = tokenizers.Tokenizer(model)
    backend.normalizer = _normalizer(prefix, bool(meta.get("tokenizer.ggml.remove_extra_whitespaces", False)))
    steps = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    backend.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if prefix else steps)
    add_markers(backend, tokens, types)
    unused = [i for i, kind in enumerate(types) if kind == UNUSED]
    return Built(backend, None, True, split_unused(unused, tokens, merges))


def _scores(meta: Mapping[str, Any], tokens: Sequence[str]) -> Sequence[float]:
    """A score for each piece; without any, earlier pieces are better, as training leaves them."""
    scores = meta.get("tokenizer.ggml.scores") or []
    return scores if len(scores) >= len(tokens) else [-float(i) for i in range(len(tokens))]


def _merges(words: Mapping[str, int], scores: Sequence[float]) -> list[Pair]:
    """Every way to make a piece of two others, those of better pieces first."""
    found = []
    for piece, i in words.items():
        for at in range(1, len(piece)):
            left, right = piece[:at], piece[at:]
            if left in words and right in words:
                found.append((-scores[i], words[left], words[right], (left, right)))
    found.sort(key=lambda entry: entry[:3])
    return [entry[3] for entry in found]


def _normalizer(prefix: bool, trim: bool) -> Any:
    steps: list[Any] = [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")] if trim else []
    if prefix:
        steps.append(normalizers.Prepend(_SPACE))
    return normalizers.Sequence([*steps, normalizers.Replace(" ", _SPACE)])
