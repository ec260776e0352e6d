"""What is made of a vocabulary: a backend, and what that backend cannot say itself."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import tokenizers
from tokenizers import AddedToken

from helix_app.engine.text.vocabulary.pre_tokenizers import Found
from helix_app.modelfiles.tokens.special_tokens import CONTROL, UNKNOWN, USER_DEFINED

Pair = tuple[str, str]


@dataclass(frozen=True)
class Built:
    """A tokenizer of a GGUF file.

    Attributes:
        found: how its pre-tokenizer was found; None where the kind has none.
        add_bos: whether prompts begin with BOS where the file does not say.
        split: tokens that stand for no text of their own (unused), and the tokens they are written as.
        spelled: tokens whose text the backend's decoder would misread, and the byte tokens that spell it.
    """

    backend: tokenizers.Tokenizer
    found: Found | None
    add_bos: bool
    split: Mapping[int, Sequence[int]] = field(default_factory=dict)
    spelled: Mapping[int, Sequence[int]] = field(default_factory=dict)


def ids_by_text(tokens: Sequence[str]) -> dict[str, int]:
    """The vocabulary as a mapping; of equal tokens the first counts."""
    vocab: dict[str, int] = {}
    for i, token in enumerate(tokens):
        vocab.setdefault(token, i)
    return vocab


def pair_of(merge: str) -> Pair:
    """The two halves of a merge; a space after the first character parts them, for a half may begin with one
    (llama.cpp)."""
    at = merge.index(" ", 1)
    return merge[:at], merge[at + 1 :]


def add_markers(backend: tokenizers.Tokenizer, tokens: Sequence[str], types: Sequence[int]) -> None:
    """Let control, unknown and user-defined tokens be found whole in a text; the first two are special."""
    for special, kinds in ((True, (CONTROL, UNKNOWN)), (False, (USER_DEFINED,))):
        found = [token for token, kind in zip(tokens, types) if kind in kinds and token]
        added = [AddedToken(token, normalized=False, special=special) for token in found]
        if special:
            backend.add_special_tokens(added)
        else:
            backend.add_tokens(added)


def split_unused(
    unused: Iterable[int],
    tokens: Sequence[str],
    merges: Sequence[Pair],
    reached: Callable[[str], bool] = lambda _: False,
) -> dict[int, list[int]]:
    """The tokens that unused ones are written as (sentencepiece, ``bpe_model.cc``: ``resegment``).

    An unused token may be a step on the way to others; where merging ends at it, the two it was merged from stand
    instead. No merge crosses the borders of a token that came out, so the two are the same wherever it stands.

    Args:
        reached: whether a token comes out of its own text by another way than merging.
    """
    texts = {tokens[i]: i for i in unused if tokens[i]}
    if not texts:
        return {}
    products = {left + right for left, right in merges}
    texts = {text: i for text, i in texts.items() if text in products or reached(text)}
    if not texts:
        return {}
    vocab, ranks = ids_by_text(tokens), {pair: i for i, pair in enumerate(merges)}
    split = {}
    for text, i in texts.items():
        parts = _merged(text, ranks, {text})
        while again := next((part for part in parts if part in texts and len(part) > 1), None):
            at = parts.index(again)
            parts[at : at + 1] = _merged(again, ranks, {again})
        if all(part in vocab for part in parts):
            split[i] = [vocab[part] for part in parts]
    return split


def _merged(text: str, ranks: Mapping[Pair, int], banned: Collection[str]) -> list[str]:
    """The pieces of a short text after merging, never to a banned one."""
    parts = list(text)
    while True:
        pairs = [
            (ranks[pair], at)
            for at, pair in enumerate(itertools.pairwise(parts))
            if pair in ranks and pair[0] + pair[1] not in banned
        ]
        if not pairs:
            return parts
        _, at = min(pairs)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
