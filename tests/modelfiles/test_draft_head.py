"""Draft heads are known by their config, in each layout that they are published in, or refused with the reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from helix_app.base.errors import DraftMismatchError, ModelFileError
from helix_app.modelfiles import draft_head
from helix_app.modelfiles.config import Layer, Recurrent
from helix_app.modelfiles.draft_head import check_head, head_kind, inspect_head, is_head
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.heads import Layout, head_for
from tests.engine.made.tiny import VOCAB, Zoo

LAYOUTS: tuple[Layout, ...] = ("eagle", "specforge", "speculators")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return head_for("llama").save(tmp_path_factory.mktemp("heads") / "head")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_a_head_is(tmp_path: Path, layout: Layout) -> None:
    folder = head_for("llama", (0, 1, 2)).save(tmp_path / layout, layout)
    assert is_head(folder)
    head = inspect_head(folder)
    assert (head.draft_vocab, head.target_hidden, head.config.vocab_size) == (120, 64, VOCAB)
    assert head.layers == head.taken(2) == (0, 1, 2)  # one more where they are those whose output is taken
    assert (head.reduced, head.own_embeddings, head.config.rope_theta) == (True, False, 700.0)
    assert set(head.tensors) >= {"midlayer.hidden_norm.weight", "fc.weight", "d2t"}
    assert inspect_head(str(folder)).key == head.key


def test_the_usual_layers_are_those_of_eagle(folder: Path) -> None:
    """Of Llama 3.1 8B, for one, where layers 2, 16 and 29 begin."""
    head = replace(inspect_head(folder), layers=())
    assert head.taken(32) == (2, 16, 29)
    assert head.taken(36) == (2, 18, 33)


def test_norms_and_biases_of_its_layer_are_seen(folder: Path, tmp_path: Path) -> None:
    tensors = load_file(str(folder / "model.safetensors"))
    more = {f"midlayer.self_attn.{name}_norm.weight": torch.ones(16) for name in "qk"}
    more["midlayer.self_attn.q_proj.bias"] = torch.zeros(64)
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    save_file({**tensors, **more}, str(tmp_path / "model.safetensors"))
    config = inspect_head(tmp_path).config
    assert (config.qk_norm, config.qkv_bias, config.out_bias, config.mlp_bias) == (True, True, False, False)
    save_file({**tensors, "midlayer.gate.weight": torch.zeros(1)}, str(tmp_path / "model.safetensors"))
    with pytest.raises(ModelFileError) as caught:
        inspect_head(tmp_path)
    assert caught.value.code == "model_feature_unsupported"
    assert "midlayer.gate.weight" in str(caught.value.fields)


KINDS: dict[str, dict[str, Any]] = {
    "": {"architectures": ["LlamaForCausalLM"]},
    "LlamaForCausalLMEagle3": {"architectures": ["LlamaForCausalLMEagle3"]},
    "LlamaForCausalLMEagle": {"architectures": ["LlamaForCausalLMEagle"]},
    "EagleLlamaForCausalLM": {"architectures": ["EagleLlamaForCausalLM"]},
    "Eagle3DraftModel": {"architectures": ["Eagle3DraftModel"]},
    "dflash": {"speculators_model_type": "dflash", "architectures": ["DFlashDraftModel"]},
    "eagle3": {"architectures": ["LlamaForCausalLM"], "draft_vocab_size": 32_000},
}


@pytest.mark.parametrize("kind", KINDS)
def test_heads_are_told_from_models(kind: str) -> None:
    assert head_kind(KINDS[kind]) == kind


def test_a_model_that_looks_at_pictures_is_none() -> None:
    assert not head_kind({"architectures": ["Eagle2_5_VLForConditionalGeneration"]})


def test_what_is_no_folder_is_no_head(zoo: Zoo, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("[]", encoding="utf-8")
    assert not any(is_head(path) for path in (zoo.gguf("llama"), zoo.folder("llama"), tmp_path, tmp_path / "gone"))


REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "EAGLE-1": ("head_kind", {"architectures": ["LlamaForCausalLMEagle"], "draft_vocab_size": None}),
    "other speculators": ("head_kind", {"speculators_model_type": "dflash", "draft_vocab_size": None}),
    "two layers": ("head_kind", {"num_hidden_layers": 2}),
    "a window": ("head_kind", {"sliding_window": 512}),
    "a window by layer types": ("head_kind", {"layer_types": ["sliding_attention"]}),
    "one state": ("head_kind", {"eagle_config": {"use_aux_hidden_state": False}}),
    "in parallel": ("head_kind", {"parallel_drafting": True}),
    "nonsense": ("model_corrupt", {"draft_vocab_size": "many"}),
    "no end of tokens": ("model_corrupt", {"draft_vocab_size": float("inf")}),
    "layers before the first": ("model_corrupt", {"eagle_aux_hidden_state_layer_ids": [-2, 1, 2]}),
    "no sizes": ("model_description", {"hidden_size": None}),
    "packed": ("model_feature_unsupported", {"quantization_config": {"quant_method": "gptq"}}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_does_not_run_is_refused(tmp_path: Path, what: str) -> None:
    code, changes = REFUSED[what]
    folder = head_for("llama").save(tmp_path / "head", **changes)
    with pytest.raises(ModelFileError) as caught:
        inspect_head(folder)
    assert caught.value.code == code


@pytest.mark.parametrize("error", [ZeroDivisionError(), AttributeError("get"), KeyError("k"), TypeError()], ids=repr)
def test_nonsense_that_nobody_thought_of_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def stumble(*_: object) -> object:
        raise error

    monkeypatch.setattr(draft_head, "config_from_hf", stumble)
    with pytest.raises(ModelFileError) as caught:
        inspect_head(folder)
    assert caught.value.code == "model_corrupt"


def test_windows_that_are_not_used_are_none(tmp_path: Path) -> None:
    folder = head_for("llama").save(tmp_path / "head", sliding_window=4096, use_sliding_window=False)
    assert inspect_head(folder).config.windows == ()


def test_a_head_fits_its_target(folder: Path, zoo: Zoo) -> None:
    head, target = inspect_head(folder), inspect(zoo.gguf("llama")).config
    check_head(head, target, VOCAB, "Tiny")
    check_head(head, replace(target, vocab_size=VOCAB + 64), VOCAB, "Tiny")  # padded to more
    assert head.fits_cache(target)
    assert head.layer_in(target) == Layer()
    other = replace(target, num_kv_heads=4, head_dim=8)
    assert head.layer_in(other) == Layer(head_dim=16, kv_heads=2, apart=True)
    assert head.fits_cache(other)
    windowed = replace(other, layers=(Layer(window=8),) * other.num_layers)  # no layer keeps all tokens
    assert head.layer_in(windowed) == Layer(head_dim=16, kv_heads=2)
    assert not head.fits_cache(windowed)
    assert head.fits_cache(replace(windowed, num_kv_heads=2, head_dim=16))
    differing = replace(target, layers=(Layer(window=8), Layer(head_dim=32))[: target.num_layers])
    assert head.layer_in(differing) == Layer(apart=True)
    small, tokens = replace(head, draft_vocab=900, tensors={"fc.weight": "fc.weight"}), VOCAB
    recurrent = replace(windowed, recurrent=Recurrent(2, 2, 8, 8, 4))
    check_head(head, replace(other, recurrent=Recurrent(2, 2, 8, 8, 4)), tokens, "Tiny")
    cases = (
        ("head_hidden_size", head, replace(target, hidden_size=80), tokens),
        ("head_vocabulary", head, replace(target, vocab_size=9000), tokens),
        ("head_vocabulary", head, replace(target, vocab_size=VOCAB + 64), VOCAB + 1),
        ("head_vocabulary", small, target, tokens),
        ("head_layers", head, replace(target, num_layers=1), tokens),
        ("head_layers", replace(head, layers=()), replace(target, num_layers=2), tokens),
        ("head_embeddings", replace(head, config=replace(head.config, hidden_size=48)), target, tokens),
        ("head_recurrent", head, recurrent, tokens),
    )
    for code, one, other, count in cases:
        with pytest.raises(DraftMismatchError) as caught:
            check_head(one, other, count, "Tiny")
        assert (caught.value.code, caught.value.fields["target"]) == (code, "Tiny")
