"""A model folder of random weights, for measuring speed at sizes that no download is needed for.

    python -m tests.bench.instruments.random_model --parameters 1b --out FOLDER
    python -m helix_app bench kernels --target FOLDER

The folder is Llama-shaped: bfloat16 weights in sharded safetensors, the same for the same seed, with tokenizer and
vocabulary of another model. Its text means nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from helix_app.base import messages
from helix_app.base.errors import HelixError, InputError
from helix_app.base.settings import Settings
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.hub.resolve import resolve_target
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.model_path import inspect

SHARD_BYTES = 2**29
_HEAD_DIM = 64
_CONTEXT = 8192


@dataclass(frozen=True)
class Size:
    """The shape of a model; output head and embeddings are one."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    inner: int


SIZES = {  # parameters with a vocabulary of 49,152
    "tiny": Size(128, 2, 2, 1, 256),  # 6.6 million, for trying things out
    "300m": Size(1024, 16, 16, 4, 4096),
    "1b": Size(2048, 16, 32, 8, 8192),  # 1.07 billion, the shape of Llama 3.2 1B
}


def tensors(size: Size, vocab: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of all weights, layer by layer."""
    hidden, kv = size.hidden, size.kv_heads * _HEAD_DIM
    yield "model.embed_tokens.weight", (vocab, hidden)
    for i in range(size.layers):
        layer = f"model.layers.{i}"
        yield f"{layer}.input_layernorm.weight", (hidden,)
        yield f"{layer}.self_attn.q_proj.weight", (size.heads * _HEAD_DIM, hidden)
        yield f"{layer}.self_attn.k_proj.weight", (kv, hidden)
        yield f"{layer}.self_attn.v_proj.weight", (kv, hidden)
        yield f"{layer}.self_attn.o_proj.weight", (hidden, size.heads * _HEAD_DIM)
        yield f"{layer}.post_attention_layernorm.weight", (hidden,)
        yield f"{layer}.mlp.gate_proj.weight", (size.inner, hidden)
        yield f"{layer}.mlp.up_proj.weight", (size.inner, hidden)
        yield f"{layer}.mlp.down_proj.weight", (hidden, size.inner)
    yield "model.norm.weight", (hidden,)


def write(size: Size, folder: Path, like: str, seed: int = 0, shard_bytes: int = SHARD_BYTES) -> int:
    """Write the folder; returns its number of parameters.

    Args:
        like: id or path of the model whose tokenizer and vocabulary it takes.

    Raises:
        InputError: the folder holds something.
        HelixError: that model cannot be read.
        OSError: the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("option_invalid", option="out", value=folder, hint="Give an empty or a new folder.")
    files = inspect(resolve_target(like).path)
    tokenizer = load_tokenizer(files)
    folder.mkdir(parents=True, exist_ok=True)
    _write_tokenizer(tokenizer, folder)
    _write_json(folder / "config.json", _config(size, files.config, tokenizer.info.bos_token_id))
    return _write_weights(list(tensors(size, files.config.vocab_size)), folder, seed, shard_bytes)


def _write_weights(shapes: list[tuple[str, tuple[int, ...]]], folder: Path, seed: int, shard_bytes: int) -> int:
    from safetensors.torch import save_file

    shards: list[list[tuple[str, tuple[int, ...]]]] = [[]]
    room = shard_bytes
    for name, shape in shapes:
        size = 2 * math.prod(shape)
        if shards[-1] and size > room:
            shards.append([])
            room = shard_bytes
        shards[-1].append((name, shape))
        room -= size
    generator = torch.Generator().manual_seed(seed)
    where, total = {}, 0
    for number, shard in enumerate(shards, 1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        made = {name: _random(shape, generator) for name, shape in shard}
        save_file(made, folder / file, metadata={"format": "pt"})
        where.update(dict.fromkeys(made, file))
        total += sum(tensor.numel() for tensor in made.values())
    index = {"metadata": {"total_size": 2 * total}, "weight_map": where}
    _write_json(folder / "model.safetensors.index.json", index)
    return total


def _random(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Ones for a norm, else numbers that keep the size of what they multiply."""
    if len(shape) == 1:
        return torch.ones(shape, dtype=torch.bfloat16)
    return (torch.randn(shape, generator=generator) / shape[1] ** 0.5).to(torch.bfloat16)


def _config(size: Size, like: ModelConfig, bos: int | None) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "hidden_size": size.hidden,
        "intermediate_size": size.inner,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.kv_heads,
        "head_dim": _HEAD_DIM,
        "max_position_embeddings": _CONTEXT,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "vocab_size": like.vocab_size,
        "tie_word_embeddings": True,
        "bos_token_id": bos,
        "eos_token_id": list(like.eos_token_ids) or None,
        "torch_dtype": "bfloat16",
    }


def _write_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    from transformers import PreTrainedTokenizerFast

    info = tokenizer.info
    special = {"bos_token": info.bos_token or None, "eos_token": info.eos_token or None}
    fast: Any = PreTrainedTokenizerFast(tokenizer_object=tokenizer._backend, **special)
    fast.chat_template = info.chat_template
    fast.save_pretrained(str(folder))


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main(argv: Sequence[str] | None = None) -> int:
    """The command; expected failures are one sentence on standard error."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.instruments.random_model",
        description="Write a Llama-shaped model folder of random bfloat16 weights, to measure speed with.",
    )
    add = parser.add_argument
    add("--parameters", choices=tuple(SIZES), default="1b", help="size (default: %(default)s)")
    add("--out", type=Path, required=True, metavar="FOLDER", help="a new folder to write into; 1b takes 2.2 GB")
    add("--like", default=Settings().target, metavar="ID|PATH", help="model whose tokenizer it takes: %(default)s")
    add("--seed", type=int, default=0, metavar="N", help="of the weights")
    args = parser.parse_args(argv)
    try:
        count = write(SIZES[args.parameters], args.out, args.like, args.seed)
    except HelixError as exc:
        sys.stderr.write(messages.error_text(exc.code, exc.fields) + "\n")
        return exc.exit_code
    except OSError as exc:
        fields = {"path": args.out, "reason": exc.strerror or str(exc)}
        sys.stderr.write(messages.error_text("bench_output", fields) + "\n")
        return 1
    sys.stdout.write(f"{count:,} parameters in {args.out}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
