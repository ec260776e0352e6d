"""A text that a model wrote as tokens again, to be continued: it stands in the middle of a sequence.

Tokenizers put a space before the first word of a text, which this one does not have, and find special tokens in it,
which a reply's text does not hold: those were left out when it was decoded.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import tokenizers
from tokenizers import AddedToken

_STEPS = ("normalizers", "pretokenizers")  # of a sequence
_BEGIN = ("Prepend", "Strip")  # what they do at the begin of a text belongs to a whole one
_EMPTY = {"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {}, "merges": []}}


def continuing(backend: tokenizers.Tokenizer, whole: Collection[str] = ()) -> tokenizers.Tokenizer:
    """A tokenizer over the same model for texts that continue others.

    Args:
        whole: special tokens that are found in a text all the same.
    """
    steps = {"normalizer": _steps(backend.normalizer), "pre_tokenizer": _steps(backend.pre_tokenizer)}
    made = tokenizers.Tokenizer.from_str(json.dumps({**_EMPTY, **steps}))
    made.model = backend.model
    added = sorted(backend.get_added_tokens_decoder().items())  # in this order they get the same ids
    made.add_tokens([_in_text(token) if token.content in whole else token for _, token in added])
    made.encode_special_tokens = True
    return made


def _in_text(token: AddedToken) -> AddedToken:
    return AddedToken(
        token.content,
        single_word=token.single_word,
        lstrip=token.lstrip,
        rstrip=token.rstrip,
        normalized=token.normalized,
        special=False,
    )


def _steps(step: Any) -> dict[str, Any] | None:
    """A normalizer or pre-tokenizer as JSON, without what it does at the begin of a text."""
    return None if step is None else _inside(json.loads(step.__getstate__()))


def _inside(step: dict[str, Any]) -> dict[str, Any] | None:
    if step["type"] in _BEGIN:
        return None
    changed = dict(step)
    for key in _STEPS:
        if key in step:
            changed[key] = [left for each in step[key] if (left := _inside(each)) is not None]
    if "prepend_scheme" in step:
        changed["prepend_scheme"] = "never"
    if "add_prefix_space" in step:
        changed["add_prefix_space"] = False
    return changed
