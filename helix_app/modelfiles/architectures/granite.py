"""Granite."""

from __future__ import annotations

from helix_app.modelfiles.architectures.base import (
    Architecture,
    Fields,
    GgufFacts,
    Raw,
)


def _granite_hf(raw: Raw) -> Fields:
    return {
        "embedding_scale": float(raw.get("embedding_multiplier", 1.0)),
        "attention_scale": float(raw.get("attention_multiplier", 1.0)),
        "residual_scale": float(raw.get("residual_multiplier", 1.0)),
        "logit_scale": 1.0 / float(raw.get("logits_scaling", 1.0)),
    }


def _granite_gguf(facts: GgufFacts) -> Fields:
    get = facts.get
    return {
        "interleaved": True,
        "embedding_scale": float(get("embedding_scale", 1.0)),
        "attention_scale": float(get("attention.scale", 0.0)) or None,
        "residual_scale": float(get("residual_scale", 1.0)),
        "logit_scale": 1.0 / float(get("logit_scale", 1.0)),
    }


ARCHITECTURES = (Architecture("granite", "Granite", ("granite",), _granite_hf, _granite_gguf),)
