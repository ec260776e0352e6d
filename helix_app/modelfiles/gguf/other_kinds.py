"""Whole GGUF files and model kinds that are no language model: each is named for what it is.

Kinds are those of llama.cpp and of gguf's own constants (``general.type``, ``general.architecture``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of

ENCODERS = frozenset(
    (
        *("bert", "modern-bert", "modernbert", "nomic-bert", "nomic_bert", "nomic-bert-moe", "neo-bert", "neobert"),
        *("jina-bert-v2", "jina-bert-v3", "eurobert", "roberta", "xlm-roberta", "distilbert", "albert", "electra"),
        *("deberta", "deberta-v2", "mpnet", "camembert", "gemma-embedding", "llama-embed", "t5encoder"),
    )
)
_PICTURES = frozenset(
    ("flux", "sd1", "sdxl", "sd3", "aura", "wan", "ltxv", "lumina2", "cosmos", "hidream", "hunyuan_video", "qwen_image")
)
_SCORES = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering", "ForMaskedLM", "RewardModel")
UNKNOWN_BASE = reason_of("base_by_page")


def check_kind(path: Path, metadata: Mapping[str, Any], tensors: Mapping[str, Any]) -> None:
    """Refuse a GGUF file that is whole but no language model.

    Raises:
        ModelFileError: with a code for its kind.
    """
    kind = str(metadata.get("general.type", "model"))
    arch = str(metadata.get("general.architecture", ""))
    if arch == "controlvector":
        raise ModelFileError("model_control_vector", path=path)
    if kind == "adapter" or "adapter.type" in metadata:
        base = metadata.get("general.base_model.0.name") or UNKNOWN_BASE
        raise ModelFileError("model_adapter", path=path, base=base)
    if kind == "mmproj" or arch == "clip" or any(key.startswith("clip.has_") for key in metadata):
        raise ModelFileError("model_projector", path=path)
    if kind == "imatrix" or any(key.startswith("imatrix.") for key in metadata):
        raise ModelFileError("model_imatrix", path=path)
    if arch in _PICTURES:
        raise ModelFileError("model_pictures", path=path, architecture=arch)
    if arch in ENCODERS or metadata.get(f"{arch}.attention.causal") is False:
        raise ModelFileError("model_encoder", path=path, architecture=arch)
    if not tensors:
        has_words = bool(metadata.get("tokenizer.ggml.tokens"))
        raise ModelFileError("model_vocabulary" if has_words else "model_no_weights", path=path)
    if not arch:
        raise ModelFileError(
            "model_description", path=path, what=reason_of("header_no_key", key="general.architecture")
        )


def check_config(path: Path, raw: Mapping[str, Any]) -> None:
    """The same for the object in a folder's ``config.json``.

    Raises:
        ModelFileError: it describes no model that writes text.
    """
    kind = str(raw.get("model_type", ""))
    names = raw.get("architectures")
    name = str(names[0]) if isinstance(names, list) and names else ""
    if kind in ENCODERS or name.endswith(_SCORES):
        raise ModelFileError("model_encoder", path=path, architecture=kind if kind in ENCODERS else name)
    if "_diffusers_version" in raw:
        raise ModelFileError("model_pictures", path=path, architecture=raw.get("_class_name") or "diffusers")
