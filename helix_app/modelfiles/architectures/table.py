"""The kinds of models that Helix runs."""

from __future__ import annotations

from collections.abc import Iterable

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.architectures import gpt_oss, granite, llama, mistral3, phi, smollm
from helix_app.modelfiles.architectures.base import Architecture
from helix_app.modelfiles.architectures.gemma import gemma, gemma4
from helix_app.modelfiles.architectures.qwen import qwen, qwen35_moe, qwen_moe

_FAMILIES = (llama, mistral3, qwen, qwen_moe, qwen35_moe, gemma, gemma4, smollm, phi, granite, gpt_oss)
ARCHITECTURES: tuple[Architecture, ...] = tuple(one for family in _FAMILIES for one in family.ARCHITECTURES)


def find_hf(kind: str) -> Architecture:
    """The architecture of a ``model_type``. Raises ModelFileError for one that is not supported."""
    return _found((one for one in ARCHITECTURES if kind in one.hf), kind)


def find_gguf(kind: str) -> Architecture:
    """The architecture of a ``general.architecture``. Raises ModelFileError for one that is not supported."""
    return _found((one for one in ARCHITECTURES if kind == one.key), kind)


def _found(those: Iterable[Architecture], kind: str) -> Architecture:
    for one in those:
        return one
    *names, last = (one.name for one in ARCHITECTURES)
    raise ModelFileError(
        "model_unsupported", architecture=kind, supported=reason_of("and_last", names=", ".join(names), last=last)
    )
