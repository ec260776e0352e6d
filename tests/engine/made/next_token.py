"""Tiny models with a layer that drafts, in both formats, and the layer by hand: transformers' own block of Qwen3 over
embeddings and hidden states."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from tests.engine.made import tiny_families, tiny_recurrent
from tests.engine.made.tiny import (
    _norm_offset,
    architecture_of,
    hf_config,
    hf_model,
    save_folder,
    tokenizer,
    write_gguf,
)

Weights = dict[str, torch.Tensor]
_GGUF = {
    "mtp.fc": "eh_proj",
    "mtp.pre_fc_norm_embedding": "enorm",
    "mtp.pre_fc_norm_hidden": "hnorm",
    "mtp.norm": "shared_head_norm",
    "mtp.lm_head": "shared_head_head",
    "mtp.embed_tokens": "embed_tokens",
}


class Reference(torch.nn.Module):
    """The layer by hand, over a model of transformers that it takes embeddings, head and hidden states of.

    Attributes:
        own: which of ``embed_tokens``, ``norm`` and ``lm_head`` it has for itself.
        normed: it takes hidden states after the final norm.
    """

    def __init__(self, model: Any, own: Sequence[str] = ("norm",), normed: bool = False, seed: int = 0) -> None:
        super().__init__()
        config, hidden = model.config, model.config.hidden_size
        make_norm, make_block = _classes(config)
        self.__dict__["model"], self.own, self.normed = model, tuple(own), normed
        self.fc = torch.nn.Linear(2 * hidden, hidden, bias=False)
        self.pre_fc_norm_embedding, self.pre_fc_norm_hidden, self.norm = (
            make_norm(hidden, config.rms_norm_eps) for _ in range(3)
        )
        self.layers = torch.nn.ModuleList([make_block(config, _attending(config))])
        self.lm_head, self.embed_tokens = (
            torch.nn.Linear(hidden, config.vocab_size, bias=False),
            torch.nn.Embedding(config.vocab_size, hidden),
        )
        generator = torch.Generator().manual_seed(70 + seed)
        with torch.no_grad():
            for name, weight in self.named_parameters():
                noise = torch.randn(weight.shape, generator=generator)
                weight.copy_(
                    0.2 * noise + 1 - _norm_offset(config) if "norm" in name else noise * 1.1 / weight.shape[-1] ** 0.5
                )

    def weights(self) -> Weights:
        """By their names in a folder."""
        left_out = {"embed_tokens", "norm", "lm_head"} - set(self.own)
        return {f"mtp.{key}": value for key, value in self.state_dict().items() if key.split(".")[0] not in left_out}

    def states(self, ids: torch.Tensor) -> torch.Tensor:
        """The target's hidden states ``[batch, rows, hidden]``."""
        found = []
        norm = self.model.model.norm
        hook = norm.register_forward_hook(lambda _, given, gave: found.append(gave if self.normed else given[0]))
        self.model(ids)
        hook.remove()
        return found[0]

    def forward(self, ids: torch.Tensor, before: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of tokens ``[batch, rows]`` and the hidden states before them: logits, and hidden states."""
        model = self.model
        embeddings = self.embed_tokens if "embed_tokens" in self.own else model.model.embed_tokens
        x = self.fc(torch.cat((self.pre_fc_norm_embedding(embeddings(ids)), self.pre_fc_norm_hidden(before)), dim=-1))
        rows = ids.shape[1]
        mask = torch.full((rows, rows), float("-inf")).triu_(1)[None, None]
        turns = model.model.rotary_emb(x, torch.arange(rows)[None])
        x = self.layers[0](x, attention_mask=mask, position_embeddings=turns)
        x = x[0] if isinstance(x, tuple) else x
        normed = self.norm(x) if "norm" in self.own else model.model.norm(x)
        head = self.lm_head.weight if "lm_head" in self.own else model.lm_head.weight
        return F.linear(normed, head), normed if self.normed else x

    @torch.no_grad()
    def drafted(self, text: Sequence[int], count: int) -> tuple[list[int], list[torch.Tensor]]:
        """What it drafts after a text, greedily, and the logits of each: all rows anew for each token."""
        ids = torch.tensor([list(text)])
        states = self.states(ids[:, :-1])
        drafts: list[int] = []
        rows = []
        for _ in range(count):
            logits, own = self(torch.cat((ids[:, 1:], torch.tensor([drafts], dtype=torch.int64)), 1), states)
            rows.append(logits[0, -1])
            drafts.append(int(logits[0, -1].argmax()))
            states = torch.cat((states, own[:, -1:]), dim=1)
        return drafts, rows


def _classes(config: Any) -> tuple[Any, Any]:
    """The norm and the block of a family."""
    if config.model_type == "qwen3_5_moe_text":
        from transformers.models.qwen3_5_moe.modeling_qwen3_5_moe import Qwen3_5MoeDecoderLayer, Qwen3_5MoeRMSNorm

        return Qwen3_5MoeRMSNorm, Qwen3_5MoeDecoderLayer
    if config.model_type == "qwen3_next":
        from transformers.models.qwen3_next.modeling_qwen3_next import Qwen3NextDecoderLayer, Qwen3NextRMSNorm

        return Qwen3NextRMSNorm, Qwen3NextDecoderLayer
    if config.model_type == "qwen3_5_text":
        from transformers.models.qwen3_5.modeling_qwen3_5 import Qwen3_5DecoderLayer, Qwen3_5RMSNorm

        return Qwen3_5RMSNorm, Qwen3_5DecoderLayer
    from transformers.models.qwen3.modeling_qwen3 import Qwen3DecoderLayer, Qwen3RMSNorm

    return Qwen3RMSNorm, Qwen3DecoderLayer


def _attending(config: Any) -> int:
    """A layer of the model that has attention over all tokens."""
    return list(getattr(config, "layer_types", None) or ["full_attention"]).index("full_attention")


def with_layer(
    name: str, reference: Reference, root: Path, kind: str = "gguf", quant: str = "F32", seed: int = 0
) -> Path:
    """A shape of ``tiny.py`` and the layer beside it, as a GGUF file or a folder; each written once."""
    path = root / f"{name}-{seed}-{'-'.join(reference.own)}-{quant}{'.gguf' if kind == 'gguf' else ''}"
    if path.exists():
        return path
    layers = hf_config(name).num_hidden_layers
    if kind == "gguf":
        arch, offset = architecture_of(hf_config(name)), _norm_offset(hf_config(name))
        tensors = gguf_tensors(reference.weights(), layers, arch, offset)
        changes: dict[str, Any] = {f"{arch}.nextn_predict_layers": 1}
        return write_gguf(name, seed, path, quant, blocks=layers + 1, tensors=tensors, **changes)
    from safetensors.torch import load_file, save_file

    save_folder(name, seed, path)
    file, config = path / "model.safetensors", path / "config.json"
    save_file({**load_file(file), **reference.weights()}, file, metadata={"format": "pt"})
    config.write_text(json.dumps({**json.loads(config.read_text()), "mtp_num_hidden_layers": 1}))
    return path


def gguf_tensors(weights: Weights, layers: int, arch: str, offset: float) -> dict[str, np.ndarray[Any, Any]]:
    """The tensors of the layer in a GGUF file, by name."""
    found: dict[str, np.ndarray[Any, Any]] = {}
    for key, value in weights.items():
        own = tiny_families.own_tensors(key.replace("mtp.layers.0.", f"model.layers.{layers}."), value, arch)
        experts = {name: numbers for name, numbers, _ in own}
        found |= experts or {gguf_of(key, layers, arch): value.numpy() + np.float32(offset * ("norm" in key))}
    return found


def gguf_of(key: str, layers: int, arch: str = "qwen3") -> str:
    """What llama.cpp calls a weight of the layer."""
    stem, kind = key.rsplit(".", 1)
    if stem in _GGUF:
        return f"blk.{layers}.nextn.{_GGUF[stem]}.{kind}"
    return tiny_recurrent.name_of(key.replace("mtp.layers.0.", f"model.layers.{layers}."), arch)


def reference_of(name: str, own: Sequence[str] = ("norm",), normed: bool = False, seed: int = 0) -> Reference:
    """A random layer over a shape of ``tiny.py``."""
    return Reference(hf_model(name), own, normed, seed)


@torch.no_grad()
def echo_of(name: str) -> Reference:
    """A layer over a shape that hardly looks back, which is often right: it hands the embedding of a token on."""
    reference = reference_of(name, normed=True)
    reference.fc.weight.copy_(torch.eye(*reference.fc.weight.shape))
    reference.pre_fc_norm_embedding.weight.fill_(1 - _norm_offset(reference.model.config))
    reference.norm.weight.copy_(reference.model.model.norm.weight)
    for key, weight in reference.layers.named_parameters():
        if key.endswith(("o_proj.weight", "down_proj.weight", "down_proj")):
            weight.mul_(0.08)
    return reference


# --------------------------------------------------------------------------- trained

WORDS = ["cat", "sat", "mat", "dog", "lay", "sun", "rain", "came", "ran", "house"]
_LIKELY = 0.9  # that a word is followed by the one it likes best
TRAINED = 77  # seed of the shape whose weights are trained


def sentence(source: random.Random, words: int) -> str:
    """A text of the language that the trained model speaks: each word is mostly followed by the same one."""
    at, said = source.randrange(len(WORDS)), []
    for _ in range(words):
        said.append(WORDS[at])
        at = (at * 3 + 1) % len(WORDS) if source.random() < _LIKELY else source.randrange(len(WORDS))
    return " " + " ".join(said)


def train(name: str = "qwen3", steps: int = 45, normed: bool = False, seed: int = 1) -> Reference:
    """Teach a shape of ``tiny.py`` (of the seed ``TRAINED``) and a layer over it the same language."""
    model, source = hf_model(name, TRAINED), random.Random(seed)
    reference = Reference(model, ("norm",), normed)
    parameters = [
        *model.parameters(),
        *(p for key, p in reference.named_parameters() if key.split(".")[0] not in _UNUSED),
    ]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.0 if parameter.ndim == 1 else 0.5)
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    for step in range(steps):
        ids = torch.tensor([_document(source)[:40] for _ in range(6)])
        states = reference.states(ids)
        logits = model.lm_head(states if normed else model.model.norm(states))
        loss = _missed(logits[:, :-1], ids[:, 1:])
        first, own = reference(ids[:, 1:], states[:, :-1].detach())
        loss = loss + _missed(first[:, :-1], ids[:, 2:])
        second, _ = reference(ids[:, 2:], own[:, :-1])
        loss = loss + 0.5 * _missed(second[:, :-1], ids[:, 3:])
        rate = 4e-3 * min(1.0, (steps - step) / (0.4 * steps))
        _adam(parameters, torch.autograd.grad(loss, parameters), moments, rate, step + 1)
    return reference


@torch.no_grad()
def _adam(parameters: Any, gradients: Any, moments: Any, rate: float, step: int) -> None:
    """As ``torch.optim.Adam``, whose import takes longer than all of the training."""
    for parameter, gradient, (mean, square) in zip(parameters, gradients, moments):
        mean.lerp_(gradient, 0.1)
        square.lerp_(gradient * gradient, 0.01)
        parameter.sub_(rate * (mean / (1 - 0.9**step)) / ((square / (1 - 0.99**step)).sqrt() + 1e-8))


_UNUSED = ("lm_head", "embed_tokens")


def _document(source: random.Random) -> list[int]:
    text = f"<|im_start|>user\n{sentence(source, 6)}<|im_end|>\n<|im_start|>assistant\n{sentence(source, 60)}"
    return tokenizer().encode(text).ids


def _missed(logits: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), ids.reshape(-1))
