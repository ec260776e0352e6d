"""SmolLM3."""

from __future__ import annotations

from typing import Any

from helix_app.modelfiles.architectures.base import (
    Architecture,
    Fields,
    GgufFacts,
    Raw,
    theta_of,
    windowed,
)
from helix_app.modelfiles.config import Layer

_NO_ROPE_INTERVAL = 4  # every fourth layer of SmolLM3 turns nothing


def _smollm3_plain(raw: Raw) -> dict[str, Any]:
    return {"tie_word_embeddings": True, **raw} | theta_of(raw, 2_000_000.0)


def _smollm3_layers(turns: list[bool], windows: tuple[int, ...]) -> Fields:
    windows = windows or (0,) * len(turns)
    return {"layers": tuple(Layer(window=window, turned=turned) for window, turned in zip(windows, turns))}


def _smollm3_hf(raw: Raw) -> Fields:
    count, flags = int(raw["num_hidden_layers"]), raw.get("no_rope_layers")
    interval = int(raw.get("no_rope_layer_interval") or _NO_ROPE_INTERVAL)
    turns = [bool(flag) for flag in flags] if flags else [bool((i + 1) % interval) for i in range(count)]
    window = raw.get("sliding_window") if raw.get("use_sliding_window") else None
    windows = windowed(raw, window, lambda i: not turns[i])
    return _smollm3_layers(turns, tuple(layer.window for layer in windows))


def _smollm3_gguf(facts: GgufFacts) -> Fields:
    turns = [bool((i + 1) % _NO_ROPE_INTERVAL) for i in range(facts.layers)]
    return {"interleaved": True, **_smollm3_layers(turns, ())}


ARCHITECTURES = (Architecture("smollm3", "SmolLM3", ("smollm3",), _smollm3_hf, _smollm3_gguf, _smollm3_plain),)
