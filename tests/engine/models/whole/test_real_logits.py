"""The default model's logits against transformers, in the precision that tells float noise from a mistake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.few_layers import with_layers
from tests.engine.made.gguf_names import from_gguf_name
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import logits_of, runner_of, worst

pytestmark = pytest.mark.model
TEXT = Path(__file__).read_text("utf-8") + " 1234567890 Äpfel 你好 🙂\n" * 3


def transformers_model(path: Path) -> Any:
    """A transformers model with the file's weights, its query and key rows put in order here."""
    from transformers import LlamaConfig, LlamaForCausalLM

    header = inspect(path).gguf
    assert header is not None

    def meta(name: str) -> Any:
        return header.metadata[f"llama.{name}"]

    heads, kv_heads = meta("attention.head_count"), meta("attention.head_count_kv")
    state = {}
    for name in header.tensors:
        if name.startswith("blk.") and int(name.split(".")[1]) >= meta("block_count"):
            continue
        array = header.tensor(name)
        if ".attn_q." in name or ".attn_k." in name:
            count = heads if ".attn_q." in name else kv_heads
            half = array.shape[0] // count // 2
            array = array.reshape(count, half, 2, -1).swapaxes(1, 2).reshape(array.shape)
        state[from_gguf_name(name)] = torch.from_numpy(array.copy())
    config = LlamaConfig(
        vocab_size=state["model.embed_tokens.weight"].shape[0],
        hidden_size=meta("embedding_length"),
        intermediate_size=meta("feed_forward_length"),
        num_hidden_layers=meta("block_count"),
        num_attention_heads=heads,
        num_key_value_heads=kv_heads,
        max_position_embeddings=meta("context_length"),
        rms_norm_eps=meta("attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": meta("rope.freq_base")},
        tie_word_embeddings=True,
    )
    state["lm_head.weight"] = state["model.embed_tokens.weight"]
    with torch.device("meta"):  # no time for random weights
        model = LlamaForCausalLM(config).eval()
    model.load_state_dict(state, assign=True)
    model.model.rotary_emb = type(model.model.rotary_emb)(config)
    return model


def test_names_lead_back(zoo: Zoo) -> None:
    from tests.engine.made.gguf_names import gguf_name
    from tests.engine.made.tiny import hf_model

    for name in hf_model("qwen2").state_dict():
        assert from_gguf_name(gguf_name(name)) == name


@pytest.mark.parametrize("layers", [4, 12])
def test_the_default_models_logits_are_exact(default_model: Path, tmp_path: Path, layers: int) -> None:
    """By its first layers, which leave less float noise for a mistake to hide in than all of them.

    Twelve show as well that layers whose number has two digits are read from their own tensors and in their order.
    """
    path = with_layers(default_model, layers, tmp_path / default_model.name)
    ids = load_tokenizer(inspect(path)).encode(TEXT)[:120]
    assert len(ids) == 120
    model = transformers_model(path)
    with torch.no_grad():
        single = model(torch.tensor([ids])).logits[0]
        exact = model.double()(torch.tensor([ids])).logits[0]
    theirs = worst(single.double(), exact)
    for kind, cuts in (("plain", [50, 51, 52, 56, 100]), ("onednn", [])):
        ours = logits_of(runner_of(path, kind), ids, cuts)
        assert worst(ours.double(), exact) < max(1e-4, 2 * theirs)
        assert torch.equal(ours.argmax(-1), exact.argmax(-1))


@pytest.mark.soak
def test_the_default_models_logits_are_those_of_transformers_own_reading(default_model: Path) -> None:
    """500 tokens against ``from_pretrained(gguf_file=)``, which takes 15 seconds to read the file."""
    from transformers import AutoModelForCausalLM

    ids = (load_tokenizer(inspect(default_model)).encode(TEXT) * 2)[:500]
    folder, name = str(default_model.parent), default_model.name
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    with torch.no_grad():
        single = model(torch.tensor([ids])).logits[0]
        exact = model.double()(torch.tensor([ids])).logits[0]
    for kind in ("plain", "onednn"):
        ours = logits_of(runner_of(default_model, kind, context=512), ids)
        assert worst(ours.double(), exact) < max(1e-4, 2 * worst(single.double(), exact))
