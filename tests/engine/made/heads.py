"""Draft heads in the layouts in which EAGLE-3 heads are published, and such a head by hand: plain torch, written from
the paper (arXiv 2503.01840) and the description of its layer."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import nn

from tests.engine.made.next_token import _adam, _document, _missed
from tests.engine.made.tiny import VOCAB, hf_model

Layout = Literal["eagle", "specforge", "speculators"]


class _Layer(nn.Module):
    """The one layer of a head, under the names of EAGLE's files."""

    def __init__(self, hidden: int, inner: int, heads: int, kv_heads: int, dim: int) -> None:
        super().__init__()
        self.heads, self.kv_heads, self.dim = heads, kv_heads, dim
        self.self_attn = nn.Module()
        for name, rows in (("q", heads), ("k", kv_heads), ("v", kv_heads)):
            setattr(self.self_attn, f"{name}_proj", nn.Linear(2 * hidden, rows * dim, bias=False))
        self.self_attn.o_proj = nn.Linear(heads * dim, hidden, bias=False)
        self.mlp = nn.Module()
        self.mlp.gate_proj, self.mlp.up_proj = (nn.Linear(hidden, inner, bias=False) for _ in range(2))
        self.mlp.down_proj = nn.Linear(inner, hidden, bias=False)
        self.hidden_norm, self.input_layernorm, self.post_attention_layernorm = (_Norm(hidden) for _ in range(3))


class _Norm(nn.Module):
    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(hidden))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * (x.square().mean(-1, keepdim=True) + 1e-5).rsqrt() * self.weight


def _turned(x: torch.Tensor, theta: float) -> torch.Tensor:
    """Rotary embedding of ``[batch, heads, rows, dim]``, positions from 0 on."""
    half = x.shape[-1] // 2
    angles = torch.arange(x.shape[2])[:, None] * theta ** -(torch.arange(half) / half)
    first, second = x[..., :half], x[..., half:]
    return torch.cat(
        (first * angles.cos() - second * angles.sin(), second * angles.cos() + first * angles.sin()), dim=-1
    )


class HeadReference(nn.Module):
    """A random head over a model of transformers.

    Attributes:
        model: its target.
        layers: where they begin the target's stream is taken.
        tokens: those that it drafts, in order.
        normed_residual: as speculators' ``norm_before_residual``.
    """

    theta = 700.0

    def __init__(
        self,
        model: Any,
        layers: Sequence[int],
        drafted: int = 120,
        *,
        hidden: int = 0,
        heads: tuple[int, int, int] = (0, 0, 0),
        own_embeddings: bool = False,
        normed_residual: bool = False,
        seed: int = 0,
    ) -> None:
        """
        Args:
            drafted: tokens that it can draft; all for 0.
            hidden: its width; the target's for 0.
            heads: query heads, key/value heads and their size; the target's for 0.
        """
        super().__init__()
        config = model.config
        dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        usual = config.num_attention_heads, config.num_key_value_heads, dim
        sizes = tuple(own or other for own, other in zip(heads, usual))
        width, vocab = hidden or config.hidden_size, config.vocab_size
        self.__dict__["model"], self.layers, self.normed_residual = model, tuple(layers), normed_residual
        self.fc = nn.Linear(len(layers) * config.hidden_size, width, bias=False)
        self.midlayer = _Layer(width, 96, *sizes)
        self.norm, self.lm_head = _Norm(width), nn.Linear(width, drafted or vocab, bias=False)
        self.embed_tokens = nn.Embedding(vocab, width) if own_embeddings or width != config.hidden_size else None
        generator = torch.Generator().manual_seed(50 + seed)
        self.tokens = torch.randperm(vocab, generator=generator)[: drafted or vocab].sort().values
        with torch.no_grad():
            for name, weight in self.named_parameters():
                noise = torch.randn(weight.shape, generator=generator)
                weight.copy_(0.2 * noise + 1 if "norm" in name else noise * 1.1 / weight.shape[-1] ** 0.5)

    # ------------------------------------------------------------------ by hand

    def states(self, ids: torch.Tensor) -> torch.Tensor:
        """The target's stream where its layers begin, side by side ``[batch, rows, taken * hidden]``."""
        found: dict[int, torch.Tensor] = {}
        inner = self.model.model
        parts = [*inner.layers, inner.norm]
        hooks = [
            part.register_forward_pre_hook(lambda _, given, i=i: found.__setitem__(i, given[0]))
            for i, part in enumerate(parts)
        ]
        self.model(ids)
        for hook in hooks:
            hook.remove()
        return torch.cat([found[i] for i in self.layers], dim=-1)

    def forward(self, ids: torch.Tensor, before: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Of tokens ``[batch, rows]`` and the states before them (fused): logits, and states before the last norm."""
        layer, attention = self.midlayer, self.midlayer.self_attn
        table = self.embed_tokens or self.model.model.embed_tokens
        normed = layer.hidden_norm(before)
        given = torch.cat((layer.input_layernorm(table(ids)), normed), dim=-1)
        batch, rows = ids.shape
        q, k, v = (
            getattr(attention, f"{name}_proj")(given).view(batch, rows, -1, layer.dim).transpose(1, 2) for name in "qkv"
        )
        group = layer.heads // layer.kv_heads
        q, k = _turned(q, self.theta), _turned(k, self.theta).repeat_interleave(group, 1)
        scores = q @ k.transpose(2, 3) / layer.dim**0.5
        scores = scores.masked_fill(torch.ones(rows, rows, dtype=torch.bool).triu(1), float("-inf"))
        mixed = scores.softmax(-1) @ v.repeat_interleave(group, 1)
        x = normed if self.normed_residual else before
        x = x + attention.o_proj(mixed.transpose(1, 2).reshape(batch, rows, -1))
        y = layer.post_attention_layernorm(x)
        x = x + layer.mlp.down_proj(F.silu(layer.mlp.gate_proj(y)) * layer.mlp.up_proj(y))
        return self.lm_head(self.norm(x)), x

    @torch.no_grad()
    def drafted(self, text: Sequence[int], count: int) -> tuple[list[int], list[torch.Tensor]]:
        """What it drafts after a text, greedily, and the logits of each: all rows anew for each token."""
        ids = torch.tensor([list(text)])
        states = self.fc(self.states(ids[:, :-1]))
        drafts: list[int] = []
        rows = []
        for _ in range(count):
            logits, own = self(torch.cat((ids[:, 1:], torch.tensor([drafts], dtype=torch.int64)), 1), states)
            rows.append(logits[0, -1])
            drafts.append(int(self.tokens[logits[0, -1].argmax()]))
            states = torch.cat((states, own[:, -1:]), dim=1)
        return drafts, rows

    # ------------------------------------------------------------------ published

    def save(self, folder: Path, layout: Layout = "eagle", **changes: Any) -> Path:
        """Its folder in one of the layouts; ``changes`` are entries of its config, None for none."""
        from safetensors.torch import save_file

        config, layer = self.model.config, self.midlayer
        tensors = {name: weight.detach().clone().contiguous() for name, weight in self.state_dict().items()}
        if self.tokens.numel() < config.vocab_size:
            tensors["d2t"] = self.tokens - torch.arange(self.tokens.numel())
            tensors["t2d"] = torch.zeros(config.vocab_size, dtype=torch.bool).index_fill_(0, self.tokens, True)
        own: dict[str, Any] = {
            "model_type": "llama",
            "hidden_size": self.fc.out_features,
            "intermediate_size": 96,
            "num_attention_heads": layer.heads,
            "num_key_value_heads": layer.kv_heads,
            "head_dim": layer.dim,
            "num_hidden_layers": 1,
            "rms_norm_eps": 1e-5,
            "rope_theta": self.theta,
            "max_position_embeddings": 64,
            "vocab_size": config.vocab_size,
            "hidden_act": "silu",
        }
        wide = {} if self.fc.out_features == config.hidden_size else {"target_hidden_size": config.hidden_size}
        sizes = {"draft_vocab_size": self.tokens.numel(), **wide}
        usual = (2, config.num_hidden_layers // 2, config.num_hidden_layers - 3)
        taken = [] if self.layers == usual else list(self.layers)
        if layout == "speculators":
            tensors = {name.replace("midlayer.", "layers.0."): weight for name, weight in tensors.items()}
            told = {"speculators_model_type": "eagle3", "architectures": ["Eagle3DraftModel"], **sizes}
            told |= {"transformer_layer_config": own, "norm_before_residual": self.normed_residual}
            told |= {"eagle_aux_hidden_state_layer_ids": taken} if taken else {}
        elif layout == "specforge":
            ids = {"eagle_config": {"eagle_aux_hidden_state_layer_ids": [i - 1 for i in taken]}} if taken else {}
            told = {"architectures": ["LlamaForCausalLMEagle3"], **own, **sizes, **ids}
        else:
            told = {"architectures": ["LlamaForCausalLM"], **own, **sizes}
            told |= {"eagle_aux_hidden_state_layer_ids": taken} if taken else {}
        told = {key: value for key, value in {**told, **changes}.items() if value is not None}
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(told), encoding="utf-8")
        save_file(tensors, str(folder / "model.safetensors"), metadata={"format": "pt"})  # as transformers does
        return folder


def head_for(name: str, layers: Sequence[int] = (0, 1, 2), **options: Any) -> HeadReference:
    """A random head over a shape of ``tiny.py``."""
    return HeadReference(hf_model(name), layers, **options)


def train_head(model: Any, steps: int = 60, seed: int = 3) -> HeadReference:
    """Teach a head over a model what that was taught (``next_token.train``)."""
    source, reference = random.Random(seed), HeadReference(model, (0, 1, 2), VOCAB - 40)
    said = torch.tensor(sorted({token for _ in range(20) for token in _document(source)}))
    spare = [token for token in range(VOCAB) if token not in set(said.tolist())]
    reference.tokens = torch.tensor(sorted([*said.tolist(), *spare[: VOCAB - 40 - said.numel()]]))
    place = torch.full((VOCAB,), -100).index_put_((reference.tokens,), torch.arange(reference.tokens.numel()))
    parameters = list(reference.parameters())
    moments = [(torch.zeros_like(p), torch.zeros_like(p)) for p in parameters]
    for step in range(steps):
        ids = torch.tensor([_document(source)[:40] for _ in range(6)])
        with torch.no_grad():
            states = reference.states(ids)
        fused = reference.fc(states)
        first, own = reference(ids[:, 1:], fused[:, :-1])
        loss = _missed(first[:, :-1], place[ids[:, 2:]])
        # training-time test: what it drafts later begins with its own state
        second, _ = reference(ids[:, 2:], own[:, :-1])
        loss = loss + 0.5 * _missed(second[:, :-1], place[ids[:, 3:]])
        rate = 4e-3 * min(1.0, (steps - step) / (0.4 * steps))
        _adam(parameters, torch.autograd.grad(loss, parameters), moments, rate, step + 1)
    return reference
