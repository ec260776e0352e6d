"""GGUF files that are whole, but no language model: each is named for what it is, none is called damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.modelfiles.made_files import made, rewrite
from tests.modelfiles.refusals import check

ADAPTER = {"general.type": "adapter", "adapter.type": "lora", "general.base_model.0.name": "Tiny Base"}
LORA = {"blk.0.attn_q.weight.lora_a": (4, 32), "blk.0.attn_q.weight.lora_b": (32, 4)}
KINDS = {
    "adapter": (lambda p: made(p, "llama", ADAPTER, LORA), "model_adapter", ("adapter", "Tiny Base")),
    "nameless adapter": (lambda p: made(p, "qwen2", {"general.type": "adapter"}, LORA), "model_adapter", ("adapter",)),
    "control vector": (
        lambda p: made(p, "controlvector", {"controlvector.model_hint": "llama"}, {"direction.1": (32,)}),
        "model_control_vector",
        ("control vector",),
    ),
    "projector": (
        lambda p: made(p, "clip", {"general.type": "mmproj", "clip.has_vision_encoder": True}, {"mm.0.weight": (4, 4)}),
        "model_projector",
        ("mmproj", "language model"),
    ),
    "old projector": (
        lambda p: made(p, "clip", {"clip.has_vision_encoder": True}, {"mm.0.weight": (4, 4)}),
        "model_projector",
        ("mmproj",),
    ),
    "importance matrix": (
        lambda p: made(p, "llama", {"general.type": "imatrix", "imatrix.chunk_count": 3}, {"blk.0.in_sum2": (4,)}),
        "model_imatrix",
        ("importance matrix",),
    ),
    "encoder": (
        lambda p: made(p, "bert", {"bert.attention.causal": False}, {"token_embd.weight": (8, 4)}),
        "model_encoder",
        ("bert", "cannot write"),
    ),
    "picture model": (lambda p: made(p, "flux", {}, {"img_in.weight": (4, 4)}), "model_pictures", ("pictures",)),
    "another architecture": (
        lambda p: made(p, "mamba", {}, {"token_embd.weight": (8, 4)}),
        "model_unsupported",
        ("mamba",),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_gguf_files_of_other_kinds(tmp_path: Path, kind: str) -> None:
    make, code, words = KINDS[kind]
    check(make(tmp_path / "file.gguf"), code, "file.gguf" if code != "model_unsupported" else "mamba", *words)


EDITED = {  # of a sound file
    "vocabulary only": (
        lambda source, path: rewrite(source, path, tensors=lambda name: False),
        "model_vocabulary",
        ("vocabulary", "no weights"),
    ),
    "no weights, no words": (
        lambda source, path: made(path, "llama", {"llama.block_count": 1}, {}),
        "model_no_weights",
        ("no weights",),
    ),
    "an embedding model of Llama's shape": (
        lambda source, path: rewrite(source, path, changes={"llama.attention.causal": False}),
        "model_encoder",
        ("llama", "cannot write"),
    ),
}


@pytest.mark.parametrize("kind", EDITED)
def test_sound_files_that_are_not_what_is_needed(small: Path, tmp_path: Path, kind: str) -> None:
    make, code, words = EDITED[kind]
    check(make(small, tmp_path / "file.gguf"), code, *words)
